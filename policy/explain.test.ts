import assert from "node:assert/strict"
import { test } from "node:test"
import { compileAcl, decide, explain, parsePolicy, type Question } from "./index.ts"

const acl = (texts: Record<string, string>) =>
  compileAcl(
    Object.entries(texts).map(([name, text]) => ({ name, namespace: "root", document: parsePolicy(text).policy })),
    undefined,
    0,
  )

test("an explanation names the deciding rule with policy and line, and why others lost", () => {
  const rules = acl({
    team: 'path "secret/*" { capabilities = ["read", "list"] }\n\npath "secret/+/prod" { capabilities = ["list"] }',
    ops: 'path "secret/app/prod" { capabilities = ["read"] }',
  })
  const told = explain(rules, { path: "secret/app/prod", operation: "update" })
  assert.equal(told.deciding?.path, "secret/app/prod")
  assert.deepEqual(
    told.runnersUp.map(({ path, lostBy }) => [path, lostBy]),
    [
      ["secret/+/prod", "exact path"],
      ["secret/*", "exact path"],
    ],
  )
  assert.deepEqual(told.missing, ["update"])
  assert.equal(told.snippet, 'path "secret/app/prod" {\n  capabilities = ["read", "update"]\n}\n')
  assert.equal(
    told.text,
    [
      'Denied: update on "secret/app/prod". The deciding rule does not give "update".',
      'The rule for path "secret/app/prod" decides. It comes from:',
      '  policy "ops", line 1: read',
      'The rule for path "secret/+/prod" (policy "team") also matches, but does not count: an exact path goes before patterns.',
      'The rule for path "secret/*" (policy "team") also matches, but does not count: an exact path goes before patterns.',
      'It would take "update" on this path.',
    ].join("\n"),
  )
})

test("the snippet, attached as well, allows what was refused", () => {
  const texts = { p: 'path "a/*" { capabilities = ["read"] }' }
  const questions: Question[] = [
    { path: "a/b", operation: "update" },
    { path: "x/y", operation: "read" },
    { path: "a/", operation: "list" },
    { path: "a/b", operation: "read", sudoRequired: true },
    { path: "n", operation: "delete", sudoRequired: true },
  ]
  for (const question of questions) {
    const { snippet } = explain(acl(texts), question)
    assert.ok(snippet !== undefined)
    assert.ok(decide(acl({ ...texts, more: snippet }), question).allowed, snippet)
  }
  assert.ok(
    decide(acl({ ...texts, more: explain(acl(texts), { path: "a/b", operation: "update" }).snippet ?? "" }), {
      path: "a/b",
      operation: "read",
    }).allowed,
  )
})

test("a denial has no snippet, since no further policy can lift it", () => {
  const told = explain(acl({ p: 'path "a" { policy = "deny" }' }), { path: "A", operation: "read" })
  assert.equal(told.snippet, undefined)
  assert.match(
    told.text,
    /A rule denies it outright; more rights elsewhere do not help while the rule for "a" says "deny"/,
  )
})

test("every kind of verdict is told in words", () => {
  const rules = acl({
    p: `path "a" {
      capabilities = ["read", "list", "update"]
      required_parameters = ["x"]
      denied_parameters = { "y" = [] }
      allowed_parameters = { "x" = [] }
    }
    path "w" { capabilities = ["read"] min_wrapping_ttl = "5s" max_wrapping_ttl = "9s" }
    path "l" { capabilities = ["list"] pagination_limit = 3 }`,
  })
  const cases: [question: Question, text: RegExp][] = [
    [{ path: "a", operation: "read" }, /^Allowed: read on "a"\. "read" is given by policy "p"\./],
    [{ path: "a", operation: "update", parameters: {} }, /wants the parameter "x"/],
    [{ path: "a", operation: "update", parameters: { x: 1, y: 1 } }, /denies the parameter "y"/],
    [{ path: "a", operation: "update", parameters: { x: 1, z: 1 } }, /does not allow the parameter "z"/],
    [{ path: "w", operation: "read" }, /wrapped, for 5 to 9 seconds/],
    [{ path: "l", operation: "list", parameters: { limit: 4 } }, /"limit" of 0 to 3/],
    [{ path: "q", operation: "read" }, /No rule of the attached policies speaks of this path/],
    [{ path: "q", operation: "help" }, /Help is open to everyone/],
    [{ path: "a", operation: "read", sudoRequired: true }, /for callers with "sudo"/],
  ]
  for (const [question, text] of cases) assert.match(explain(rules, question).text, text)
})
