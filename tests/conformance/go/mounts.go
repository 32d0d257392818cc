package main

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/hashicorp/vault/api"
)

func mounts() {
	sys := client.Sys()
	step("mount-enable", func() { check(sys.Mount("box", &api.MountInput{Type: "kv", Description: "a box"})) })
	step("mount-list", func() {
		found := must(sys.ListMounts())
		same([]string{found["box/"].Type, found["box/"].Description}, []string{"kv", "a box"})
		holds(found["box/"].Accessor != "", "an accessor")
		holds(found["sys/"] != nil && found["cubbyhole/"] != nil && found["identity/"] != nil, "the mounts that are always there")
	})
	step("mount-taken", func() {
		refused(http.StatusBadRequest, sys.Mount("box", &api.MountInput{Type: "kv"}), "path is already in use at box/")
	})
	step("mount-tune", func() {
		description := "a small box"
		check(sys.TuneMount("box", api.MountConfigInput{DefaultLeaseTTL: "30m", MaxLeaseTTL: "1h", Description: &description}))
		found := must(sys.MountConfig("box"))
		same([]int{found.DefaultLeaseTTL, found.MaxLeaseTTL}, []int{1800, 3600})
		same(must(sys.ListMounts())["box/"].Description, description)
	})
	step("mount-remount", func() {
		write("box/thing", object{"a": "b"})
		check(sys.Remount("box", "crate"))
		same(read("crate/thing"), object{"a": "b"})
		same(read("box/thing"), nil)
	})
	step("mount-disable", func() {
		check(sys.Unmount("crate"))
		same(read("crate/thing"), nil)
		check(sys.Mount("crate", &api.MountInput{Type: "kv"}))
		same(read("crate/thing"), nil)
		check(sys.Unmount("crate"))
	})
}

func audit() {
	sys := client.Sys()
	step("audit-enable", func() {
		known.audit = filepath.Join(os.Getenv("STORY_DIR"), "audit-go.log")
		options := map[string]string{"file_path": known.audit}
		check(sys.EnableAuditWithOptions("log", &api.EnableAuditOptions{Type: "file", Options: options}))
	})
	step("audit-list", func() {
		found := must(sys.ListAudit())["log/"]
		same([]string{found.Type, found.Options["file_path"]}, []string{"file", known.audit})
	})
	step("audit-hash", func() {
		must(client.KVv2("secret").Put(ctx, "audited", object{"pass": "a value to be hashed"}))
		digest := must(sys.AuditHash("log", "a value to be hashed"))
		text := string(must(os.ReadFile(known.audit)))
		holds(strings.HasPrefix(digest, "hmac-sha256:") && strings.Contains(text, digest), "the hash in the file")
		holds(!strings.Contains(text, "a value to be hashed"), "no plain value in the file")
	})
	step("audit-disable", func() {
		check(sys.DisableAudit("log"))
		holds(must(sys.ListAudit())["log/"] == nil, "no device log/")
	})
}

func leases() {
	sys := client.Sys()
	step("lease-list", func() {
		same(list("sys/leases/lookup/auth/userpass/login"), []string{"ann/"})
		found, ok := list("sys/leases/lookup/auth/userpass/login/ann").([]any)
		holds(ok && len(found) == 1, "one lease of ann's")
	})
	step("lease-lookup-unknown", func() {
		_, err := sys.Lookup("secret/none/abc")
		refused(http.StatusBadRequest, err, "invalid lease")
	})
	step("lease-renew-unknown", func() {
		_, err := sys.Renew("secret/none/abc", 0)
		refused(http.StatusBadRequest, err, "lease not found")
	})
	step("lease-revoke-prefix", func() {
		lookup(known.ann)
		check(sys.RevokePrefix("auth/userpass/login"))
		dead(known.ann)
	})
}

func cubbyhole() {
	step("cubbyhole", func() {
		write("cubbyhole/mine", object{"a": "b"})
		same(read("cubbyhole/mine"), object{"a": "b"})
		same(list("cubbyhole"), []string{"mine"})
	})
	step("cubbyhole-private", func() {
		other := created(api.TokenCreateRequest{Policies: []string{"root"}}).ClientToken
		holds(must(connect(other).Logical().Read("cubbyhole/mine")) == nil, "nothing for another token")
	})
	step("cubbyhole-delete", func() {
		must(client.Logical().Delete("cubbyhole/mine"))
		same(read("cubbyhole/mine"), nil)
	})
}
