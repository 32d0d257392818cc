/** The engine against a fake of Consul (tests/parts/consul.ts says what it was checked against). */

import assert from "node:assert/strict"
import { test } from "node:test"
import { type TestServer, testServer } from "@arca/server/testing"
import { type ConsulFake, consulFake } from "../../tests/parts/consul.ts"

async function withConsul(t: { after: (act: () => void) => void }, bootstrapped = true) {
  const consul = await consulFake({ bootstrapped })
  t.after(() => consul.close())
  const vault = await testServer()
  await vault.write("sys/mounts/consul", { type: "consul" })
  const address = new URL(consul.url).host
  const token = consul.management()
  const config = { address, ...(token === undefined ? {} : { token }) }
  assert.deepEqual((await vault.write("consul/config/access", config)).errors, [])
  return { vault, consul }
}

const names = ({ tokens }: ConsulFake): string[] => [...tokens.values()].map(token => token.Description)

test("a token has the policies of its role, and is gone when its lease is over", async t => {
  const { vault, consul } = await withConsul(t)
  const role = {
    consul_policies: "app-read",
    service_identities: ["web:dc1,dc2;api"],
    node_identities: "n1:dc1",
    ttl: "1h",
  }
  assert.deepEqual((await vault.write("consul/roles/app", role)).errors, [])
  const issued = await vault.read("consul/creds/app")
  const { token, accessor } = issued.data
  const made = consul.tokens.get(String(accessor))
  assert.deepEqual([made?.SecretID, made?.Policies.map(policy => policy.Name)], [token, ["app-read"]])
  assert.deepEqual((made as unknown as Record<string, unknown>).ServiceIdentities, [
    { ServiceName: "web", Datacenters: ["dc1", "dc2"] },
    { ServiceName: "api" },
  ])
  assert.match(made?.Description ?? "", /^Vault app root \d+$/)
  assert.equal(issued.body.lease_duration, 3600)
  vault.clock.advance("61m")
  await vault.runJobs()
  assert.deepEqual(names(consul), ["Bootstrap Token (Global Management)"])
})

test("without a token the ACL system is bootstrapped, once, and its token kept", async t => {
  const { vault, consul } = await withConsul(t, false)
  await vault.write("consul/roles/app", { policies: ["app-read"] })
  assert.equal((await vault.read("consul/creds/app")).status, 200)
  assert.deepEqual((await vault.read("consul/config/access")).data, {
    address: new URL(consul.url).host,
    scheme: "http",
  })
  const again = await vault.write("consul/config/access", { address: new URL(consul.url).host })
  assert.deepEqual([again.status, again.errors.length], [502, 1])
  assert.equal((await vault.read("consul/creds/app")).status, 200)
})

test("a token that Consul does not make leaves nothing, and one that is gone ends its lease", async t => {
  const { vault, consul } = await withConsul(t)
  await vault.write("consul/roles/lost", { consul_policies: "no-such-policy" })
  const failed = await vault.read("consul/creds/lost")
  assert.match(
    failed.errors[0] ?? "",
    /answered PUT \/v1\/acl\/token with status 500: No such ACL policy with name "no-such-policy"$/,
  )
  // It stays for a while: a token may be made yet by a request that was given up.
  vault.clock.advance("1h")
  await vault.runJobs()
  assert.equal((await vault.ask("read", "sys/leases/count")).data.lease_count, 0)
  await vault.write("consul/roles/app", { consul_policies: "app-read" })
  const { data, body } = await vault.read("consul/creds/app")
  consul.tokens.delete(String(data.accessor))
  assert.equal((await vault.write("sys/leases/revoke", { lease_id: body.lease_id ?? "" })).status, 204)
})

test("while Consul is away or does not know our token nothing is left to clean up", async t => {
  const { vault, consul } = await withConsul(t)
  await vault.write("consul/roles/app", { consul_policies: "app-read" })
  await vault.write("consul/config/access", { address: new URL(consul.url).host, token: "hunter2-s3cret" })
  const unknown = await vault.read("consul/creds/app")
  assert.match(unknown.errors[0] ?? "", /answered GET \/v1\/acl\/token\/self with status 403: ACL not found$/)
  assert.doesNotMatch(JSON.stringify(unknown.body), /hunter2/)
  consul.close()
  assert.match((await vault.read("consul/creds/app")).errors[0] ?? "", /ECONNREFUSED$/)
  assert.equal((await vault.ask("read", "sys/leases/count")).data.lease_count, 0)
})

test("roles and addresses that make no sense are refused", async () => {
  const vault: TestServer = await testServer()
  await vault.write("sys/mounts/consul", { type: "consul" })
  const roles: [Record<string, string>, RegExp][] = [
    [{}, /^Use either a policy document, a list of policies or roles/],
    [{ token_type: "management" }, /^the ACL system before Consul 1.4 is not supported/],
    [{ token_type: "other", consul_policies: "a" }, /^token_type must be "client" or "management"$/],
    [{ service_identities: ":dc1" }, /is no service identity/],
    [{ node_identities: "n1" }, /is no node identity/],
  ]
  for (const [body, text] of roles) assert.match((await vault.write("consul/roles/r", body)).errors[0] ?? "", text)
  const addresses: [Record<string, string>, RegExp][] = [
    [{}, /^missing address/],
    [{ address: "http://user:pw@host", token: "t" }, /^address must not hold a user/],
    [{ address: "unix:///run/consul", token: "t" }, /^address must be a host with a port/],
    [{ address: "host", scheme: "ftp", token: "t" }, /^scheme must be one of/],
    [{ address: "host", token: "t", client_cert: "x" }, /^client_cert and client_key go together/],
  ]
  for (const [body, text] of addresses) {
    assert.match((await vault.write("consul/config/access", body)).errors[0] ?? "", text)
  }
  assert.match((await vault.read("consul/config/access")).errors[0] ?? "", /haven't been configured/)
  assert.deepEqual((await vault.read("consul/creds/none")).errors, ['role "none" not found'])
})

test("a role reads back as it is used", async () => {
  const vault = await testServer()
  await vault.write("sys/mounts/consul", { type: "consul" })
  await vault.write("consul/roles/app", { policies: "a,b", lease: "90s", local: true })
  assert.deepEqual((await vault.read("consul/roles/app")).data, {
    consul_policies: ["a", "b"],
    local: true,
    ttl: 90,
    lease: 90,
    max_ttl: 0,
    consul_namespace: "",
    partition: "",
    token_type: "client",
  })
})
