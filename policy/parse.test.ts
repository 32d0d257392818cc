import assert from "node:assert/strict"
import { test } from "node:test"
import { HclError } from "@arca/hcl"
import { DEFAULT_POLICY, MAX_POLICY_RULES, parsePolicy, RESPONSE_WRAPPING_POLICY } from "./index.ts"

const only = (text: string) => parsePolicy(text).policy.rules[0] ?? assert.fail("no rule")

test("every key of a path is read", () => {
  const rule = only(`
    path "/secret/data/+/a*" {
      comment                             = "why"
      capabilities                        = ["read", "create", "recover", "subscribe"]
      allowed_parameters                  = { "Foo" = [], "bar" = ["a*", 1, true] }
      denied_parameters                   = { "*" = [] }
      required_parameters                 = ["foo"]
      min_wrapping_ttl                    = "1s"
      max_wrapping_ttl                    = 5400
      mfa_methods                         = ["duo"]
      expiration                          = "2030-01-01T00:00:00Z"
      pagination_limit                    = 50
      list_scan_response_keys_filter_path = "secret/data/{{ .path }}{{ .key }}"
      control_group = {
        ttl = "4h"
        factor "ops" {
          controlled_capabilities = ["read"]
          identity {
            group_names = ["admins"]
            approvals   = 2
          }
        }
      }
    }`)
  assert.deepEqual(rule, {
    path: "secret/data/+/a*",
    line: 2,
    pattern: {
      text: "secret/data/+/a*",
      head: "secret/data/+/a",
      segments: ["secret", "data", "+", "a"],
      glob: true,
      wildcards: 1,
      firstWildcard: 12,
    },
    template: undefined,
    mask: (1 << 0) | (1 << 5) | (1 << 6) | (1 << 8),
    comment: "why",
    expiration: 1893456000,
    allowedParameters: new Map<string, unknown>([
      ["foo", []],
      ["bar", ["a*", 1, true]],
    ]),
    deniedParameters: new Map([["*", []]]),
    requiredParameters: ["foo"],
    minWrappingTtl: 1,
    maxWrappingTtl: 5400,
    mfaMethods: ["duo"],
    controlGroup: {
      ttlSeconds: 14400,
      selfAuthorizationAllowed: false,
      factors: [{ name: "ops", controlledCapabilities: ["read"], groupNames: ["admins"], groupIds: [], approvals: 2 }],
    },
    paginationLimit: 50,
    responseKeysFilterPath: "secret/data/{{ .path }}{{ .key }}",
  })
})

test("HCL and JSON say the same", () => {
  const hcl = parsePolicy('path "a/*" { capabilities = ["read"] allowed_parameters { x = ["y"] } }').policy
  const json = parsePolicy('{"path": {"a/*": {"capabilities": ["read"], "allowed_parameters": {"x": ["y"]}}}}').policy
  assert.deepEqual(json, hcl)
})

test("the old policy key gives what it gave", () => {
  const mask = (old: string) => only(`path "a" { policy = "${old}" }`).mask
  const given = (names: string) => only(`path "a" { capabilities = [${names}] }`).mask
  assert.equal(mask("deny"), given('"deny"'))
  assert.equal(mask("read"), given('"read", "list"'))
  assert.equal(mask("write"), given('"create", "read", "update", "delete", "list"'))
  assert.equal(mask("sudo"), given('"create", "read", "update", "delete", "list", "sudo"'))
})

test("what is no policy is refused with its line and what may have been meant", () => {
  const cases: [text: string, message: RegExp][] = [
    ['pth "a" {}', /Unknown key "pth" in a policy, did you mean "path"\? at line 1, column 1/],
    [
      'path "a" {\n  capabilites = []\n}',
      /Unknown key "capabilites" in path "a", did you mean "capabilities"\? at line 2/,
    ],
    [
      'path "a" {\n  capabilities = ["read",\n "raed"]\n}',
      /Unknown capability "raed", did you mean "read"\? at line 3, column 2/,
    ],
    ['path "a" { capabilities = ["write"] }', /Unknown capability "write"/],
    ['path "a" { policy = "admin" }', /deny, read, write or sudo, not "admin"/],
    ['path "a" {\n capabilities = ["read"]\n capabilities = ["list"]\n}', /"capabilities" is set twice.* at line 3/],
    ['{"path": {"a": {"policy": "read"}, "a": {"policy": "deny"}}}', /"a" is set twice/],
    ['path "a+*" {}', /"\+\*" is forbidden/],
    ['path "a/{{identity.entity.id" {}', /do not pair up/],
    ['path "a" { min_wrapping_ttl = "2m" max_wrapping_ttl = "1m" }', /max_wrapping_ttl is less than min_wrapping_ttl/],
    ['path "a" { min_wrapping_ttl = "soon" }', /needs a duration such as "90s" or "1h", not "soon"/],
    ['path "a" { expiration = "tomorrow" }', /"expiration" needs a time/],
    ['path "a" { pagination_limit = -1 }', /cannot be negative/],
    ['path "a" { allowed_parameters = { "x" = "y" } }', /"x" in allowed_parameters needs a list of values/],
    ['path "a" { comment "b" {} }', /"comment" takes a value, not labels/],
    ['path "a\\n" {}', /control characters/],
    ["path { }\npath = 1", /needs a block/],
  ]
  for (const [text, message] of cases) {
    assert.throws(
      () => parsePolicy(text),
      (error: unknown) => error instanceof HclError && message.test(error.message),
      text,
    )
  }
})

test("what cannot be meant is a warning with its line", () => {
  const cases: [text: string, warning: RegExp][] = [
    ['path "a/*/b" { policy = "read" }', /path "a\/\*\/b" in line 1: "\*" stands for anything only at the end/],
    ['path "a/x+" { policy = "read" }', /"\+" stands for a segment only/],
    ['path "a/{{identity.entity.nmae}}" { policy = "read" }', /never has a value/],
    ['path "a" { capabilities = [] }', /no capabilities/],
    ['path "a" { capabilities = ["deny", "read"] }', /leaves nothing/],
    ['path "a" { policy = "write" denied_parameters = { "x" = ["*"] } }', /a lone "\*" is only itself/],
  ]
  for (const [text, warning] of cases) assert.match(parsePolicy(text).warnings.join(), warning)
})

test("the built-in policies parse without a warning, and only the default one is templated", () => {
  for (const text of [DEFAULT_POLICY, RESPONSE_WRAPPING_POLICY]) assert.deepEqual(parsePolicy(text).warnings, [])
  assert.ok(parsePolicy(DEFAULT_POLICY).policy.templated)
  assert.equal(parsePolicy(RESPONSE_WRAPPING_POLICY).policy.templated, false)
})

test("policies beyond the limits are refused in bounded time (B15)", () => {
  const started = process.cpuUsage()
  assert.throws(() => parsePolicy('path "a" {}\n'.repeat(MAX_POLICY_RULES + 1)), /at most 10000 paths/)
  assert.throws(() => parsePolicy(`# ${"x".repeat(1024 * 1024)}`), /longer than/)
  assert.throws(() => parsePolicy('path "a" { policy = "read" }\n'.repeat(100_000)), /longer than/)
  assert.ok(process.cpuUsage(started).user < 2_000_000)
})
