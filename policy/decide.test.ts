import assert from "node:assert/strict"
import { test } from "node:test"
import fc from "fast-check"
import {
  type Acl,
  capabilities,
  compileAcl,
  decide,
  type Operation,
  type Parameters,
  parsePolicy,
  type Question,
} from "./index.ts"

const acl = (...texts: string[]): Acl =>
  compileAcl(
    texts.map((text, index) => ({ name: `p${index + 1}`, namespace: "root", document: parsePolicy(text).policy })),
    undefined,
    0,
  )

const ask = (rules: string, question: Partial<Question>) =>
  decide(acl(`path "a" { capabilities = ["read", "create", "update", "patch", "delete", "list"] ${rules} }`), {
    path: "a",
    operation: "update",
    ...question,
  })

const passes = (rules: string, parameters: Parameters, operation: Operation = "update"): boolean =>
  ask(rules, { parameters, operation }).allowed

test("required parameters must be there and say something (B06)", () => {
  const rules = 'required_parameters = ["Foo"]'
  assert.ok(passes(rules, { foo: 0 }))
  assert.deepEqual(ask(rules, { parameters: {} }).reason, { kind: "parameter-required", parameter: "Foo" })
  for (const value of [null, ""]) assert.equal(passes(rules, { foo: value }), false)
  assert.ok(passes(rules, {}, "delete"))
  assert.equal(passes('required_parameters = ["__proto__"]', {}), false)
})

test("only allowed parameters pass, by type and value (B05)", () => {
  const rules =
    'allowed_parameters = { "Name" = ["web-*", "*-db", "*x*"], "count" = [5, 9007199254740993], "on" = [true], "any" = [] }'
  for (const parameters of [
    { name: "web-1" },
    { NAME: "my-db" },
    { name: "axb" },
    { count: 5 },
    { count: JSON.parse("5") },
    { on: true },
    { any: { deep: [1] } },
    { any: null },
    {},
  ]) {
    assert.ok(passes(rules, parameters), JSON.stringify(parameters))
  }
  for (const parameters of [
    { name: "db" },
    { name: ["web-1"] },
    { name: { web: 1 } },
    { name: null },
    { count: "5" },
    { count: 6 },
    { on: "true" },
    { on: 1 },
    { other: 1 },
    { any: 1, other: 1 },
    JSON.parse('{"__proto__": 1}'),
    { constructor: 1 },
  ]) {
    assert.equal(passes(rules, parameters), false, JSON.stringify(parameters))
  }
  assert.deepEqual(ask(rules, { parameters: { other: 1 } }).reason, {
    kind: "parameter-not-allowed",
    parameter: "other",
  })
})

/** A number as the request parser hands it on when a double cannot hold its text. */
const rawNumber: (text: string) => unknown = Reflect.get(JSON, "rawJSON")

test("numbers that keep their text compare by value", () => {
  const rules = 'allowed_parameters = { "n" = [9007199254740993, 1.5] }'
  assert.ok(passes(rules, { n: rawNumber("9007199254740993") }))
  assert.ok(passes(rules, { n: rawNumber("1.50") }))
  assert.equal(passes(rules, { n: rawNumber("9007199254740992") }), false)
})

test('"*" among the allowed lets all others pass', () => {
  const rules = 'allowed_parameters = { "a" = ["x"], "*" = [] }'
  assert.ok(passes(rules, { b: 1, a: "x" }))
  assert.equal(passes(rules, { a: "y" }), false)
})

test("denied parameters go before allowed ones, whatever way the value is written", () => {
  const rules =
    'denied_parameters = { "p" = ["root", "adm*"], "on" = [true], "n" = [5], "gone" = [] } allowed_parameters = { "*" = [] }'
  for (const parameters of [
    { p: "root" },
    { P: "admin" },
    { p: ["x", "root"] },
    { p: "x,root" },
    { p: "x, root" },
    { on: true },
    { on: "true" },
    { on: 1 },
    { n: 5 },
    { n: "5" },
    { gone: null },
  ]) {
    assert.equal(passes(rules, parameters), false, JSON.stringify(parameters))
  }
  for (const parameters of [{ p: "roots" }, { p: ["x"] }, { on: false }, { n: 6 }, { n: "" }, { other: 1 }]) {
    assert.ok(passes(rules, parameters), JSON.stringify(parameters))
  }
  assert.deepEqual(ask(rules, { parameters: { p: "root" } }).reason, { kind: "parameter-denied", parameter: "p" })
})

