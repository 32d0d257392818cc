import assert from "node:assert/strict"
import { test } from "node:test"
import {
  type Acl,
  type AttachedPolicy,
  capabilities,
  compileAcl,
  decide,
  type Identity,
  type Operation,
  parsePolicy,
  reaches,
} from "./index.ts"

const attach = (text: string, name = "p"): AttachedPolicy => ({
  name,
  namespace: "root",
  document: parsePolicy(text).policy,
})

const acl = (...texts: string[]): Acl =>
  compileAcl(
    texts.map((text, index) => attach(text, `p${index + 1}`)),
    undefined,
    0,
  )

const rule = (path: string, ...names: string[]) => `path "${path}" { capabilities = ${JSON.stringify(names)} }\n`

const allows = (rules: Acl, operation: Operation, path: string): boolean => decide(rules, { path, operation }).allowed

/** Which of the patterns decides about a path; each gives what the others do not, namely its own wrapping bound. */
function decider(patterns: readonly string[], path: string, operation: Operation = "read"): string | undefined {
  const text = patterns.map(pattern => rule(pattern, "read", "list")).join("")
  return decide(acl(text), { path, operation }).rule?.pattern.text
}

test("without a rule nothing is allowed, except help", () => {
  const verdict = decide(acl(), { path: "secret/a", operation: "read" })
  assert.equal(verdict.allowed, false)
  assert.deepEqual(verdict.reason, { kind: "no-rule" })
  assert.ok(allows(acl(), "help", "secret/a"))
})

test("each operation needs its own capability", () => {
  const operations: Operation[] = ["read", "list", "scan", "create", "update", "delete", "patch"]
  for (const given of operations) {
    const rules = acl(rule("a/b", given))
    for (const asked of operations) assert.equal(allows(rules, asked, "a/b"), given === asked, `${asked} by ${given}`)
  }
})

test("the order of precedence is Vault's", () => {
  const cases: [path: string, winner: string, loser: string][] = [
    ["secret/foo", "secret/foo", "secret/*"],
    ["secret/foo", "secret/foo", "secret/+"],
    ["secret/foo/bar", "secret/foo/*", "secret/*"],
    ["secret/foo/bar", "secret/fo*", "secret/+/bar"],
    ["secret/foo/bar", "secret/foo/+", "secret/+/bar"],
    ["secret/foo", "secret/+", "secret/*"],
    ["a/b/bar", "a/+/bar", "a/+/ba*"],
    ["a/b/c/d", "a/+/c/+", "a/+/+/+"],
    ["a/b/bar/bat", "a/+/bar/ba*", "a/+/bar/b*"],
    ["a/b/c", "a/+/c", "a/+/+"],
    ["secret/foo/bar/baz", "secret/+/bar/baz", "secret/*"],
    ["x/a/b", "+/a/+", "+/+/b"],
  ]
  for (const [path, winner, loser] of cases) {
    assert.equal(decider([winner, loser], path), winner)
    assert.equal(decider([loser, winner], path), winner)
  }
})

test("+ is one whole segment, and * at the end is anything", () => {
  assert.equal(decider(["secret/+/team"], "secret/a/team"), "secret/+/team")
  assert.equal(decider(["secret/+/team"], "secret/a/b/team"), undefined)
  assert.equal(decider(["secret/+/team"], "secret/team"), undefined)
  assert.equal(decider(["+/x"], "a/x"), "+/x")
  assert.equal(decider(["secret/*"], "secret/"), "secret/*")
  assert.equal(decider(["secret/*"], "secret"), undefined)
  assert.equal(decider(["secret*"], "secrets/a"), "secret*")
  assert.equal(decider(["*"], ""), "*")
  assert.equal(decider(["secret/*/x"], "secret/a/x"), undefined)
  assert.equal(decider(["secret/a+b"], "secret/axb"), undefined)
})

test("LIST also finds the rule of the path without its closing slash, but exact rules first", () => {
  assert.equal(decider(["secret/a"], "secret/a/", "list"), "secret/a")
  assert.equal(decider(["secret/a"], "secret/a/", "read"), undefined)
  assert.equal(decider(["secret/a", "secret/a/"], "secret/a/", "list"), "secret/a/")
  assert.equal(decider(["secret/a", "secret/a/*"], "secret/a/", "list"), "secret/a")
  assert.equal(decider(["secret/+"], "secret/a/", "list"), "secret/+")
})

test("leading slashes do not matter", () => {
  assert.ok(allows(acl(rule("/secret/a", "read")), "read", "secret/a"))
  assert.ok(allows(acl(rule("secret/a", "read")), "read", "//secret/a"))
})

