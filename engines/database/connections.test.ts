import assert from "node:assert/strict"
import { test } from "node:test"
import { cleaned } from "./connections.ts"

test("a secret is masked in every form that a database may quote it in, whole or cut", () => {
  const secret = `abc'def\\"ghi`
  const table: readonly [text: string, shown: string][] = [
    [`as it is: ${secret}.`, "as it is: [password]."],
    [`in an address: ${encodeURIComponent(secret)}.`, "in an address: [password]."],
    [`in SQL: 'abc''def\\"ghi'`, "in SQL: '[password]'"],
    [`with backslashes: 'abc''def\\\\"ghi'`, "with backslashes: '[password]'"],
    [`in InfluxQL: 'abc\\'def\\\\"ghi'`, "in InfluxQL: '[password]'"],
    [`cut: 'abc''def\\\\...`, "cut: '[password]..."],
    [`cut in another form: 'abc\\'def\\...`, "cut in another form: '[password]..."],
    ["a few letters of it: abc'de", "a few letters of it: abc'de"],
  ]
  for (const [text, shown] of table) assert.equal(cleaned(text, [secret]), shown)
  assert.equal(cleaned(`${"x".repeat(990)}${secret}`, [secret]).slice(990), "[password]")
  assert.doesNotMatch(cleaned(`${"x".repeat(991)}abc''def\\\\"`, [secret]), /abc/)
})
