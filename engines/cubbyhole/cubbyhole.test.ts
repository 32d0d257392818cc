import assert from "node:assert/strict"
import { test } from "node:test"
import { testServer } from "@arca/server/testing"

test("a wrapping token finds the reply in its cubbyhole as old clients read it: JSON in a string, with a warning", async () => {
  const vault = await testServer()
  await vault.write("cubbyhole/response", { a: "b" })
  assert.deepEqual((await vault.read("cubbyhole/response")).data, { a: "b" })
  const { body } = await vault.read("cubbyhole/response", { wrapTtl: 60 })
  const { token } = body.wrap_info as { token: string }
  const { data, warnings } = await vault.read("cubbyhole/response", { token })
  assert.deepEqual(Object.keys(data), ["response"])
  const reply = JSON.parse(String(data.response)) as Record<string, unknown>
  assert.deepEqual([reply.data, reply.wrap_info, reply.mount_type], [{ a: "b" }, null, "cubbyhole"])
  assert.match(warnings[0] ?? "", /^Reading from 'cubbyhole\/response' is deprecated\. /)
})
