import assert from "node:assert/strict"
import { readFileSync } from "node:fs"
import { test } from "node:test"
import { loadToml } from "../config/toml.ts"
import { randomFrom, sample } from "../corpus/random.ts"
import { compilePattern } from "../re2/compile.ts"
import type { Allowlist } from "../rule.ts"
import { defaultConfig } from "../rules/index.ts"
import { gitleaksRules, repository, write } from "../testing.ts"
import { allowsPath, exceptionsOf } from "./allowlist.ts"
import { exemptPathspecs } from "./pathspec.ts"

const gitleaks = () =>
  loadToml(readFileSync(gitleaksRules, "utf8"), undefined, { read: () => "", defaultConfig, warn: () => {} })

const list = (paths: string[], condition: "or" | "and" = "or"): Allowlist => ({
  description: "",
  condition,
  commits: [],
  paths,
  regexTarget: "secret",
  regexes: [],
  stopwords: [],
})

for (const [name, config] of [
  ["our", defaultConfig()],
  ["Gitleaks'", gitleaks()],
] as const)
  test(`git leaves out only what ${name} allowlists exempt, and most of it`, t => {
    const random = randomFrom(7)
    const repo = repository(t)
    const patterns = config.allowlists.flatMap(one => one.paths)
    const paths = patterns.flatMap(pattern =>
      Array.from({ length: 6 }, () => {
        const text = sample(pattern, random)
          .replace(/^\/+|\/+$/g, "")
          .replaceAll("//", "/")
        const around = random.pick(["", "dir/", "a/b/", "x"]) + text + random.pick(["", "", "", "x", "/in", ".txt"])
        return random.chance(0.2) ? around.toUpperCase() : around
      }),
    )
    for (const path of [...paths, "src/app.ts", "README.md", "go.sum/inside.txt"]) {
      try {
        write(repo.path, { [path]: "x" })
      } catch {
        // A file stands where a folder is wanted: the names are random.
      }
    }
    repo.git("add", "-A", "-f")
    const files = (...specs: string[]) =>
      repo
        .git("-c", "core.quotePath=false", "ls-files", "-z", "--", ":/", ...specs)
        .split("\0")
        .filter(path => path !== "")
    const kept = new Set(files(...exemptPathspecs(config.allowlists)))
    const exceptions = config.allowlists.map(one => exceptionsOf(one, compilePattern))
    const isExempt = (path: string) => exceptions.some(one => allowsPath(one, Buffer.from(path).toString("latin1")))
    const all = files()
    assert.deepEqual(
      all.filter(path => !kept.has(path) && !isExempt(path)),
      [],
    )
    const exempt = all.filter(isExempt)
    const left = exempt.filter(path => !kept.has(path))
    assert.ok(left.length > exempt.length * 0.25, `${left.length} of ${exempt.length}`)
  })

test("each form of pattern has its pathspecs, and others have none", () => {
  const specs = (...paths: string[]) => exemptPathspecs([list(paths)])
  assert.deepEqual(specs("(?i)\\.(?:svg|png)$"), [":(top,exclude,icase)*.svg", ":(top,exclude,icase)*.png"])
  assert.deepEqual(specs("(?:^|/)go\\.sum$"), [":(top,exclude)[g]o.sum", ":(top,exclude)*/go.sum"])
  assert.deepEqual(specs("(^|/)x(/.*)?$"), [])
  assert.deepEqual(specs("(?:^|/)x(?:/.*)?$"), [":(top,exclude)x/*", ":(top,exclude)*/x/*"])
  assert.deepEqual(specs("a*\\.b$"), [])
  assert.deepEqual(specs("[a-z]bc(?i)de$"), [])
  assert.deepEqual(exemptPathspecs([list(["\\.svg$"], "and")]), [])
})
