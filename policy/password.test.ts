import assert from "node:assert/strict"
import { randomBytes } from "node:crypto"
import { test } from "node:test"
import { DEFAULT_PASSWORD_POLICY, generatePassword, parsePasswordPolicy } from "./index.ts"

test("the default password has 20 characters with one of each kind", () => {
  const policy = parsePasswordPolicy(DEFAULT_PASSWORD_POLICY)
  for (let round = 0; round < 200; round++) {
    const password = generatePassword(policy, randomBytes)
    assert.match(password, /^[a-zA-Z0-9-]{20}$/)
    for (const kind of [/[a-z]/, /[A-Z]/, /[0-9]/, /-/]) assert.match(password, kind)
  }
})

test("JSON says the same as HCL", () => {
  const hcl = parsePasswordPolicy(
    'length = 8\nrule "charset" {\n charset = "abc"\n min-chars = 2\n}\nrule "charset" { charset = "é😀" }',
  )
  const json = parsePasswordPolicy(
    '{"length": 8, "rule": [{"charset": {"charset": "abc", "min-chars": 2}}, {"charset": {"charset": "é😀"}}]}',
  )
  assert.deepEqual(json, hcl)
  assert.deepEqual(hcl.alphabet, ["a", "b", "c", "é", "😀"])
  assert.equal([...generatePassword(hcl, randomBytes)].length, 8)
})

test("bytes that would favour the first characters are thrown away", () => {
  // 256 is 36 times 7 and 4 more: the last four bytes are of no use.
  const policy = parsePasswordPolicy('length = 9\nrule "charset" { charset = "abcdefg" }')
  const bytes = Uint8Array.of(255, 254, 253, 252, 251, 0, 1, 2, 3, 252, 4, 5, 6, 7)
  assert.equal(
    generatePassword(policy, () => bytes),
    "gabcdefga",
  )
})

test("what cannot make a password is refused with its line", () => {
  const cases: [text: string, message: RegExp][] = [
    ['rule "charset" { charset = "a" }', /needs a "length"/],
    ['length = 3\nrule "charset" { charset = "a" }', /"length" is 4 to 100, not 3 at line 1/],
    ['length = 101\nrule "charset" { charset = "a" }', /not 101/],
    ["length = 8", /needs a rule "charset"/],
    ['length = 8\nrule "charst" { charset = "a" }', /only kind of rule is "charset", not "charst" at line 2/],
    ['length = 8\nrule "charset" { charset = "" }', /"charset" is empty/],
    ['length = 8\nrule "charset" { chars = "a" }', /Unknown key "chars"/],
    ['length = 8\nrule "charset" { charset = "a\\tb" }', /printable/],
    ['length = 8\nrule "charset" { charset = "a" min-chars = -1 }', /cannot be negative/],
    ['length = 4\nrule "charset" { charset = "a" min-chars = 5 }', /rules need 5 characters, but "length" is 4/],
    ["lenght = 8", /Unknown key "lenght" in a password policy, did you mean "length"/],
  ]
  for (const [text, message] of cases) assert.throws(() => parsePasswordPolicy(text), message)
})

test("rules that chance does not meet end in an error, not in an endless search", () => {
  const text =
    'length = 100\nrule "charset" { charset = "x" min-chars = 99 }\nrule "charset" { charset = "abcdefghijklmnopqrstuvwyz" }'
  assert.throws(() => generatePassword(parsePasswordPolicy(text), randomBytes), /too rarely met by chance/)
})
