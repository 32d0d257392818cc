/** The engine against a fake of Google Cloud (tests/parts/google.ts says what it was checked against). */

import assert from "node:assert/strict"
import { test } from "node:test"
import { type TestServer, testServer } from "@arca/server/testing"
import { type GoogleFake, googleFake } from "../../tests/parts/google.ts"
import { bindingsOf } from "./bindings.ts"
import { gcpWith } from "./engine.ts"
import { credentialsOf } from "./google.ts"

const ROOT = "manager@root-project.iam.gserviceaccount.com"
const PROJECT = "cloudresourcemanager.googleapis.com/v3/projects/app-project"
const BINDINGS =
  'resource "//cloudresourcemanager.googleapis.com/projects/app-project" {\n  roles = ["roles/viewer"]\n}'
const SCOPES = "https://www.googleapis.com/auth/cloud-platform"

async function withGoogle(t: { after: (act: () => void) => void }): Promise<{ vault: TestServer; cloud: GoogleFake }> {
  const cloud = await googleFake()
  t.after(() => cloud.close())
  const engine = { ...gcpWith(host => `${cloud.url}/${host}`), type: "gcp-fake" }
  const vault = await testServer({ engines: [engine] })
  vault.clock.advance(`${Math.floor(Date.now() / 1000) - vault.clock.now()}s`)
  await vault.write("sys/mounts/gcp", { type: "gcp-fake" })
  const config = { credentials: cloud.credentials, ttl: "1h", max_ttl: "2h" }
  assert.deepEqual((await vault.write("gcp/config", config)).errors, [])
  return { vault, cloud }
}

const members = ({ policies }: GoogleFake, resource = PROJECT): string[] =>
  (policies.get(resource)?.bindings ?? []).flatMap(one => one.members)

const ours = ({ accounts }: GoogleFake): string[] => [...accounts.keys()].filter(email => email !== ROOT)

test("a role set has an account with its roles, whose tokens Google accepts", async t => {
  const { vault, cloud } = await withGoogle(t)
  cloud.policies.set(PROJECT, {
    etag: "7",
    bindings: [
      { role: "roles/viewer", members: ["user:boss@example.org"] },
      { role: "roles/viewer", members: ["user:guest@example.org"], condition: { expression: "true" } },
    ],
  })
  const set = { project: "app-project", bindings: BINDINGS, token_scopes: SCOPES }
  assert.deepEqual((await vault.write("gcp/roleset/app", set)).errors, [])
  const [email = ""] = ours(cloud)
  assert.match(email, /^vaultapp-[a-z0-9]{10}@app-project\.iam\.gserviceaccount\.com$/)
  assert.deepEqual(cloud.policies.get(PROJECT)?.bindings, [
    { role: "roles/viewer", members: ["user:boss@example.org", `serviceAccount:${email}`] },
    { role: "roles/viewer", members: ["user:guest@example.org"], condition: { expression: "true" } },
  ])
  const shown = (await vault.read("gcp/roleset/app")).data
  assert.deepEqual(shown, {
    secret_type: "access_token",
    service_account_email: email,
    bindings: { "//cloudresourcemanager.googleapis.com/projects/app-project": ["roles/viewer"] },
    token_scopes: [SCOPES],
    project: "app-project",
  })
  const { data, body } = await vault.read("gcp/roleset/app/token")
  assert.match(String(data.token), /^ya29\./)
  assert.deepEqual([data.token_ttl, body.lease_id], [3599, ""])
  assert.equal((await vault.read("gcp/token/app")).status, 200)
  await vault.delete("gcp/roleset/app")
  assert.deepEqual([ours(cloud), members(cloud)], [[], ["user:boss@example.org", "user:guest@example.org"]])
})

test("other bindings, and a rotation, give a role set another account; another key only another key", async t => {
  const { vault, cloud } = await withGoogle(t)
  await vault.write("gcp/roleset/app", { project: "app-project", bindings: BINDINGS, token_scopes: SCOPES })
  const [first = ""] = ours(cloud)
  await vault.write("gcp/roleset/app", { bindings: BINDINGS.replace("viewer", "editor") })
  const [second = ""] = ours(cloud)
  assert.notEqual(first, second)
  assert.deepEqual(cloud.policies.get(PROJECT)?.bindings, [
    { role: "roles/editor", members: [`serviceAccount:${second}`] },
  ])
  assert.equal((await vault.write("gcp/roleset/app/rotate")).status, 204)
  const [third = ""] = ours(cloud)
  assert.notEqual(second, third)
  const before = [...cloud.keys.keys()].filter(name => name.includes(third))
  assert.equal((await vault.write("gcp/roleset/app/rotate-key")).status, 204)
  const after = [...cloud.keys.keys()].filter(name => name.includes(third))
  assert.deepEqual([before.length, after.length, before[0] === after[0]], [1, 1, false])
  assert.equal((await vault.read("gcp/roleset/app/token")).status, 200)
})

