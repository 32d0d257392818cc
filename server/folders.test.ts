import assert from "node:assert/strict"
import { test } from "node:test"
import { testServer } from "@arca/server/testing"

test("a thing is no folder: to list one is an unsupported path, but where a path may hold any", async () => {
  const vault = await testServer()
  await vault.write("sys/mounts/totp", { type: "totp" })
  await vault.write("sys/mounts/kv", { type: "kv", options: { version: "2" } })
  const [path, operation] = ["path", "operation"].map(one => `1 error occurred:\n\t* unsupported ${one}\n\n`)
  const table: readonly [path: string, status: number, text: string | undefined][] = [
    ["totp/keys/k", 404, path],
    ["totp/code/k", 404, path],
    ["auth/token/lookup-self", 404, path],
    ["kv/delete/x", 405, operation],
    ["sys/mounts/kv", 405, operation],
  ]
  for (const [asked, status, text] of table) {
    const answer = await vault.list(asked)
    assert.deepEqual([answer.status, answer.errors], [status, [text]], asked)
  }
})
