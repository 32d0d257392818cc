/** Texts that are kept beside the tests: a change of them is a change that reviewers see. `UPDATE=1` rewrites them. */

import assert from "node:assert/strict"
import { readFileSync, writeFileSync } from "node:fs"

/** Compares with the file of that name in this folder, or writes it. */
export function golden(name: string, text: string): void {
  const file = new URL(name, import.meta.url)
  if (process.env.UPDATE === "1") writeFileSync(file, text)
  const kept = readFileSync(file, "utf8")
  if (text === kept) return
  assert.fail(
    `${name} has changed; if that is meant: UPDATE=1 node --test tests/golden/openapi.test.ts\n${changes(kept, text)}`,
  )
}

const MOST = 20

/** Lines that only one of two texts has. */
function changes(before: string, after: string): string {
  const [old, now] = [before.split("\n"), after.split("\n")]
  const [had, has] = [new Set(old), new Set(now)]
  const lines = [
    ...old.filter(line => !has.has(line)).map(line => `- ${line}`),
    ...now.filter(line => !had.has(line)).map(line => `+ ${line}`),
  ]
  return [...lines.slice(0, MOST), ...(lines.length > MOST ? [`… ${lines.length - MOST} more`] : [])].join("\n")
}
