import assert from "node:assert/strict"
import { test } from "node:test"
import { killToken } from "../revocation.ts"
import { type TestServer, testServer } from "../testing.ts"
import { findToken } from "../tokens.ts"
import { reading } from "../transact.ts"

/** What is left when the process that revokes a token dies after its first step: the token is dead, its children are not. */
async function half(vault: TestServer, token: string): Promise<void> {
  const entry = await reading(vault.server, view => findToken(view, token))
  assert.ok(entry)
  await killToken(vault.server, entry)
}

async function family(vault: TestServer) {
  const made = await vault.write("auth/token/create", { policies: ["root"] })
  const parent = String(made.auth.client_token)
  const born = await vault.write("auth/token/create", { policies: ["default"] }, { token: parent })
  const child = String(born.auth.client_token)
  const works = async () => (await vault.read("auth/token/lookup-self", { token: child })).status === 200
  return { parent, accessor: String(made.auth.accessor), works }
}

test("a revocation that died half-way is finished by the next one before it is answered", async () => {
  const vault = await testServer()
  for (const how of ["revoke", "revoke-accessor"]) {
    const { parent, accessor, works } = await family(vault)
    await half(vault, parent)
    assert.equal(await works(), true)
    const told = await vault.write(`auth/token/${how}`, { token: parent, accessor })
    assert.deepEqual([told.status, await works()], [204, false])
    // There is nothing left to end.
    const again = await vault.write(`auth/token/${how}`, { token: parent, accessor })
    assert.equal(again.status, how === "revoke" ? 204 : 200)
  }
})

test("a request that had a use of a token is not denied because another one took the last and ended it", async () => {
  const vault = await testServer()
  const token = await vault.token(["default"], { num_uses: 2 })
  const asked = () => vault.read("auth/token/lookup-self", { token })
  const { storage } = vault.server
  const { commit } = storage
  let other: Awaited<ReturnType<typeof asked>> | undefined
  const slowly: typeof commit = async view => {
    const version = await commit(view)
    Object.assign(storage, { commit })
    // The first request has taken its use, and is held up here.
    other = await asked()
    return version
  }
  Object.assign(storage, { commit: slowly })
  const slower = await asked()
  assert.deepEqual([other?.status, slower.status], [200, 503])
  assert.match(slower.errors?.[0] ?? "", /a use of the token was taken/)
  assert.equal((await asked()).status, 403)
})
