import assert from "node:assert/strict"
import { readFileSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { test } from "node:test"
import { loadToml } from "../config/toml.ts"
import { randomFrom, sample } from "../corpus/random.ts"
import { compilePattern } from "../re2/compile.ts"
import type { Allowlist } from "../rule.ts"
import { defaultConfig } from "../rules/index.ts"
import { scanAll } from "../scan.ts"
import { fakes, gitEnv, gitleaksRules, repository, write } from "../testing.ts"
import { allowsPath, exceptionsOf } from "./allowlist.ts"
import { exemptPaths } from "./exempt.ts"

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
    const regexes = config.allowlists.flatMap(one => one.paths)
    const paths = regexes.flatMap(pattern =>
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
    const all = repo
      .git("ls-files", "-z")
      .split("\0")
      .filter(path => path !== "")
    const { patterns, foldsCase } = exemptPaths(config.allowlists)
    const attributes = join(repo.path, ".git", "attributes")
    writeFileSync(attributes, patterns.map(pattern => `${pattern} -diff\n`).join(""))
    const settings = ["-c", `core.attributesFile=${attributes}`, "-c", `core.ignoreCase=${foldsCase}`]
    const told = repo.git(...settings, "check-attr", "-z", "diff", "--", ...all).split("\0")
    const left = new Set(all.filter((_, i) => told[i * 3 + 2] === "unset"))
    const exceptions = config.allowlists.map(one => exceptionsOf(one, compilePattern))
    const isExempt = (path: string) => exceptions.some(one => allowsPath(one, Buffer.from(path).toString("latin1")))
    assert.deepEqual(
      [...left].filter(path => !isExempt(path)),
      [],
    )
    const exempt = all.filter(isExempt)
    assert.ok(left.size > exempt.length * 0.25, `${left.size} of ${exempt.length}`)
  })

test("each form of pattern is said in git's way, and others are not", () => {
  const patterns = (...paths: string[]) => exemptPaths([list(paths)]).patterns
  assert.deepEqual(exemptPaths([list(["(?i)\\.(?:svg|png)$"])]), { patterns: ["*.svg", "*.png"], foldsCase: true })
  assert.deepEqual(patterns("(?:^|/)go\\.sum$"), ["go.sum"])
  assert.deepEqual(patterns("(?:^|/)a/go\\.sum$"), ["**/a/go.sum"])
  assert.deepEqual(patterns("a/b$"), ["**/*a/b"])
  assert.deepEqual(patterns("^a$"), ["/a"])
  assert.deepEqual(patterns("(^|/)x(/.*)?$"), [])
  assert.deepEqual(patterns("(?:^|/)x(?:/.*)?$"), ["**/x/**"])
  assert.deepEqual(patterns("a*\\.b$"), [])
  assert.deepEqual(patterns("[a-z]bc(?i)de$"), [])
  assert.deepEqual(patterns('(?:^|/)[#!"]a$', "x y$"), [])
  // Git compares all of them alike.
  assert.deepEqual(patterns("exact$", "(?i)folded$"), ["*folded"])
  assert.deepEqual(exemptPaths([list(["\\.svg$"], "and")]).patterns, [])
})

test("a file renamed from an exempt name is read whole, unless it is binary; one renamed to such a name is not read", async t => {
  const repo = repository(t)
  const lines = Array.from({ length: 30 }, (_, i) => `line ${i}`).join("\n")
  const token = `\ntoken = "${fakes.github}"\n`
  repo.commit(
    { "a.svg": `${lines}\n`, "b.svg": `\0${lines}\n`, "c.txt": `${lines}\n-\n`, "d.svg": lines + token },
    "Begin",
  )
  repo.git("mv", "a.svg", "a.txt")
  repo.git("mv", "b.svg", "b.bin.txt")
  repo.git("mv", "c.txt", "c.svg")
  repo.git("mv", "d.svg", "d.txt")
  const files = { "a.txt": lines + token, "b.bin.txt": `\0${lines}${token}`, "c.svg": `${lines}\n-${token}` }
  const sha = repo.commit(files, "Rename")
  const { findings, summary } = await scanAll(
    { kind: "history", repository: repo.path },
    { env: { ...gitEnv, ARCA_CACHE_DIR: join(tmpdir(), "arca-test-cache") } },
  )
  assert.deepEqual(summary.partial, [])
  assert.deepEqual(
    findings.map(({ file, startLine, commit }) => [file, startLine, commit]),
    [
      ["a.txt", 31, sha],
      ["d.txt", 31, sha],
    ],
  )
})
