/** Texts that are kept beside the tests: a change of them is a change that reviewers see. `UPDATE=1` rewrites them. */

import assert from "node:assert/strict"
import { readFileSync, writeFileSync } from "node:fs"

/** Compares with the file of that name in this folder, or writes it. */
export function golden(name: string, text: string): void {
  const file = new URL(name, import.meta.url)
  if (process.env.UPDATE === "1") writeFileSync(file, text)
  assert.equal(text, readFileSync(file, "utf8"), `${name} has changed; if that is meant: UPDATE=1 node --test tests/golden/openapi.test.ts`)
}