test("a denial does not beat a more specific rule, but everything of its own path", () => {
  const rules = acl(rule("secret/*", "deny"), rule("secret/open", "read"), rule("secret/*", "read", "sudo"))
  assert.ok(allows(rules, "read", "secret/open"))
  const verdict = decide(rules, { path: "secret/other", operation: "read" })
  assert.deepEqual(verdict.reason, { kind: "denied-by-rule" })
  assert.equal(verdict.sudo, false)
  assert.deepEqual(
    verdict.policies.map(one => one.name),
    ["p1", "p3"],
  )
})

test("a denial holds in any case of letters (B02)", () => {
  const rules = acl(
    rule("secret/data/*", "read") + rule("secret/data/example", "deny") + rule("secret/data/Team/+", "deny"),
  )
  assert.equal(allows(rules, "read", "secret/data/EXAMPLE"), false)
  assert.equal(allows(rules, "read", "secret/data/example"), false)
  assert.equal(allows(rules, "read", "secret/data/tEAM/x"), false)
  assert.ok(allows(rules, "read", "secret/data/examples"))
  assert.equal(allows(acl(rule("a/X", "read") + rule("a/x", "deny")), "read", "a/X"), false)
  assert.ok(allows(acl(rule("a/X", "read") + rule("a/*", "deny")), "read", "a/X"))
})

test("capabilities of the same path add up over policies, and each verdict names those that gave it", () => {
  const rules = acl(rule("a", "read"), rule("a", "update"), rule("a", "read", "list"))
  const verdict = decide(rules, { path: "a", operation: "read" })
  assert.deepEqual(
    verdict.policies.map(one => one.name),
    ["p1", "p3"],
  )
  assert.deepEqual(capabilities(rules, "a"), ["list", "read", "update"])
})

test("a path for sudo needs it besides the capability", () => {
  const ask = (text: string) => decide(acl(text), { path: "sys/raw", operation: "read", sudoRequired: true })
  assert.deepEqual(ask(rule("sys/raw", "read")).reason, { kind: "missing-sudo" })
  assert.deepEqual(ask(rule("sys/raw", "sudo")).reason, { kind: "missing-capability", capability: "read" })
  assert.ok(ask(rule("sys/raw", "read", "sudo")).allowed)
})

test("the root policy allows everything, whatever else is attached", () => {
  const rules = compileAcl([attach(rule("*", "deny")), { name: "root", namespace: "root", root: true }], undefined, 0)
  const verdict = decide(rules, { path: "sys/raw", operation: "delete", sudoRequired: true })
  assert.ok(verdict.allowed && verdict.root && verdict.sudo)
  assert.deepEqual(capabilities(rules, "x"), ["root"])
})

test("a policy named root without being it is nothing special", () => {
  assert.equal(allows(compileAcl([attach(rule("a", "read"), "root")], undefined, 0), "read", "b"), false)
})

test("capabilities are sorted, and deny stands for none", () => {
  assert.deepEqual(capabilities(acl(rule("a", "update", "sudo", "create", "patch", "scan", "list")), "a"), [
    "create",
    "list",
    "patch",
    "scan",
    "sudo",
    "update",
  ])
  assert.deepEqual(capabilities(acl(rule("a", "read")), "b"), ["deny"])
  assert.deepEqual(capabilities(acl(rule("a", "deny")), "a"), ["deny"])
  assert.deepEqual(capabilities(acl(rule("a")), "a"), ["deny"])
})

test("an expired rule does not exist, and the compiled rules are good until the next one expires", () => {
  const text = `${rule("b", "read")}path "a" { capabilities = ["read"] expiration = "2027-01-01T00:00:00Z" }`
  const expiry = Date.parse("2027-01-01T00:00:00Z") / 1000
  const before = compileAcl([attach(text)], undefined, expiry - 1)
  assert.ok(allows(before, "read", "a"))
  assert.equal(before.validUntil, expiry)
  const after = compileAcl([attach(text)], undefined, expiry)
  assert.equal(allows(after, "read", "a"), false)
  assert.equal(after.validUntil, Number.POSITIVE_INFINITY)
})

test("a prefix puts the paths of a policy below another namespace", () => {
  const { policy: document } = parsePolicy(rule("secret/+", "read"))
  const rules = compileAcl([{ name: "p", namespace: "team", document, prefix: "team/" }], undefined, 0)
  assert.ok(allows(rules, "read", "team/secret/a"))
  assert.equal(allows(rules, "read", "secret/a"), false)
})