test("what a role set that failed half way left is removed", async t => {
  const { vault, cloud } = await withGoogle(t)
  cloud.failNext("/keys", 500)
  const failed = await vault.write("gcp/roleset/app", {
    project: "app-project",
    bindings: BINDINGS,
    token_scopes: SCOPES,
  })
  assert.equal(failed.status, 502)
  assert.match(
    failed.errors[0] ?? "",
    /^iam.googleapis.com answered POST .*\/keys with status 500: INTERNAL: made to fail$/,
  )
  assert.deepEqual([ours(cloud).length, members(cloud).length], [1, 1])
  assert.equal((await vault.read("gcp/roleset/app")).status, 404)
  vault.clock.advance("11m")
  await vault.runJobs()
  assert.deepEqual([ours(cloud), members(cloud)], [[], []])
})

test("a key lives as long as its lease, and cannot be renewed under other bindings", async t => {
  const { vault, cloud } = await withGoogle(t)
  const set = { project: "app-project", bindings: BINDINGS, secret_type: "service_account_key" }
  await vault.write("gcp/roleset/batch", set)
  const issued = await vault.read("gcp/roleset/batch/key")
  assert.equal(issued.body.lease_duration, 3600)
  const file = Buffer.from(String(issued.data.private_key_data), "base64").toString()
  const { email } = credentialsOf(file)
  assert.deepEqual(ours(cloud), [email])
  assert.equal(cloud.keys.size, 2)
  const renewed = await vault.write("sys/leases/renew", { lease_id: issued.body.lease_id ?? "" })
  assert.deepEqual(renewed.errors, [])
  await vault.write("gcp/roleset/batch", { bindings: BINDINGS.replace("viewer", "editor") })
  const late = await vault.write("sys/leases/renew", { lease_id: issued.body.lease_id ?? "" })
  assert.match(late.errors[0] ?? "", /bindings were updated since secret was generated, cannot renew/)
  const second = await vault.write("gcp/key/batch", { ttl: "10m" })
  assert.equal(second.body.lease_duration, 600)
  vault.clock.advance("61m")
  await vault.runJobs()
  assert.equal(cloud.keys.size, 1)
  assert.equal((await vault.ask("read", "sys/leases/count")).data.lease_count, 0)
})

test("a static account keeps its account, and loses the roles and the key that were given here", async t => {
  const { vault, cloud } = await withGoogle(t)
  const email = "app@app-project.iam.gserviceaccount.com"
  cloud.accounts.set(email, { email, projectId: "app-project" })
  const account = { service_account_email: email, bindings: BINDINGS, token_scopes: SCOPES }
  assert.deepEqual((await vault.write("gcp/static-account/app", account)).errors, [])
  assert.equal((await vault.read("gcp/static-account/app")).data.service_account_project, "app-project")
  assert.equal((await vault.read("gcp/static-account/app/token")).status, 200)
  assert.equal((await vault.write("gcp/static-account/app/rotate-key")).status, 204)
  assert.equal((await vault.read("gcp/static-account/app/token")).status, 200)
  assert.deepEqual(members(cloud), [`serviceAccount:${email}`])
  await vault.write("gcp/static-account/app", { bindings: BINDINGS.replace("viewer", "editor") })
  assert.deepEqual(
    cloud.policies.get(PROJECT)?.bindings.map(one => one.role),
    ["roles/editor"],
  )
  await vault.delete("gcp/static-account/app")
  assert.deepEqual([ours(cloud), members(cloud), cloud.keys.size], [[email], [], 1])
  const nobody = await vault.write("gcp/static-account/x", { ...account, service_account_email: "no@where.com" })
  assert.match(nobody.errors[0] ?? "", /with status 404: NOT_FOUND/)
})

test("an impersonated account needs no key", async t => {
  const { vault, cloud } = await withGoogle(t)
  const email = "app@app-project.iam.gserviceaccount.com"
  cloud.accounts.set(email, { email, projectId: "app-project" })
  const account = { service_account_email: email, token_scopes: SCOPES, ttl: "15m" }
  assert.deepEqual((await vault.write("gcp/impersonated-account/app", account)).errors, [])
  const { data } = await vault.read("gcp/impersonated-account/app/token")
  assert.match(String(data.token), /^ya29\./)
  assert.ok(Number(data.token_ttl) > 890 && Number(data.token_ttl) <= 900)
  assert.equal(cloud.keys.size, 1)
})

