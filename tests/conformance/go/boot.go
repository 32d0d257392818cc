package main

import (
	"encoding/base64"
	"encoding/hex"
	"net/http"

	"github.com/hashicorp/vault/api"
)

func unseal(shares ...string) *api.SealStatusResponse {
	var status *api.SealStatusResponse
	for _, share := range shares {
		status = must(client.Sys().Unseal(share))
	}
	return status
}

func boot() {
	sys := client.Sys()
	step("not-initialized", func() { same(must(sys.InitStatus()), false) })
	step("init", func() {
		reply := must(sys.Init(&api.InitRequest{SecretShares: 5, SecretThreshold: 3}))
		known.shares, known.root = reply.Keys, reply.RootToken
		same(len(known.shares), 5)
		for i, key := range reply.KeysB64 {
			same(hex.EncodeToString(must(base64.StdEncoding.DecodeString(key))), known.shares[i])
		}
		client.SetToken(known.root)
	})
	step("init-twice", func() {
		_, err := sys.Init(&api.InitRequest{SecretShares: 5, SecretThreshold: 3})
		refused(http.StatusBadRequest, err, "already initialized")
	})
	step("unseal-wrong-share", func() {
		unseal(known.shares[:2]...)
		wrong := "00" + known.shares[2][2:]
		if wrong == known.shares[2] {
			wrong = "01" + wrong[2:]
		}
		_, err := sys.Unseal(wrong)
		refused(http.StatusBadRequest, err, "")
		same(must(sys.SealStatus()).Progress, 0)
	})
	step("unseal-reset", func() {
		same(unseal(known.shares[4]).Progress, 1)
		same(must(sys.ResetUnsealProcess()).Progress, 0)
	})
	step("unseal", func() {
		first, second, third := unseal(known.shares[1]), unseal(known.shares[2]), unseal(known.shares[3])
		same([]int{first.Progress, second.Progress}, []int{1, 2})
		same([]bool{first.Sealed, second.Sealed, third.Sealed}, []bool{true, true, false})
	})
	step("seal-status", func() {
		status := must(sys.SealStatus())
		same([]any{status.Type, status.T, status.N, status.Progress}, []any{"shamir", 3, 5, 0})
		same([]bool{status.Sealed, status.Initialized}, []bool{false, true})
		holds(status.Version != "", "a version")
	})
	step("health", func() {
		health := must(sys.Health())
		same([]bool{health.Initialized, health.Sealed, health.Standby}, []bool{true, false, false})
	})
	step("leader", func() {
		leader := must(sys.Leader())
		same(leader.IsSelf, leader.HAEnabled)
	})
}

func keys() {
	sys := client.Sys()
	step("rotate", func() {
		before := must(sys.KeyStatus()).Term
		check(sys.Rotate())
		same([]int{before, must(sys.KeyStatus()).Term}, []int{1, 2})
	})
	step("rekey-cancel", func() {
		started := must(sys.RekeyInit(&api.RekeyInitRequest{SecretShares: 3, SecretThreshold: 2}))
		status := must(sys.RekeyStatus())
		same([]any{status.Started, status.Required, status.T, status.N}, []any{true, 3, 2, 3})
		check(sys.RekeyCancelWithNonce(started.Nonce))
		same(must(sys.RekeyStatus()).Started, false)
	})
	step("rekey", func() {
		started := must(sys.RekeyInit(&api.RekeyInitRequest{SecretShares: 3, SecretThreshold: 2}))
		var reply *api.RekeyUpdateResponse
		for _, share := range known.shares[:3] {
			reply = must(sys.RekeyUpdate(share, started.Nonce))
		}
		same([]any{reply.Complete, reply.Nonce, len(reply.Keys)}, []any{true, started.Nonce, 3})
		known.shares = reply.Keys
	})
	step("generate-root-cancel", func() {
		must(sys.GenerateRootInit("", ""))
		same(must(sys.GenerateRootStatus()).Started, true)
		check(sys.GenerateRootCancel())
		same(must(sys.GenerateRootStatus()).Started, false)
	})
	step("generate-root", generateRoot)
	step("seal", func() {
		check(sys.Seal())
		same(must(sys.SealStatus()).Sealed, true)
		_, err := client.Logical().Read("secret/data/app")
		refused(http.StatusServiceUnavailable, err, "")
	})
	step("unseal-again", func() {
		same(unseal(known.shares[1:]...).Sealed, false)
		same(read("secret/data/app")["data"], third)
	})
	step("token-revoke-self", func() {
		check(client.Auth().Token().RevokeSelf(""))
		dead(known.root)
	})
}

func generateRoot() {
	attempt := must(client.Sys().GenerateRootInit("", ""))
	same(len(attempt.OTP), attempt.OTPLength)
	same(must(client.Sys().GenerateRootUpdate(known.shares[0], attempt.Nonce)).Complete, false)
	last := must(client.Sys().GenerateRootUpdate(known.shares[1], attempt.Nonce))
	same(last.Complete, true)
	decoded := must(base64.RawStdEncoding.DecodeString(last.EncodedToken))
	same(len(decoded), len(attempt.OTP))
	for i := range decoded {
		decoded[i] ^= attempt.OTP[i]
	}
	same(lookup(string(decoded))["policies"], []string{"root"})
	check(client.Auth().Token().RevokeTree(string(decoded)))
}
