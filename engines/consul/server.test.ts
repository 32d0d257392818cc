/**
 * The engine against a real Consul. ARCA_CONSUL=host:port names one whose ACL system denies by default; ARCA_CONSUL_TOKEN is a token
 * of it that may do everything. Without one the ACL system must be new: the engine bootstraps it.
 */

import assert from "node:assert/strict"
import { after, before, test } from "node:test"
import { type TestServer, testServer } from "@arca/server/testing"

const address = process.env.ARCA_CONSUL ?? ""
const skip = address === "" ? "ARCA_CONSUL names no server" : false

let management = process.env.ARCA_CONSUL_TOKEN ?? ""
const vaults: TestServer[] = []
before(async () => {
  if (skip !== false) return
  await makeManagement()
  await ask("PUT", "acl/policy", { Name: "arca-kv", Rules: 'key_prefix "arca/" { policy = "read" }' })
  await ask("PUT", "acl/role", { Name: "arca-nodes", NodeIdentities: [{ NodeName: "n9", Datacenter: "dc1" }] })
})
after(async () => {
  for (const vault of vaults) await vault.write("sys/seal")
})

/** A management token: the one given, or one that the engine makes after bootstrapping. */
async function makeManagement(): Promise<void> {
  if (management !== "") return
  const vault = await withConsul()
  await vault.write("consul/roles/management", { consul_policies: "global-management" })
  const { data, errors } = await vault.read("consul/creds/management")
  assert.deepEqual(errors, [])
  management = String(data.token)
  const again = await vault.write("consul/config/access", { address })
  assert.match(again.errors[0] ?? "", /status 403: Permission denied: ACL bootstrap no longer allowed/)
}

async function ask(method: string, path: string, body?: object, token: unknown = management) {
  const answer = await fetch(`http://${address}/v1/${path}`, {
    method,
    headers: { "x-consul-token": String(token) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  return { status: answer.status, text: await answer.text() }
}

async function withConsul(): Promise<TestServer> {
  const vault = await testServer()
  vaults.push(vault)
  await vault.write("sys/mounts/consul", { type: "consul" })
  const token = management === "" ? {} : { token: management }
  assert.deepEqual((await vault.write("consul/config/access", { address, ...token })).errors, [])
  return vault
}

test("a token may do what its role says, and is gone when its lease is over", { skip }, async () => {
  const vault = await withConsul()
  const role = {
    consul_policies: "arca-kv",
    consul_roles: "arca-nodes",
    service_identities: ["web:dc1;api"],
    node_identities: "n1:dc1",
    ttl: "1h",
  }
  assert.deepEqual((await vault.write("consul/roles/app", role)).errors, [])
  const { data, body, errors } = await vault.read("consul/creds/app")
  assert.deepEqual(errors, [])
  const self = JSON.parse((await ask("GET", "acl/token/self", undefined, data.token)).text)
  assert.equal(self.AccessorID, data.accessor)
  assert.deepEqual([self.Policies[0].Name, self.Roles[0].Name], ["arca-kv", "arca-nodes"])
  const services = new Map(self.ServiceIdentities.map((one: { ServiceName: string }) => [one.ServiceName, one]))
  assert.deepEqual(services.get("web"), { ServiceName: "web", Datacenters: ["dc1"] })
  assert.deepEqual(services.get("api"), { ServiceName: "api" })
  assert.deepEqual(self.NodeIdentities, [{ NodeName: "n1", Datacenter: "dc1" }])
  assert.equal((await ask("GET", "kv/arca/none", undefined, data.token)).status, 404)
  assert.equal((await ask("PUT", "kv/arca/none", {}, data.token)).status, 403)
  assert.equal((await vault.write("sys/leases/renew", { lease_id: body.lease_id ?? "" })).status, 200)
  vault.clock.advance("61m")
  await vault.runJobs()
  assert.match((await ask("GET", "acl/token/self", undefined, data.token)).text, /ACL not found/)
})

test("a local token is one, and one that was removed by hand ends its lease", { skip }, async () => {
  const vault = await withConsul()
  await vault.write("consul/roles/local", { consul_policies: "arca-kv", local: true })
  const { data, body } = await vault.read("consul/creds/local")
  assert.equal(data.local, true)
  assert.equal((await ask("DELETE", `acl/token/${data.accessor}`)).status, 200)
  assert.equal((await vault.write("sys/leases/revoke", { lease_id: body.lease_id ?? "" })).status, 204)
})

test("what Consul refuses is told in its words, and leaves nothing", { skip }, async () => {
  const vault = await withConsul()
  await vault.write("consul/roles/lost", { consul_policies: "no-such-policy" })
  const lost = await vault.read("consul/creds/lost")
  assert.match(lost.errors[0] ?? "", /with status (400|500): No such ACL policy with name "no-such-policy"$/)
  vault.clock.advance("1h")
  await vault.runJobs()
  assert.equal((await vault.ask("read", "sys/leases/count")).data.lease_count, 0)
  await vault.write("consul/roles/app", { consul_policies: "arca-kv" })
  const { data } = await vault.read("consul/creds/app")
  await vault.write("consul/config/access", { address, token: String(data.token) })
  const powerless = await vault.read("consul/creds/app")
  assert.match(powerless.errors[0] ?? "", /answered PUT \/v1\/acl\/token with status 403: Permission denied/)
  await vault.write("consul/config/access", { address, token: "hunter2-s3cret" })
  const unknown = await vault.read("consul/creds/app")
  assert.match(unknown.errors[0] ?? "", /answered GET \/v1\/acl\/token\/self with status 403: ACL not found$/)
})
