import assert from "node:assert/strict"
import { test } from "node:test"
import { printed, table } from "./cases.ts"

test("every attack of the catalogue has a test, or a reason why not", t => {
  const rows = table()
  t.diagnostic(`\n${printed(rows)}`)
  for (const { id, files, reason } of rows) {
    assert.ok(
      files.length > 0 || reason !== undefined,
      `${id} has neither a test nor a reason in tests/security/cases.ts`,
    )
  }
})
