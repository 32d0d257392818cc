import assert from "node:assert/strict"
import { test } from "node:test"
import { compiledConfig, declaredRules } from "../../tools/scanner-rules.ts"
import { buildRuleset } from "../detect/compile.ts"
import { defaultDetectOptions, detect } from "../detect/detector.ts"
import type { DeclaredRule } from "./declare.ts"

// 1,000,000 is what the documentation promises to take less than a second; a pattern that needs quadratic or
// exponential time is found with much less.
const bytes = Number(process.env.ARCA_HOSTILE_BYTES ?? 15_000)
const maxMilliseconds = 1000

const options = { ...defaultDetectOptions, maxDecodeDepth: 0 }
const rules = await declaredRules()
const config = compiledConfig(rules)

/** Beginnings of a match, again and again, which the pattern has to give up late. */
function hostileTexts({ keywords, finds }: DeclaredRule): string[] {
  const keyword = keywords[0] ?? ""
  const around = [keyword, `${keyword}=\n `, `${keyword}${"a".repeat(200)}`, `${keyword}_key`, `${keyword}.com/?a&`]
  const [example] = finds
  if (example === undefined) return around
  const at = example.text.indexOf(example.secret)
  const cut = example.text.slice(0, at + example.secret.length - 1)
  return [...around, `${keyword}: {\n key`, cut, example.text.slice(0, at + 3)]
}

test("no hostile text keeps a rule busy", () => {
  const slow: string[] = []
  const ruleset = buildRuleset({ ...config, allowlists: [] })
  for (const rule of rules.filter(one => one.regex !== undefined)) {
    const path = rule.path === undefined ? "a.py" : (rule.finds[0]?.path ?? "a.tf")
    for (const unit of hostileTexts(rule).filter(text => text !== "")) {
      const text = Buffer.from(unit.repeat(Math.ceil(bytes / unit.length)).slice(0, bytes))
      const start = process.cpuUsage()
      detect(ruleset, options, { bytes: text, path, startLine: 1 })
      const took = process.cpuUsage(start).user / 1000
      if (took > maxMilliseconds)
        slow.push(`${rule.id}: ${Math.round(took)} ms on ${JSON.stringify(unit.slice(0, 60))}`)
    }
  }
  assert.deepEqual(slow, [])
})
