import assert from "node:assert/strict"
import { test } from "node:test"
import { compiledConfig, declaredRules, outdated } from "../../tools/scanner-rules.ts"
import { buildRuleset } from "../detect/compile.ts"
import { defaultDetectOptions, detect } from "../detect/detector.ts"
import { defaultConfig, noteOn } from "./index.ts"

const rules = await declaredRules()
const ruleset = buildRuleset(compiledConfig(rules))
const alone = { ...defaultDetectOptions, maxDecodeDepth: 0 }

// Gitleaks has both, and nothing tells one from the other.
const sameForm = new Set(["bittrex-access-key bittrex-secret-key", "bittrex-secret-key bittrex-access-key"])

const found = (text: string, path = "app/settings.py") =>
  detect(ruleset, alone, { bytes: Buffer.from(text), path, startLine: 1 })

test("every rule finds the secret in each of its examples", () => {
  const missed = rules.flatMap(rule =>
    rule.skipReport
      ? []
      : rule.finds
          .filter(
            ({ text, secret, path }) => !found(text, path).some(one => one.ruleId === rule.id && one.secret === secret),
          )
          .map(({ text }) => `${rule.id}: ${text}`),
  )
  assert.deepEqual(missed, [])
})

test("no rule finds anything in the texts that it must ignore", () => {
  const wrong = rules.flatMap(rule =>
    rule.ignores.filter(text => found(text).some(one => one.ruleId === rule.id)).map(text => `${rule.id}: ${text}`),
  )
  assert.deepEqual(wrong, [])
})

test("every rule has an example, a provider and a place to revoke", () => {
  const bare = rules.filter(
    rule =>
      (rule.finds.length === 0 && !rule.skipReport && rule.regex !== undefined) ||
      rule.fix === "" ||
      rule.provider === "",
  )
  assert.deepEqual(
    bare.map(rule => rule.id),
    [],
  )
})

test("the keywords of a rule occur in each of its examples", () => {
  const without = rules.flatMap(rule =>
    rule.finds
      .filter(
        ({ text }) => rule.keywords.length > 0 && !rule.keywords.some(keyword => text.toLowerCase().includes(keyword)),
      )
      .map(({ text }) => `${rule.id}: ${text}`),
  )
  assert.deepEqual(without, [])
})

test("an example is found by one rule only", () => {
  const twice = rules
    .filter(rule => !rule.skipReport)
    .flatMap(rule =>
      rule.finds.flatMap(({ text, secret, path }) =>
        found(text, path)
          .filter(
            one => one.ruleId !== rule.id && one.secret.includes(secret) && !sameForm.has(`${rule.id} ${one.ruleId}`),
          )
          .map(one => `${rule.id} and ${one.ruleId}: ${text}`),
      ),
    )
  assert.deepEqual(twice, [])
})

test("ids are unique and well-formed", () => {
  const ids = rules.map(rule => rule.id)
  assert.deepEqual(
    ids.filter((id, i) => ids.indexOf(id) !== i),
    [],
  )
  assert.deepEqual(
    ids.filter(id => !/^[a-z0-9]+(-[a-z0-9]+)*$/.test(id)),
    [],
  )
})

test("the compiled rules, the notes and the reference are up to date", async () => {
  assert.deepEqual(await outdated(), [], "run: node tools/scanner-rules.ts")
  assert.equal(defaultConfig().rules.length, rules.length)
  assert.equal(noteOn("github-pat")?.provider, "GitHub")
  assert.equal(noteOn("none"), undefined)
})
