/** What our own pages tell people to do is not what the catalogue warns of. */

import assert from "node:assert/strict"
import { globSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { test } from "node:test"

const root = join(import.meta.dirname, "../..")

/** Below these, reading is issuing: credentials come with the reply. */
const ISSUING = ["creds/", "static-creds/", "static-cred/", "sts/", "library/", "code/", "roleset/", "token/", "issue/"]
/** Mounts that hand out nothing but what was put in. */
const KEEPING = /^(secret|kv\d*|cubbyhole|identity|sys|auth|team|app)\//

interface Rule {
  readonly file: string
  readonly path: string
  readonly capabilities: string
}

function rules(): Rule[] {
  const files = globSync(["README.md", "docs/**/*.md", "examples/**/*"], { cwd: root }).filter(name =>
    /\.\w+$/.test(name),
  )
  return files.flatMap(file => {
    const text = readFileSync(join(root, file), "utf8")
    const found = text.matchAll(/path\s+"([^"]+)"\s*\{[^}]*capabilities\s*=\s*\[([^\]]*)\]/g)
    return [...found].map(([, path = "", capabilities = ""]) => ({ file, path, capabilities }))
  })
}

test("B12: no policy of the guides lets someone issue credentials by a glob that is meant for reading", () => {
  const all = rules()
  assert.ok(all.length > 5, "there are policies to look at")
  for (const { file, path, capabilities } of all) {
    if (!path.endsWith("*") || !/"(read|update|sudo)"/.test(capabilities) || KEEPING.test(path)) continue
    const mount = path.slice(0, path.indexOf("/") + 1)
    const covered = ISSUING.filter(folder => `${mount}${folder}`.startsWith(path.slice(0, -1)))
    assert.deepEqual(
      covered.filter(folder => !path.includes(folder)),
      [],
      `${file}: path "${path}" [${capabilities}]`,
    )
  }
})
