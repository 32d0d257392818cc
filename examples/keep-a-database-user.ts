/**
 * A program keeps its database user: it renews the lease at two thirds of its life, and asks for another user when the longest
 * life is near.
 *
 *     DATABASE_URL=postgres://… node examples/keep-a-database-user.ts
 */

import { setTimeout } from "node:timers/promises"
import { createClient, type Secret } from "@arca/sdk"
import { settingsFromEnvironment } from "@arca/sdk/environment"

const client = createClient(settingsFromEnvironment())
const { host, username, password } = new URL(process.env.DATABASE_URL ?? "")
const connection_url = `postgresql://{{username}}:{{password}}@${host}/postgres`
const creation_statements = `CREATE ROLE "{{name}}" LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}'`
await client.write("sys/mounts/app-db", { type: "database" })
const plugin_name = "postgresql-database-plugin"
await client.write("app-db/config/app", { plugin_name, allowed_roles: "app", connection_url, username, password })
await client.write("app-db/roles/app", { db_name: "app", default_ttl: "2s", max_ttl: "4s", creation_statements })

const users = new Set<unknown>()
for (let lease = await ask(); users.size < 3; lease = (await renewed(lease)) ?? (await ask()))
  await setTimeout((lease.lease_duration * 1000 * 2) / 3)
console.log("users, one after the other:", users.size)

async function ask(): Promise<Secret> {
  const secret = await client.read("app-db/creds/app")
  users.add(secret?.data?.username)
  return secret ?? Promise.reject(new Error("the role is gone"))
}

/** Undefined when there is no full life left: the program then moves to another user while this one still works. */
async function renewed({ lease_id }: Secret): Promise<Secret | undefined> {
  const secret = await client.write("sys/leases/renew", { lease_id }).catch(() => null)
  return secret === null || secret.lease_duration < 2 ? undefined : secret
}

// prints:
// users, one after the other: 3