test('"*" among the denied leaves no parameter', () => {
  assert.equal(passes('denied_parameters = { "*" = [] }', { x: 1 }), false)
  assert.ok(passes('denied_parameters = { "*" = [] }', {}))
})

test("parameter rules of several policies merge, and an empty list swallows the others", () => {
  const body = (list: string) => `path "a" { capabilities = ["update"] allowed_parameters = { "x" = ${list} } }`
  const allowed = (rules: Acl, value: string) =>
    decide(rules, { path: "a", operation: "update", parameters: { x: value } }).allowed
  const two = acl(body('["1"]'), body('["2"]'))
  assert.deepEqual(
    ["1", "2", "3"].map(value => allowed(two, value)),
    [true, true, false],
  )
  assert.ok(allowed(acl(body('["1"]'), body("[]"), body('["2"]')), "3"))
})

test("parameters are looked at for create, update, patch and read only", () => {
  const rules = 'allowed_parameters = { "x" = [] }'
  for (const operation of ["create", "update", "patch", "read"] as const)
    assert.equal(passes(rules, { y: 1 }, operation), false)
  for (const operation of ["delete", "list"] as const) assert.ok(passes(rules, { y: 1 }, operation))
})

test("wrapping bounds need a wrapped answer within them (B06)", () => {
  const wrapped = (rules: string, wrapTtlSeconds?: number) =>
    ask(rules, wrapTtlSeconds === undefined ? {} : { wrapTtlSeconds }).allowed
  assert.equal(wrapped('min_wrapping_ttl = "10s"'), false)
  assert.equal(wrapped('min_wrapping_ttl = "10s"', 9), false)
  assert.ok(wrapped('min_wrapping_ttl = "10s"', 10))
  assert.equal(wrapped('max_wrapping_ttl = "10s"'), false)
  assert.equal(wrapped('max_wrapping_ttl = "10s"', 0), false)
  assert.equal(wrapped('max_wrapping_ttl = "10s"', 11), false)
  assert.ok(wrapped('max_wrapping_ttl = "10s"', 10))
  const merged = acl(
    'path "a" { capabilities = ["read"] min_wrapping_ttl = "20s" max_wrapping_ttl = "30s" }',
    'path "a" { capabilities = ["read"] max_wrapping_ttl = "10s" }',
  )
  const at = (wrapTtlSeconds: number) => decide(merged, { path: "a", operation: "read", wrapTtlSeconds }).allowed
  assert.deepEqual([5, 10, 20, 30].map(at), [false, false, false, false])
})

test("a pagination limit bounds what a list returns (A22)", () => {
  const list = (parameters: Parameters, more = "") =>
    ask(`pagination_limit = 10 ${more}`, { operation: "list", parameters })
  assert.deepEqual(
    [list({}).limit, list({ limit: 0 }).limit, list({ limit: "max" }).limit, list({ limit: "7" }).limit],
    [10, 10, 10, 7],
  )
  for (const limit of [-1, 11, "x", null]) assert.equal(list({ limit }).allowed, false, String(limit))
  assert.equal(list({}).paginationLimit, 10)
  assert.deepEqual(list({}, 'required_parameters = ["limit"]').reason, { kind: "limit-required" })
  assert.equal(ask("", { operation: "list", parameters: { limit: "max" } }).limit, 0)
  assert.equal(ask("pagination_limit = 10", { operation: "read", parameters: {} }).paginationLimit, undefined)
})

test("the key filter of a list comes with its verdict only", () => {
  const rules = 'list_scan_response_keys_filter_path = "a/{{ .key }}"'
  assert.equal(ask(rules, { operation: "list" }).responseKeysFilterPath, "a/{{ .key }}")
  assert.equal(ask(rules, { operation: "read" }).responseKeysFilterPath, undefined)
})

// What follows is compared with a second, plain reading of Vault's documentation, which shares no code with the first.

const OPERATIONS = ["read", "list", "scan", "create", "update", "delete", "patch"] as const

interface NaiveRule {
  readonly path: string
  readonly capabilities: readonly string[]
}

const asRegExp = (path: string, flags: string) => {
  const glob = path.endsWith("*")
  const body = (glob ? path.slice(0, -1) : path)
    .split("/")
    .map(segment => (segment === "+" ? "[^/]*" : segment))
    .join("/")
  return new RegExp(`^${body}${glob ? "[^]*" : ""}$`, flags)
}

