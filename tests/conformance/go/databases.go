package main

import (
	"os"
	"time"

	"github.com/hashicorp/vault/api"
)

const creation = `CREATE ROLE "{{name}}" WITH LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}'`

// databases needs the PostgreSQL of STORY_DB.
func databases() {
	place, found := os.LookupEnv("STORY_DB")
	if !found {
		return
	}
	var held *api.Secret
	step("db-configure", func() {
		check(client.Sys().Mount("database", &api.MountInput{Type: "database"}))
		write("database/config/postgres", object{
			"plugin_name":    "postgresql-database-plugin",
			"allowed_roles":  "app-role",
			"connection_url": "postgresql://{{username}}:{{password}}@" + place + "/postgres",
			"username":       "root",
			"password":       "sesame",
		})
		write("database/roles/app-role", object{
			"db_name": "postgres", "creation_statements": creation, "default_ttl": "4s", "max_ttl": "6s",
		})
		same(list("database/roles"), []string{"app-role"})
	})
	credentials := func() *api.Secret {
		secret := must(client.Logical().Read("database/creds/app-role"))
		same(secret.LeaseDuration, 4)
		return secret
	}
	step("db-credentials", func() {
		held = credentials()
		holds(held.Renewable && held.Data["username"] != "" && held.Data["password"] != "", "a renewable lease on a user")
	})
	step("db-renew-at-two-thirds", func() {
		time.Sleep(time.Duration(float64(held.LeaseDuration) * 0.67 * float64(time.Second)))
		renewed := must(client.Sys().Renew(held.LeaseID, 4))
		same(renewed.LeaseID, held.LeaseID)
		holds(renewed.LeaseDuration > 0 && renewed.LeaseDuration < 4, "less than 4 s")
	})
	step("db-ask-anew", func() {
		fresh := credentials()
		holds(fresh.Data["username"] != held.Data["username"], "another user")
		check(client.Sys().Revoke(held.LeaseID))
	})
}
