package main

import (
	"net/http"

	"github.com/hashicorp/vault/api"
)

const readerRules = "path \"secret/data/app\" {\n  capabilities = [\"read\"]\n}\n"

var withReader = []string{"default", "reader"}

func login() {
	sys := client.Sys()
	step("token-self", func() {
		found := lookup(known.root)
		same(part(found, "policies", "path", "ttl", "orphan", "id"),
			object{"policies": []string{"root"}, "path": "auth/token/root", "ttl": 0, "orphan": true, "id": known.root})
	})
	step("token-unknown", func() { dead("hvs.CAESIJ0000000000000000000000000") })
	step("auth-enable", func() {
		check(sys.EnableAuthWithOptions("userpass", &api.EnableAuthOptions{Type: "userpass", Description: "people"}))
		check(sys.EnableAuthWithOptions("approle", &api.EnableAuthOptions{Type: "approle", Description: "programs"}))
	})
	step("auth-list", func() {
		found := must(sys.ListAuth())
		same([]string{found["token/"].Type, found["userpass/"].Type, found["approle/"].Type}, []string{"token", "userpass", "approle"})
		same([]string{found["userpass/"].Description, found["approle/"].Description}, []string{"people", "programs"})
	})
	step("auth-tune", func() {
		check(sys.TuneMount("auth/userpass", api.MountConfigInput{DefaultLeaseTTL: "1h", MaxLeaseTTL: "2h"}))
		found := must(sys.MountConfig("auth/userpass"))
		same([]int{found.DefaultLeaseTTL, found.MaxLeaseTTL}, []int{3600, 7200})
	})
	userpass()
	approle()
}

func userpass() {
	step("userpass-user", func() {
		write("auth/userpass/users/ann", object{"password": "pw-ann", "token_policies": []string{"reader"}})
		same(read("auth/userpass/users/ann")["token_policies"], []string{"reader"})
	})
	step("userpass-login", func() {
		auth := write("auth/userpass/login/ann", object{"password": "pw-ann"}).Auth
		known.ann = auth.ClientToken
		same([]any{auth.Policies, auth.Metadata, auth.LeaseDuration, auth.Renewable},
			[]any{withReader, object{"username": "ann"}, 3600, true})
		same(lookup(known.ann)["display_name"], "userpass-ann")
	})
	step("userpass-wrong-password", func() {
		_, err := client.Logical().Write("auth/userpass/login/ann", object{"password": "wrong"})
		refused(http.StatusBadRequest, err, "invalid username or password")
	})
	step("userpass-users", func() {
		write("auth/userpass/users/bob", object{"password": "pw-bob"})
		same(list("auth/userpass/users"), []string{"ann", "bob"})
		must(client.Logical().Delete("auth/userpass/users/bob"))
		same(list("auth/userpass/users"), []string{"ann"})
	})
}

func approle() {
	step("approle-role", func() {
		write("auth/approle/role/app", object{"token_policies": "reader", "token_ttl": "20m", "secret_id_num_uses": 1})
		same(part(read("auth/approle/role/app"), "token_policies", "token_ttl", "secret_id_num_uses", "bind_secret_id"),
			object{"token_policies": []string{"reader"}, "token_ttl": 1200, "secret_id_num_uses": 1, "bind_secret_id": true})
	})
	step("approle-login", func() {
		known.roleID = read("auth/approle/role/app/role-id")["role_id"].(string)
		known.secretID = write("auth/approle/role/app/secret-id", object{"metadata": `{"host":"one"}`}).Data["secret_id"].(string)
		auth := write("auth/approle/login", object{"role_id": known.roleID, "secret_id": known.secretID}).Auth
		same([]any{auth.Policies, auth.LeaseDuration, auth.Metadata["role_name"]}, []any{withReader, 1200, "app"})
		same(lookup(auth.ClientToken)["display_name"], "approle")
	})
	step("approle-secret-id-spent", func() {
		_, err := client.Logical().Write("auth/approle/login", object{"role_id": known.roleID, "secret_id": known.secretID})
		refused(http.StatusBadRequest, err, "invalid role or secret ID")
	})
	step("approle-secret-id-destroy", func() {
		accessor := write("auth/approle/role/app/secret-id", object{}).Data["secret_id_accessor"]
		same(list("auth/approle/role/app/secret-id"), []any{accessor})
		found := write("auth/approle/role/app/secret-id-accessor/lookup", object{"secret_id_accessor": accessor})
		same(found.Data["secret_id_accessor"], accessor)
		write("auth/approle/role/app/secret-id-accessor/destroy", object{"secret_id_accessor": accessor})
		same(list("auth/approle/role/app/secret-id"), nil)
	})
}

