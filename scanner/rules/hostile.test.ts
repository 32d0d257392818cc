import assert from "node:assert/strict"
import { test } from "node:test"
import { compiledConfig, declaredRules } from "../../tools/scanner-rules.ts"
import { compileRules } from "../detect/compile.ts"
import { defaultDetectOptions, detect } from "../detect/detector.ts"
import { loadRules, type Ruleset } from "../detect/ruleset.ts"
import type { DeclaredRule } from "./declare.ts"
import { hostileUnits } from "./hostile-texts.ts"

// Every text is tried short; the one that took longest is tried at a megabyte, where a second is what the documentation promises.
const shortBytes = 10_000
const bytes = Number(process.env.ARCA_HOSTILE_BYTES ?? 1_000_000)
const maxMilliseconds = 1000
/** All rules instead of one of each shape: many differ in a name only. */
const everyRule = process.env.ARCA_HOSTILE_ALL === "1"

const options = { ...defaultDetectOptions, maxDecodeDepth: 0 }
const declared = (await declaredRules()).filter(rule => rule.regex !== undefined)
const config = compiledConfig(declared)
const rules = everyRule ? declared : [...new Map(declared.map(rule => [shapeOf(rule.regex ?? ""), rule])).values()]

/** A pattern without its names, and with its counts and classes told by their sizes. */
function shapeOf(regex: string): string {
  const setting = ["(?:[\\w.-]{0,20}(?:[\"'\\]]{0,2}", ")(?:[ \\t\\w.-]{0,20})"]
    .map(start => regex.indexOf(start))
    .find(at => at > 0)
  const size = (count: string) => (Number(count) >= 64 ? "L" : Number(count) >= 16 ? "M" : "S")
  return regex
    .slice(setting ?? 0)
    .replace(/\{[\d,]+\}/g, counts => counts.replace(/\d+/g, size))
    .replace(/[A-Za-z_-]{4,}/g, "W")
    .replace(/\[[^\]]{4,}\]/g, "[C]")
}

/** What is built from the pattern, and what a keyword and an example suggest. */
function unitsFor({ regex = "", keywords, finds }: DeclaredRule): string[] {
  const keyword = keywords[0] ?? ""
  const around = [
    keyword,
    `${keyword}=\n `,
    `${keyword}${"a".repeat(200)}`,
    `${keyword}_key`,
    `${keyword}.com/?a&`,
    `${keyword}: {\n key`,
  ]
  const [example] = finds
  const at = example === undefined ? 0 : example.text.indexOf(example.secret)
  const cut =
    example === undefined ? [] : [example.text.slice(0, at + example.secret.length - 1), example.text.slice(0, at + 3)]
  return [...new Set([...around, ...cut, ...hostileUnits(regex)])].filter(unit => unit !== "")
}

const filled = (keyword: string, unit: string, length: number) =>
  Buffer.from(`${keyword}\n${unit.repeat(Math.ceil(length / unit.length))}`.slice(0, length))

/** The rule's own time, guarded or not as in a scan by our rules. */
function timeOf(rule: DeclaredRule, ruleset: Ruleset, unit: string, length: number): number {
  const path = rule.path === undefined ? "a.py" : (rule.finds[0]?.path ?? "a.tf")
  const text = filled(rule.keywords[0] ?? "", unit, length)
  const start = process.cpuUsage()
  detect(ruleset, options, { bytes: text, path, startLine: 1 })
  return process.cpuUsage(start).user / 1000
}

test("no hostile text keeps a rule busy", () => {
  const slow: string[] = []
  const measured = new Set(config.rules.flatMap(({ regex }) => regex ?? []))
  for (const rule of rules) {
    const only = config.rules.filter(one => one.id === rule.id).map(one => ({ ...one, required: [] }))
    const ruleset = loadRules(compileRules({ ...config, rules: only, allowlists: [] }, measured))
    const times = unitsFor(rule).map(unit => ({ unit, time: timeOf(rule, ruleset, unit, shortBytes) }))
    const worst = times.reduce((a, b) => (b.time > a.time ? b : a))
    const attempt = () => (worst.time > maxMilliseconds ? worst.time : timeOf(rule, ruleset, worst.unit, bytes))
    // Compiling and collecting garbage count, too, and happen once: what is slow is slow twice.
    let took = attempt()
    if (took > maxMilliseconds) took = Math.min(took, attempt())
    if (took > maxMilliseconds)
      slow.push(`${rule.id}: ${Math.round(took)} ms on ${JSON.stringify(worst.unit.slice(0, 80))}`)
  }
  assert.deepEqual(slow, [])
})