/** A sort key: greater is stronger. */
function strength(path: string): [number, number, number, number, string] {
  const plain = path.replace(/\*$/, "")
  const plus = `/${plain}/`.indexOf("/+/")
  const first = plus >= 0 ? plus : path.endsWith("*") ? plain.length : 1e9
  return [first, path.endsWith("*") ? 0 : 1, -plain.split("/").filter(one => one === "+").length, plain.length, plain]
}

function stronger(a: NaiveRule, b: NaiveRule): number {
  const [left, right] = [strength(a.path), strength(b.path)]
  for (let index = 0; index < left.length; index++) {
    const [x = 0, y = 0] = [left[index], right[index]]
    if (x !== y) return x > y ? 1 : -1
  }
  return 0
}

function naive(rules: readonly NaiveRule[], path: string, operation: string): boolean {
  const merged = new Map<string, Set<string>>()
  for (const { path: pattern, capabilities: given } of rules) {
    merged.set(pattern, (merged.get(pattern) ?? new Set()).union(new Set(given)))
  }
  const all = [...merged].map(([pattern, given]) => ({
    path: pattern,
    capabilities: given.has("deny") ? ["deny"] : [...given],
  }))
  const listing = operation === "list" || operation === "scan"
  const paths = listing && path.endsWith("/") ? [path, path.slice(0, -1)] : [path]
  for (const exact of [true, false]) {
    // Among rules with wildcards, one for the path without its slash goes before one for the folder.
    for (const one of exact ? paths : paths.toReversed()) {
      const found = all.filter(rule => {
        if ((strength(rule.path)[0] === 1e9) !== exact) return false
        return asRegExp(rule.path, rule.capabilities.includes("deny") ? "i" : "").test(one)
      })
      if (found.length === 0) continue
      found.sort((a, b) => stronger(b, a))
      const [best] = found
      const folded = found.filter(rule => rule.path.toLowerCase() === best?.path.toLowerCase())
      return (
        !folded.some(rule => rule.capabilities.includes("deny")) && (best?.capabilities.includes(operation) ?? false)
      )
    }
  }
  return false
}

const segment = fc.constantFrom("a", "b", "A", "ab", "")
const pattern = fc
  .tuple(fc.array(fc.oneof(segment, fc.constant("+")), { minLength: 1, maxLength: 4 }), fc.boolean())
  .map(
    ([segments, glob]) =>
      segments.join("/").replace(/^\/+/, "") + (glob && segments[segments.length - 1] !== "+" ? "*" : ""),
  )
const naiveRule = fc.record({
  path: pattern,
  capabilities: fc.uniqueArray(fc.constantFrom(...OPERATIONS, "sudo", "deny"), { maxLength: 4 }),
})
const policySet = fc.array(fc.array(naiveRule, { maxLength: 5 }), { maxLength: 3 })
const requestPath = fc
  .array(segment, { minLength: 1, maxLength: 5 })
  .map(segments => segments.join("/").replace(/^\/+/, ""))

const textOf = (rules: readonly NaiveRule[]) =>
  rules.map(({ path, capabilities: given }) => `path "${path}" { capabilities = ${JSON.stringify(given)} }`).join("\n")

test("verdicts agree with a naive matcher", () => {
  fc.assert(
    fc.property(policySet, requestPath, fc.constantFrom(...OPERATIONS), (policies, path, operation) => {
      const verdict = decide(acl(...policies.map(textOf)), { path, operation })
      assert.equal(verdict.allowed, naive(policies.flat(), path, operation))
    }),
    { numRuns: 10_000 },
  )
})

test("capabilities always say what the verdicts do (B11)", () => {
  fc.assert(
    fc.property(policySet, requestPath, (policies, path) => {
      const rules = acl(...policies.map(textOf))
      const told = capabilities(rules, path)
      for (const operation of OPERATIONS) {
        assert.equal(told.includes(operation), decide(rules, { path, operation }).allowed, operation)
        if (told.includes(operation) && operation !== "list" && operation !== "scan") {
          assert.equal(told.includes("sudo"), decide(rules, { path, operation, sudoRequired: true }).allowed)
        }
      }
    }),
    { numRuns: 5000 },
  )
})
