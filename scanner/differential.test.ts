import assert from "node:assert/strict"
import { readFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { test } from "node:test"
import { cases } from "./corpus/corpus.ts"
import { digestOfFindings } from "./corpus/digest.ts"
import { findingsOf, recordFile } from "./corpus/record.ts"
import { scanAll } from "./index.ts"
import { folder, gitEnv, gitleaksRules, repositoryAt } from "./testing.ts"

const recorded = new Map<string, string[]>(Object.entries(JSON.parse(readFileSync(recordFile, "utf8"))))
const env = { ...gitEnv, ARCA_CACHE_DIR: join(tmpdir(), "arca-test-cache") }
/** A Gitleaks binary to compare with, beside what was recorded. */
const gitleaks = process.env.GITLEAKS

for (const one of cases)
  test(`Gitleaks' findings, field by field: ${one.name}`, async t => {
    const path = folder(t)
    one.build(path, () => repositoryAt(path))
    const { findings, summary } = await scanAll(one.target, {
      configPath: gitleaksRules,
      ...one.options,
      cwd: path,
      env,
    })
    assert.deepEqual(summary.partial, [])
    assert.deepEqual(differences(digestOfFindings(findings), recorded.get(one.name) ?? []), [])
    if (gitleaks !== undefined) assert.deepEqual(recorded.get(one.name), findingsOf(gitleaks, one))
  })

/** `- ` what only they found, `+ ` what only we found; readable where two whole lists would not be. */
function differences(ours: readonly string[], theirs: readonly string[]): string[] {
  const left = [...theirs]
  const extra = ours.filter(one => {
    const at = left.indexOf(one)
    if (at >= 0) left.splice(at, 1)
    return at < 0
  })
  return [...left.map(one => `- ${one}`), ...extra.map(one => `+ ${one}`)].sort((a, b) =>
    a.slice(2) < b.slice(2) ? -1 : 1,
  )
}