func policies() {
	sys := client.Sys()
	step("policy-write", func() {
		check(sys.PutPolicy("reader", readerRules))
		same(must(sys.GetPolicy("reader")), readerRules)
	})
	step("policy-list", func() { same(must(sys.ListPolicies()), []string{"default", "reader", "root"}) })
	step("policy-allows", func() {
		same(must(connect(known.ann).KVv2("secret").Get(ctx, "app")).Data, third)
	})
	step("policy-denies", func() {
		_, err := connect(known.ann).KVv2("secret").Put(ctx, "app", first)
		refused(http.StatusForbidden, err, "permission denied")
		_, err = connect(known.ann).KVv2("secret").Get(ctx, "bounded")
		refused(http.StatusForbidden, err, "permission denied")
	})
	step("capabilities-self", func() {
		same(must(connect(known.ann).Sys().CapabilitiesSelf("secret/data/app")), []string{"read"})
		same(must(connect(known.ann).Sys().CapabilitiesSelf("sys/seal")), []string{"deny"})
		same(must(sys.CapabilitiesSelf("sys/seal")), []string{"root"})
	})
	step("capabilities-token", func() {
		same(must(sys.Capabilities(known.ann, "secret/data/app")), []string{"read"})
		accessor := lookup(known.ann)["accessor"].(string)
		same(must(sys.CapabilitiesAccessor(accessor, "secret/data/app")), []string{"read"})
	})
	step("policy-invalid", func() {
		refused(http.StatusBadRequest, sys.PutPolicy("broken", `path "a" { capabilities = ["fly"] }`), "")
		refused(http.StatusBadRequest, sys.PutPolicy("broken", "path {{{"), "")
	})
	step("policy-delete", func() {
		check(sys.PutPolicy("other", readerRules))
		check(sys.DeletePolicy("other"))
		same(must(sys.GetPolicy("other")), "")
	})
}

func wrapping() {
	step("wrap", func() {
		wrapper := connect(known.root)
		wrapper.SetWrappingLookupFunc(func(string, string) string { return "5m" })
		found := must(wrapper.Logical().Read("secret/data/app"))
		same([]any{found.WrapInfo.TTL, found.WrapInfo.CreationPath, found.Data == nil}, []any{300, "secret/data/app", true})
		known.wrapped = found.WrapInfo.Token
	})
	step("wrap-lookup", func() {
		found := write("sys/wrapping/lookup", object{"token": known.wrapped}).Data
		same(part(found, "creation_ttl", "creation_path"), object{"creation_ttl": 300, "creation_path": "secret/data/app"})
	})
	step("unwrap", func() {
		same(must(client.Logical().Unwrap(known.wrapped)).Data["data"], third)
	})
	step("unwrap-twice", func() {
		_, err := client.Logical().Unwrap(known.wrapped)
		refused(http.StatusBadRequest, err, "wrapping token is not valid or does not exist")
	})
	step("rewrap", func() {
		wrapper := connect(known.root)
		wrapper.SetWrappingLookupFunc(func(string, string) string { return "5m" })
		before := must(wrapper.Logical().Write("sys/wrapping/wrap", object{"a": "b"})).WrapInfo.Token
		after := write("sys/wrapping/rewrap", object{"token": before}).WrapInfo.Token
		_, err := client.Logical().Unwrap(before)
		refused(http.StatusBadRequest, err, "")
		same(must(client.Logical().Unwrap(after)).Data, object{"a": "b"})
	})
}
