package main

import (
	"encoding/json"
	"net/http"
	"slices"

	"github.com/hashicorp/vault/api"
)

func created(request api.TokenCreateRequest) *api.SecretAuth {
	return must(client.Auth().Token().Create(&request)).Auth
}

// family makes a root token and a reader token below it.
func family() (parent, child string) {
	parent = created(api.TokenCreateRequest{Policies: []string{"root"}}).ClientToken
	request := &api.TokenCreateRequest{Policies: []string{"reader"}}
	return parent, must(connect(parent).Auth().Token().Create(request)).Auth.ClientToken
}

func tokens() {
	tokenLife()
	tokenKinds()
	tokenRoles()
}

func tokenLife() {
	token := client.Auth().Token()
	step("token-create", func() {
		auth := created(api.TokenCreateRequest{
			Policies: []string{"reader"}, TTL: "1h", DisplayName: "story", Metadata: map[string]string{"for": "story"},
		})
		known.one, known.oneAccessor = auth.ClientToken, auth.Accessor
		found := must(token.Lookup(known.one)).Data
		same(part(found, "policies", "path", "orphan", "display_name", "meta", "creation_ttl", "num_uses", "type"), object{
			"policies": withReader, "path": "auth/token/create", "orphan": false, "display_name": "token-story",
			"meta": object{"for": "story"}, "creation_ttl": 3600, "num_uses": 0, "type": "service",
		})
		ttl := must(found["ttl"].(json.Number).Int64())
		holds(3590 <= ttl && ttl <= 3600, "a ttl of an hour")
	})
	step("token-lookup-accessor", func() {
		found := must(token.LookupAccessor(known.oneAccessor)).Data
		same(part(found, "id", "accessor", "display_name"), object{"id": "", "accessor": known.oneAccessor, "display_name": "token-story"})
	})
	step("token-renew", func() {
		same(must(token.Renew(known.one, 7200)).Auth.LeaseDuration, 7200)
		same(must(connect(known.one).Auth().Token().RenewSelf(10800)).Auth.LeaseDuration, 10800)
	})
	step("token-revoke", func() {
		check(token.RevokeTree(known.one))
		dead(known.one)
	})
	step("token-revoke-accessor", func() {
		auth := created(api.TokenCreateRequest{Policies: []string{"reader"}})
		check(token.RevokeAccessor(auth.Accessor))
		dead(auth.ClientToken)
	})
	step("token-accessors", func() {
		accessors, ok := list("auth/token/accessors").([]any)
		holds(ok && slices.Contains(accessors, lookup(known.ann)["accessor"]), "ann's accessor among the accessors")
	})
}

func tokenKinds() {
	token := client.Auth().Token()
	step("token-child", func() {
		parent, child := family()
		lookup(child)
		check(token.RevokeTree(parent))
		dead(child)
	})
	step("token-orphan", func() {
		auth := must(token.CreateOrphan(&api.TokenCreateRequest{Policies: []string{"reader"}})).Auth
		same([]any{auth.Orphan, lookup(auth.ClientToken)["orphan"]}, []any{true, true})
	})
	step("token-revoke-orphan", func() {
		parent, child := family()
		check(token.RevokeOrphan(parent))
		dead(parent)
		same(lookup(child)["orphan"], true)
	})
	step("token-use-limit", func() {
		limited := created(api.TokenCreateRequest{Policies: []string{"reader"}, NumUses: 2}).ClientToken
		lookup(limited)
		lookup(limited)
		dead(limited)
	})
	step("token-periodic", func() {
		periodic := created(api.TokenCreateRequest{Policies: []string{"reader"}, Period: "1h"}).ClientToken
		same(lookup(periodic)["period"], 3600)
		same(must(token.Renew(periodic, 36000)).Auth.LeaseDuration, 3600)
	})
	step("token-explicit-max", func() {
		same(created(api.TokenCreateRequest{Policies: []string{"reader"}, TTL: "1h", ExplicitMaxTTL: "30m"}).LeaseDuration, 1800)
	})
	step("token-batch", func() {
		batch := must(client.Logical().Write("auth/token/create", object{"policies": "reader", "type": "batch", "ttl": "1h"})).Auth
		same([]any{batch.Renewable, batch.Accessor, lookup(batch.ClientToken)["type"]}, []any{false, "", "batch"})
		refused(http.StatusBadRequest, token.RevokeTree(batch.ClientToken), "batch tokens cannot be revoked")
	})
}

func tokenRoles() {
	token := client.Auth().Token()
	step("token-role", func() {
		write("auth/token/roles/deployer", object{"allowed_policies": "reader", "orphan": true, "path_suffix": "v1.0"})
		auth := must(token.CreateWithRole(&api.TokenCreateRequest{Policies: []string{"reader"}}, "deployer")).Auth
		same(part(lookup(auth.ClientToken), "policies", "path", "orphan", "role"), object{
			"policies": withReader, "path": "auth/token/create/deployer/v1.0", "orphan": true, "role": "deployer",
		})
		_, err := token.CreateWithRole(&api.TokenCreateRequest{Policies: []string{"other"}}, "deployer")
		refused(http.StatusBadRequest, err, "")
	})
	step("token-role-delete", func() {
		same(list("auth/token/roles"), []string{"deployer"})
		must(client.Logical().Delete("auth/token/roles/deployer"))
		same(read("auth/token/roles/deployer"), nil)
	})
}