test("the key of the account that makes others is replaced by one that nobody else knows", async t => {
  const { vault, cloud } = await withGoogle(t)
  const [before] = cloud.keys.keys()
  const rotated = await vault.write("gcp/config/rotate-root")
  assert.deepEqual(rotated.errors, [])
  const [after = ""] = cloud.keys.keys()
  assert.deepEqual([cloud.keys.size, before === after], [1, false])
  assert.ok(after.endsWith(String(rotated.data.private_key_id)))
  assert.deepEqual((await vault.read("gcp/config")).data, { ttl: 3600, max_ttl: 7200 })
  const set = { project: "app-project", bindings: BINDINGS, token_scopes: SCOPES }
  assert.deepEqual((await vault.write("gcp/roleset/app", set)).errors, [])
})

test("what makes no sense is refused in Vault's words, and no credential is repeated", async t => {
  const { vault, cloud } = await withGoogle(t)
  const set = { project: "app-project", bindings: BINDINGS, token_scopes: SCOPES }
  const table: [string, Record<string, string>, RegExp][] = [
    ["roleset/x", { ...set, project: "" }, /^project argument is required for new role set$/],
    ["roleset/x", { ...set, project: "a/b" }, /is no id of a project$/],
    ["roleset/x", { ...set, bindings: "" }, /^bindings are required for new role set$/],
    ["roleset/x", { ...set, bindings: "{" }, /^unable to parse bindings: /],
    ["roleset/x", { ...set, bindings: 'resource "//a.googleapis.com/x" { roles = ["r"] }' }, /is not known: write/],
    ["roleset/x", { ...set, bindings: 'resource "projects/../x" { roles = ["r"] }' }, /is not known: write/],
    ["roleset/x", { ...set, secret_type: "other" }, /^invalid "secret_type" value: "other"$/],
    ["roleset/x", { ...set, token_scopes: "" }, /^token_scopes must be provided for creating access token role set$/],
    ["roleset/x", {}, /^project argument is required for new role set$/],
    ["static-account/x", {}, /^email is required$/],
    [
      "static-account/x",
      { service_account_email: "a@b.c" },
      /^non-empty token_scopes must be provided for generating acc/,
    ],
    ["config", { credentials: "" }, /^invalid credentials JSON file/],
    ["static-account/x", { token_scopes: SCOPES }, /^email is required$/],
    ["static-account/x", { token_scopes: SCOPES, service_account_email: "a/b@c" }, /is no email address/],
    ["impersonated-account/x", { service_account_email: "a@b.c" }, /^non-empty token_scopes must be provided/],
    ["config", { credentials: '{"type":"service_account","private_key":"hunter2"}' }, /^invalid credentials JSON file/],
    ["config", { credentials: "hunter2" }, /^invalid credentials JSON file: it is no JSON$/],
  ]
  for (const [path, body, text] of table) {
    const answer = await vault.write(`gcp/${path}`, body)
    assert.equal(answer.status, 400, path)
    assert.match(answer.errors[0] ?? "", text)
    assert.doesNotMatch(JSON.stringify(answer.body), /hunter2/)
  }
  await vault.write("gcp/roleset/app", set)
  assert.match(
    (await vault.read("gcp/roleset/app/key")).errors[0] ?? "",
    /^roleset 'app' cannot generate service account keys/,
  )
  assert.match((await vault.read("gcp/roleset/none/token")).errors[0] ?? "", /^roleset 'none' does not exists$/)
  cloud.keys.clear()
  const revoked = await vault.read("gcp/roleset/app/token")
  assert.match(revoked.errors[0] ?? "", /^Google gives no access token to .*: invalid_grant: Invalid JWT Signature.$/)
})

test("bindings are read in HCL, JSON and Base64", () => {
  const expected = { "//cloudresourcemanager.googleapis.com/projects/app-project": ["roles/viewer"] }
  const json = JSON.stringify({
    resource: { "//cloudresourcemanager.googleapis.com/projects/app-project": { roles: ["roles/viewer"] } },
  })
  for (const text of [BINDINGS, json, Buffer.from(BINDINGS).toString("base64")])
    assert.deepEqual(bindingsOf(text), expected)
  const known = ["buckets/b", "projects/_/buckets/b"].map(name => `//storage.googleapis.com/${name}`)
  for (const resource of [...known, "projects/p/topics/t", "folders/1", "https://www.googleapis.com/storage/v1/b/x"]) {
    assert.deepEqual(bindingsOf(`resource "${resource}" { roles = ["r"] }`), { [resource]: ["r"] })
  }
})
