/** The engine against a fake of Nomad (tests/parts/nomad.ts says what it was checked against). */

import assert from "node:assert/strict"
import { test } from "node:test"
import { testServer } from "@arca/server/testing"
import { type NomadFake, nomadFake } from "../../tests/parts/nomad.ts"

async function withNomad(t: { after: (act: () => void) => void }, bootstrapped = true) {
  const nomad = await nomadFake({ bootstrapped })
  t.after(() => nomad.close())
  const vault = await testServer()
  await vault.write("sys/mounts/nomad", { type: "nomad" })
  const token = nomad.management()
  const config = { address: nomad.url, ...(token === undefined ? {} : { token }) }
  assert.deepEqual((await vault.write("nomad/config/access", config)).errors, [])
  await vault.write("nomad/role/app", { policies: "readonly" })
  return { vault, nomad }
}

const names = ({ tokens }: NomadFake): string[] => [...tokens.values()].map(token => token.Name)

test("a token has the policies of its role, and is gone when its lease is over", async t => {
  const { vault, nomad } = await withNomad(t)
  await vault.write("nomad/config/lease", { ttl: "1h", max_ttl: "2h" })
  const issued = await vault.read("nomad/creds/app")
  const made = nomad.tokens.get(String(issued.data.accessor_id))
  assert.deepEqual([made?.SecretID, made?.Policies, made?.Type], [issued.data.secret_id, ["readonly"], "client"])
  assert.match(made?.Name ?? "", /^vault-app-root-[0-9A-Za-z]{20}$/)
  assert.equal(issued.body.lease_duration, 3600)
  vault.clock.advance("61m")
  await vault.runJobs()
  assert.deepEqual(names(nomad), ["Bootstrap Token"])
})

test("a token whose answer was lost is found by its name and removed", async t => {
  const { vault, nomad } = await withNomad(t)
  await vault.read("nomad/creds/app")
  nomad.loseNextAnswer()
  assert.equal((await vault.read("nomad/creds/app")).status, 502)
  assert.equal(nomad.tokens.size, 2)
  vault.clock.advance("1h")
  await vault.runJobs()
  assert.equal((await vault.ask("read", "sys/leases/count")).data.lease_count, 1)
})

test("names are as long as Nomad takes, and differ at their end", async t => {
  const { vault, nomad } = await withNomad(t)
  await vault.write("nomad/config/access", { max_token_name_length: 32 })
  await vault.read("nomad/creds/app")
  await vault.read("nomad/creds/app")
  const [, one = "", two = ""] = names(nomad)
  assert.deepEqual([one.length, two.length], [32, 32])
  assert.notEqual(one, two)
  const wrong = await vault.write("nomad/config/access", { max_token_name_length: 8 })
  assert.match(wrong.errors[0] ?? "", /^max_token_name_length must be from 32 to 256, or 0$/)
})

test("without a token the ACL system is bootstrapped, and its token kept", async t => {
  const { vault, nomad } = await withNomad(t, false)
  assert.equal((await vault.read("nomad/creds/app")).status, 200)
  assert.deepEqual((await vault.read("nomad/config/access")).data, {
    address: nomad.url,
    max_token_name_length: 0,
    ca_cert: "",
    client_cert: "",
  })
})

test("a token that was removed by hand ends its lease, and an unknown one of ours leaves nothing to clean up", async t => {
  const { vault, nomad } = await withNomad(t)
  const { data, body } = await vault.read("nomad/creds/app")
  nomad.tokens.delete(String(data.accessor_id))
  assert.equal((await vault.write("sys/leases/revoke", { lease_id: body.lease_id ?? "" })).status, 204)
  await vault.write("nomad/config/access", { token: "hunter2-s3cret" })
  const unknown = await vault.read("nomad/creds/app")
  assert.match(unknown.errors[0] ?? "", /answered GET \/v1\/acl\/token\/self with status 403: ACL token not found$/)
  assert.doesNotMatch(JSON.stringify(unknown.body), /hunter2/)
  assert.equal((await vault.ask("read", "sys/leases/count")).data.lease_count, 0)
})

test("roles that make no sense are refused in Vault's words", async () => {
  const vault = await testServer()
  await vault.write("sys/mounts/nomad", { type: "nomad" })
  const table: [Record<string, string>, RegExp][] = [
    [{}, /^policies cannot be empty when using client tokens$/],
    [{ type: "management", policies: "a" }, /^policies should be empty when using management tokens$/],
    [{ type: "other" }, /^type must be "client" or "management"$/],
  ]
  for (const [body, text] of table) assert.match((await vault.write("nomad/role/r", body)).errors[0] ?? "", text)
  assert.deepEqual((await vault.read("nomad/creds/none")).errors, ['role "none" not found'])
  await vault.write("nomad/role/m", { type: "management", global: true })
  assert.deepEqual((await vault.read("nomad/role/m")).data, { policies: null, global: true, type: "management" })
  const asClient = await vault.write("nomad/role/m", {})
  assert.deepEqual(asClient.errors, ["policies cannot be empty when using client tokens"])
  await vault.write("nomad/role/m", { policies: "a" })
  assert.deepEqual((await vault.read("nomad/role/m")).data, { policies: ["a"], global: true, type: "client" })
})
