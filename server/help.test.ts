import assert from "node:assert/strict"
import { test } from "node:test"
import { testServer } from "./testing.ts"

test("the help of a path says what it is for, what it takes and which capability it needs, in words and as OpenAPI", async () => {
  const vault = await testServer()
  await vault.write("sys/auth/approle", { type: "approle" })
  const { body } = await vault.ask("help", "auth/approle/role/web")
  const help = String(body.help)
  assert.match(help, /^Request: {8}auth\/approle\/role\/web\nMatching Route: role\/:role_name\n/)
  assert.match(help, /\n## OPERATIONS\n\n {4}read {4}capability read\n/)
  assert.match(help, /\n {4}write {3}capability create or update\n/)
  assert.match(help, /\n {4}bind_secret_id \(bool\)\n {8}A login needs a secret id\. Default: true\.\n/)
  assert.match(JSON.stringify(body.openapi), /"paths":\{"\/auth\/approle\/role\/\{role_name\}":/)
})

test("the help of a mount lists its paths", async () => {
  const vault = await testServer()
  const { body } = await vault.ask("help", "cubbyhole/")
  assert.match(
    String(body.help),
    /^## DESCRIPTION\n\nKeeps secrets that only the token that wrote them can read\.\n\n## PATHS\n\n {4}\*path\n/,
  )
})

test("every path that is answered has help, those that are answered while sealed too", async () => {
  const vault = await testServer()
  for (const path of ["sys/mounts", "sys/init", "sys/seal-status", "sys/policies/acl/app", "auth/token/create"]) {
    const { status, body } = await vault.ask("help", path)
    assert.equal(status, 200, path)
    assert.match(String(body.help), /Matching Route: /)
  }
  assert.equal((await vault.ask("help", "sys/nothing-of-the-sort")).status, 404)
  assert.match(String((await vault.ask("help", "sys/mounts", {}, { wrapTtl: 60 })).body.help), /Matching Route: /)
})

test("help is for callers with a token, whatever the token may do", async () => {
  const vault = await testServer()
  const token = await vault.token(["default"], { no_default_policy: true })
  assert.equal((await vault.ask("help", "sys/mounts/x", {}, { token })).status, 200)
  for (const path of ["sys/mounts/x", "sys/health", "nothing/there"]) {
    assert.equal((await vault.ask("help", path, {}, { token: "" })).status, 403, path)
    assert.equal((await vault.ask("help", path, {}, { token: "hvs.unknown" })).status, 403, path)
  }
})