const person = (name: string, metadata: [string, string][] = []): Identity => ({
  entity: {
    id: "e-1",
    name,
    metadata: new Map(metadata),
    aliases: new Map([
      ["auth_userpass_1", { id: "a-1", name: "ann", metadata: new Map([["team", "red"]]), customMetadata: new Map() }],
      ["auth_userpass_2", { id: "a-2", name: "bob", metadata: new Map(), customMetadata: new Map([["x.y", "z"]]) }],
    ]),
  },
  groups: [{ id: "g-1", name: "ops", metadata: new Map([["site", "ams"]]) }],
})

test("templates take their value from the identity, and each alias from its own mount (B08)", () => {
  const path = (selector: string, identity: Identity | undefined = person("ann", [["dept", "hr"]])) => {
    const document = parsePolicy(rule(`kv/{{ ${selector} }}/x`, "read")).policy
    return compileAcl([{ name: "p", namespace: "root", document }], identity, 0).rules[0]?.pattern.text
  }
  assert.equal(path("identity.entity.id"), "kv/e-1/x")
  assert.equal(path("identity.entity.name"), "kv/ann/x")
  assert.equal(path("identity.entity.metadata.dept"), "kv/hr/x")
  assert.equal(path("identity.entity.aliases.auth_userpass_1.name"), "kv/ann/x")
  assert.equal(path("identity.entity.aliases.auth_userpass_2.name"), "kv/bob/x")
  assert.equal(path("identity.entity.aliases.auth_userpass_1.metadata.team"), "kv/red/x")
  assert.equal(path("identity.entity.aliases.auth_userpass_2.metadata.team"), undefined)
  assert.equal(path("identity.entity.aliases.auth_userpass_2.custom_metadata.x.y"), "kv/z/x")
  assert.equal(path("identity.groups.ids.g-1.name"), "kv/ops/x")
  assert.equal(path("identity.groups.names.ops.id"), "kv/g-1/x")
  assert.equal(path("identity.groups.names.ops.metadata.site"), "kv/ams/x")
  assert.equal(path("identity.groups.names.dev.id"), undefined)
  assert.equal(path("identity.entity.metadata.__proto__"), undefined)
  assert.equal(path("identity.entity.constructor"), undefined)
  assert.equal(
    compileAcl([attach(rule("kv/{{identity.entity.id}}", "read"))], undefined, 0).rules.length,
    0,
    "without an entity the rule is left out",
  )
})

test("a value that would widen the rule leaves it out", () => {
  for (const name of ["*", "a*", "+", "a/b", "a\nb", "a\u007f", ""]) {
    const rules = compileAcl([attach(rule("kv/{{identity.entity.name}}", "read"))], person(name), 0)
    assert.deepEqual(rules.rules, [], JSON.stringify(name))
  }
})

test("names of the language are ordinary names (A07)", () => {
  for (const name of ["__proto__", "constructor", "toString", "hasOwnProperty"]) {
    const rules = acl(rule(`secret/${name}`, "read") + rule(`${name}/+`, "read"))
    assert.ok(allows(rules, "read", `secret/${name}`))
    assert.ok(allows(rules, "read", `${name}/x`))
    assert.equal(allows(acl(), "read", name), false)
    assert.equal(allows(acl(rule("secret/a", "read")), "read", `secret/${name}`), false)
  }
})

test("a mount is reached when a rule allows something below it", () => {
  assert.ok(reaches(acl(rule("secret/data/a", "read")), "secret/"))
  assert.ok(reaches(acl(rule("sec*", "read")), "secret/"))
  assert.ok(reaches(acl(rule("+/data/x", "read")), "secret/"))
  assert.ok(reaches(acl(rule("auth/+/login", "update")), "auth/userpass/"))
  assert.equal(reaches(acl(rule("secret/*", "deny")), "secret/"), false)
  assert.equal(reaches(acl(rule("secretary/*", "read")), "secret/"), false)
  assert.equal(reaches(acl(rule("secret", "read")), "secret/"), false)
})

test("a hundred thousand rules compile and answer in bounded time", () => {
  const part = (from: number) =>
    Array.from({ length: 10_000 }, (_, index) => rule(`a/${from + index}${index % 2 ? "/+/*" : "*"}`, "read")).join("")
  const policies = Array.from({ length: 10 }, (_, index) => attach(part(index * 10_000), `p${index}`))
  const same = attach(rule("a/same", "read").repeat(10_000))
  const started = process.cpuUsage()
  const rules = compileAcl([...policies, ...Array.from({ length: 10 }, () => same)], undefined, 0)
  for (let index = 0; index < 1000; index++) assert.ok(allows(rules, "read", `a/${index * 2}x/y/z`))
  assert.equal(rules.rules.length, 100_001)
  assert.ok(process.cpuUsage(started).user < 5_000_000)
})
