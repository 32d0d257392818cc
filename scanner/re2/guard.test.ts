import assert from "node:assert/strict"
import { readFileSync } from "node:fs"
import { test } from "node:test"
import { declaredRules } from "../../tools/scanner-rules.ts"
import { loadToml } from "../config/toml.ts"
import { buildRuleset } from "../detect/compile.ts"
import { defaultDetectOptions, detect } from "../detect/detector.ts"
import { gitleaksRules } from "../testing.ts"
import { compile, compilePattern } from "./compile.ts"
import { stepsOfOneTry } from "./cost.ts"
import { linearGroups, linearMatches } from "./guard.ts"
import { parsePattern } from "./parse.ts"

/** A second for a megabyte; CI runs other tests beside this one, so that processor time is what counts. */
const maxMilliseconds = 1000
const megabyte = 1_000_000
const loading = { read: () => "", defaultConfig: () => ({ title: "", rules: [], allowlists: [] }), warn() {} }

const filled = (unit: string, length = megabyte) =>
  Buffer.from(unit.repeat(Math.ceil(length / unit.length)).slice(0, length))

function timed(work: () => void): number {
  const start = process.cpuUsage()
  work()
  const { user, system } = process.cpuUsage(start)
  return (user + system) / 1000
}

// What users write, and the text that keeps a backtracking engine busy for minutes, years or ever.
const hostile: readonly [regex: string, unit: string][] = [
  ["key=(a+)+b", "key=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"],
  ["key=(?:a|a)*b", "key=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"],
  ["key=(?:a|aa)+$", "key=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab"],
  ["key=(?:[a-z]+\\d*)+!", "key=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"],
  ["key.*secret.*token", "key secret "],
  ["(?i)key[\\s\\S]*?secret[\\s\\S]*?token", "key secret "],
  ["\\s+key\\s+=\\s+$", "   key   =   "],
  ["[a-z]*key[a-z]*=[a-z]*!", "keykeykey"],
  ["key(?:.{0,200}.{0,200}.{0,200})end", "key "],
  ["([a-z]+)+@key\\.com", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaakey"],
  ["(?:(?:(?:key|x)+y*)+z*)+!", "keyxkeyx"],
  ["key((?:\\w+\\.)*\\w+)+;", "keya.b.c.d.e.f.g."],
]

test("no rule of a user's keeps a scan busy, whatever it repeats", () => {
  const slow: string[] = []
  for (const [regex, unit] of hostile) {
    const toml = `[[rules]]\nid = "a"\nregex = '''${regex}'''\nkeywords = ["key"]`
    const ruleset = buildRuleset(loadToml(toml, undefined, loading))
    const one = { ...defaultDetectOptions, maxDecodeDepth: 0 }
    const took = timed(() => detect(ruleset, one, { bytes: filled(unit), path: "a", startLine: 1 }))
    if (took > maxMilliseconds) slow.push(`${regex}: ${Math.round(took)} ms`)
  }
  assert.deepEqual(slow, [])
})

test("patterns of allowlists are guarded, too", () => {
  const toml = `
[[rules]]
id = "a"
regex = '''key=\\S{4,}'''
keywords = ["key"]
[[rules.allowlists]]
regexTarget = "line"
regexes = ['''(x+x+)+y''', '''foo.*bar.*baz''']`
  const ruleset = buildRuleset(loadToml(toml, undefined, loading))
  const bytes = Buffer.concat([Buffer.from("key=1234 "), filled("foo bar xx", megabyte / 2), filled("x", megabyte / 2)])
  let found = 0
  const took = timed(() => {
    found = detect(ruleset, { ...defaultDetectOptions, maxDecodeDepth: 0 }, { bytes, path: "a", startLine: 1 }).length
  })
  assert.equal(found, 1)
  assert.ok(took < 2 * maxMilliseconds, `${took} ms for two patterns`)
})

test("what is found when backtracking was given up is what it would have found", () => {
  const toml = `[[rules]]\nid = "a"\nregex = '''key=((?:a+)+b)'''\nkeywords = ["key"]`
  const ruleset = buildRuleset(loadToml(toml, undefined, loading))
  const bytes = Buffer.concat([
    Buffer.from("key=aab\nä "),
    filled("key=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa ", 100_000),
    Buffer.from("\nkey=aaab"),
  ])
  const found = detect(ruleset, { ...defaultDetectOptions, maxDecodeDepth: 0 }, { bytes, path: "a", startLine: 1 })
  assert.deepEqual(
    found.map(({ secret, startLine, startColumn }) => [secret, startLine, startColumn]),
    [
      ["aab", 1, 1],
      ["aaab", 3, 2],
    ],
  )
})

test("the linear engine finds the same as the other in our examples, groups included (ARCA_LINEAR_STEP=1: in all)", async () => {
  const step = Number(process.env.ARCA_LINEAR_STEP ?? 40)
  const all = (await declaredRules()).filter((rule, i) => rule.regex !== undefined && i % step === 0)
  for (const { regex = "", id, finds } of all) {
    const pattern = compilePattern(regex)
    for (const { text } of finds) {
      const expected = [...text.matchAll(pattern.regexp("runes", "g"))].map(one => [
        one.index,
        one.index + one[0].length,
      ])
      if (!/^[\x00-\x7f]*$/.test(text)) continue
      assert.deepEqual(linearMatches(pattern, Buffer.from(text)), expected, id)
      assert.deepEqual(linearGroups(pattern, text), pattern.regexp("runes", "").exec(text)?.slice(), id)
    }
  }
})

test("nested repeats are seen, and ordinary patterns are taken for harmless", () => {
  for (const [regex] of hostile) assert.ok(compile(regex).steps !== undefined, regex)
  for (const regex of [
    "ghp_[0-9a-zA-Z]{36}",
    "AKIA[A-Z2-7]{16}",
    "(?:a|b|c)+x",
    "xox[bp]-\\d{10,13}-\\d{10,13}-[a-z]{24}",
  ])
    assert.ok(stepsOfOneTry(parsePattern(regex).root, 1000) <= 10_000, regex)
  const rules = loadToml(readFileSync(gitleaksRules, "utf8"), undefined, loading).rules.flatMap(
    ({ regex }) => regex ?? [],
  )
  const guarded = rules.filter(regex => (compile(regex).steps?.[4] ?? 0) > 1e7)
  assert.ok(guarded.length < 8, `${guarded.length} of Gitleaks' ${rules.length} rules would be guarded in small files`)
})
