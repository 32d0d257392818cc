import assert from "node:assert/strict"
import { spawnSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { test } from "node:test"
import fc from "fast-check"
import { loadToml } from "../config/toml.ts"
import { cases, customRules, samples } from "../corpus/corpus.ts"
import { type Random, randomFrom } from "../corpus/random.ts"
import { type Hunk, logFormat, patchReader } from "../sources/git-log.ts"
import { folder, gitEnv, gitleaksRules, repositoryAt } from "../testing.ts"
import { buildRuleset } from "./compile.ts"
import { decodable, decodePass } from "./decode.ts"
import { defaultDetectOptions, detect } from "./detector.ts"
import { type Row, sieveFor } from "./sieve.ts"

const loading = { read: () => "", defaultConfig: () => ({ title: "", rules: [], allowlists: [] }), warn() {} }
const rulesetOf = (path: string) => buildRuleset(loadToml(readFileSync(path, "utf8"), undefined, loading))
/** Rules of rare forms: for paths with a keyword, without a literal to try them at, parts of another rule, in foreign letters. */
const rareRules = `
[[rules]]
id = "path-with-keyword"
path = '.ya?ml$'
keywords = ["key"]
[[rules]]
id = "no-anchor"
regex = '[a-z][0-9][a-z]?[0-9]'
keywords = ["line"]
[[rules]]
id = "whole"
regex = 'secret'
keywords = ["token"]
[[rules.required]]
id = "part"
[[rules]]
id = "part"
regex = 'key'
keywords = ["never"]
skipReport = true
[[rules]]
id = "folded"
regex = '(?i)key[a-z ]*s'
keywords = ["token"]
`
const rulesets = [...[gitleaksRules, customRules].map(rulesetOf), buildRuleset(loadToml(rareRules, undefined, loading))]

/** How many texts hold something; none of them may pass the sieve. */
function checked(row: Row, where: string): number {
  let holding = 0
  for (const ruleset of rulesets) {
    const marks = sieveFor(ruleset, defaultDetectOptions)(row)
    let start = 0
    row.texts.forEach(({ path, end }, i) => {
      const found = detect(ruleset, defaultDetectOptions, { bytes: row.bytes.slice(start, end), path, startLine: 1 })
      if (found.length > 0) assert.equal(marks[i], 1, `${where}, text ${i}: ${JSON.stringify(found)}`)
      if (found.length > 0) holding++
      start = end
    })
  }
  return holding
}

function rowOf(texts: readonly { path: string; text: string }[]): Row {
  let end = 0
  const all = texts.map(({ path, text }) => ({ path, bytes: Buffer.from(text) }))
  return {
    bytes: Buffer.concat(all.map(one => one.bytes)),
    texts: all.map(({ path, bytes }) => ({ path, end: (end += bytes.length) })),
  }
}

const paths = ["a.ts", "src/b.yaml", "keys/store.p12", "ü.txt", "go.sum"]

/** Short texts with and without line ends, secrets whole, encoded, cut in two by a text's end, and foreign letters. */
function textsFrom(random: Random): { path: string; text: string }[] {
  const pool = samples(random).map(one => one.text)
  return Array.from({ length: 400 }, () => {
    const secret = random.pick(pool)
    const cut = random.below(secret.length)
    const text = random.pick([
      () => `line ${random.below(99)}`,
      () => `key = "${secret}"`,
      () => secret,
      () => secret.slice(0, cut),
      () => secret.slice(cut),
      () => Buffer.from(`token: ${secret}`).toString("base64"),
      () => Buffer.from(`token: ${secret}`).toString("hex"),
      () => encodeURIComponent(`token: '${secret}'`),
      () =>
        `${[...secret.slice(0, 40)].map(char => `U+${char.charCodeAt(0).toString(16).padStart(4, "0")}`).join(" ")}`,
      () => `é ${secret} \u212aey \u017fecret`,
      () => `token: \u212aey for u\u017f`,
      () => `the key to the line`,
      () => `a secret token, a key`,
    ])()
    return {
      path: random.pick(paths),
      text: text + random.pick(["\n", "\n", "\r\n", "", '"\n'.slice(random.below(2))]),
    }
  })
}

test("what the sieve lets pass holds nothing, wherever texts meet", () => {
  for (let seed = 1; seed <= 6; seed++) {
    const row = rowOf(textsFrom(randomFrom(seed)))
    assert.ok(checked(row, `seed ${seed}`) > 100, `seed ${seed}`)
  }
})

test("the same for the hunks of histories", t => {
  for (const one of cases.filter(({ target }) => target.kind === "history")) {
    const path = folder(t)
    one.build(path, () => repositoryAt(path))
    const log = ["log", "-p", "-U0", "--full-history", "--all", logFormat]
    const { stdout } = spawnSync("git", log, { cwd: path, env: gitEnv, maxBuffer: 1e9 })
    const rows: Row[] = []
    const hunks = (bytes: Uint8Array, texts: readonly Hunk[]) => void rows.push({ bytes: bytes.slice(), texts })
    const reader = patchReader({ hunks, binary() {}, renamed() {} })
    reader.push(stdout)
    reader.end()
    const holding = rows.reduce((sum, row) => sum + checked(row, one.name), 0)
    assert.ok(holding > 0, one.name)
  }
})

test("the sieve lets pass what only mentions a keyword", () => {
  const texts = Array.from({ length: 1000 }, (_, i) => ({
    path: "a.ts",
    text: `  // the key to ${i} lies in /usr/share/doc/somewhere, ${"0123456789abcdef".repeat(3)}\n`,
  }))
  assert.equal(sieveFor(rulesetOf(gitleaksRules), defaultDetectOptions)(rowOf(texts)).indexOf(1), -1)
})

test("what decodes is told from bytes as from a string", () => {
  const words = [
    "%",
    "%41",
    "%c3",
    "\\u0041",
    "\\\\U0042",
    "\\x",
    "U+0041 ",
    "U+00",
    "aGVsbG8gd29ybGQh",
    "6161616161616161",
  ]
  const part = fc.constantFrom(
    ...words,
    "6a".repeat(16),
    "ff".repeat(20),
    "abcdefghijklmnop",
    "-",
    "/",
    " ",
    "\n",
    "=",
    "é",
  )
  const text = fc.array(part, { maxLength: 8 }).map(parts => Buffer.from(parts.join("")))
  fc.assert(
    fc.property(fc.array(text, { minLength: 1, maxLength: 5 }), texts => {
      const mayDecode = decodable(Buffer.concat(texts))
      let start = 0
      for (const bytes of texts) {
        const may = mayDecode(start, start + bytes.length)
        const decoded = decodePass({ bytes, string: () => bytes.toString("latin1") }, [])
        if (decoded !== undefined) assert.ok(may, JSON.stringify(bytes.toString()))
        start += bytes.length
      }
    }),
    { numRuns: 3000 },
  )
})
