/** Published test vectors for what is written by hand here, or used in a way of our own. */

import assert from "node:assert/strict"
import { randomBytes } from "node:crypto"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { test } from "node:test"
import { JsonRefused, parseJson } from "@arca/api"
import { openBytes, sealBytes } from "@arca/crypto/aead"
import { combine, split } from "@arca/crypto/shamir"
import fc from "fast-check"
import { combine as theirCombine, split as theirSplit } from "shamir-secret-sharing"
import { mergePatch } from "../../engines/kv/merge-patch.ts"

const data = (name: string): string => readFileSync(join(import.meta.dirname, "data", name), "utf8")
const hex = (text: string): Buffer => Buffer.from(text, "hex")

interface GcmGroup {
  readonly ivSize: number
  readonly keySize: number
  readonly tagSize: number
  readonly tests: readonly {
    readonly tcId: number
    readonly comment: string
    readonly key: string
    readonly iv: string
    readonly aad: string
    readonly msg: string
    readonly ct: string
    readonly tag: string
    readonly result: "valid" | "invalid" | "acceptable"
  }[]
}

test("the barrier's cipher opens what Wycheproof calls valid and nothing else", t => {
  const { testGroups } = JSON.parse(data("wycheproof-aes-gcm.json")) as { testGroups: readonly GcmGroup[] }
  let ran = 0
  let skipped = 0
  for (const group of testGroups) {
    // The barrier has one form: AES-256, nonces of 96 bits, whole tags.
    if (group.keySize !== 256 || group.ivSize !== 96 || group.tagSize !== 128) {
      skipped += group.tests.length
      continue
    }
    for (const { tcId, comment, key, iv, aad, msg, ct, tag, result } of group.tests) {
      const opened = openBytes(hex(key), hex(aad), hex(iv + ct + tag))
      if (result === "valid") assert.deepEqual(opened, hex(msg), `${tcId}: ${comment}`)
      else assert.equal(opened, undefined, `${tcId}: ${comment}`)
      const again = openBytes(hex(key), hex(aad), sealBytes(hex(key), hex(aad), hex(msg)))
      assert.deepEqual(again, hex(msg))
      ran++
    }
  }
  t.diagnostic(`${ran} vectors; ${skipped} of key, nonce or tag sizes that are never used here`)
  assert.ok(ran >= 60)
})

/** Printed by `vault operator init` in HashiCorp's tutorial "Deploy Vault": five shares, of which three open. */
const PUBLISHED = [
  "4jYbl2CBIv6SpkKj6Hos9iD32k5RfGkLzlosrrq/JgOm",
  "B05G1DRtfYckFV5BbdBvXq0wkK5HFqB9g2jcDmNfTQiS",
  "Arig0N9rN9ezkTRo7qTB7gsIZDaonOcc53EHo83F5chA",
  "0cZE0C/gEk3YHaKjIWxhyyfs8REhqkRW/CSXTnmTilv+",
  "fYhZOseRgzxmJCmIqUdxEm9C3jB5Q27AowER9w4FC2Ck",
].map(share => Buffer.from(share, "base64"))

/** All choices of `count` items. */
function choices<T>(items: readonly T[], count: number): T[][] {
  if (count === 0) return [[]]
  return items.flatMap((item, at) => choices(items.slice(at + 1), count - 1).map(rest => [item, ...rest]))
}

test("shares that Vault printed belong together here, any three of them and no two", () => {
  const secrets = choices(PUBLISHED, 3).map(shares => Buffer.from(combine(shares)).toString("hex"))
  assert.equal(new Set(secrets).size, 1)
  for (const shares of [...choices(PUBLISHED, 4), PUBLISHED]) assert.equal(Buffer.from(combine(shares)).toString("hex"), secrets[0])
  for (const shares of choices(PUBLISHED, 2)) assert.notEqual(Buffer.from(combine(shares)).toString("hex"), secrets[0])
})

test("shares go both ways between us and an audited port of Vault's algorithm", async () => {
  const sizes = fc.record({ secret: fc.uint8Array({ minLength: 1, maxLength: 40 }), threshold: fc.integer({ min: 2, max: 6 }), more: fc.nat({ max: 4 }) })
  const both = fc.asyncProperty(sizes, async ({ secret, threshold, more }) => {
    const wanted = Uint8Array.from(secret)
    const ours = split(wanted, threshold + more, threshold, randomBytes).map(share => Uint8Array.from(share))
    assert.deepEqual(await theirCombine(ours.slice(more)), wanted)
    const theirs = await theirSplit(wanted, threshold + more, threshold)
    assert.deepEqual(Uint8Array.from(combine(theirs.slice(more))), wanted)
  })
  await fc.assert(both, { numRuns: 60 })
})

test("one share too few says nothing: every byte is as likely as any other", () => {
  const seen = new Set<number>()
  for (let nth = 0; nth < 3000; nth++) seen.add(combine(split(Uint8Array.of(42), 3, 3, randomBytes).slice(0, 2))[0] ?? 0)
  assert.equal(seen.size, 256)
})

/**
 * What the suite leaves to the parser. Numbers of any size are taken and keep their text; half a surrogate pair is taken as an
 * escape and stays one; nesting is taken to the limit of 500; bytes that are no UTF-8 are refused.
 */
const ACCEPTED = [
  "i_number_double_huge_neg_exp",
  "i_number_huge_exp",
  "i_number_neg_int_huge_exp",
  "i_number_pos_double_huge_exp",
  "i_number_real_neg_overflow",
  "i_number_real_pos_overflow",
  "i_number_real_underflow",
  "i_number_too_big_neg_int",
  "i_number_too_big_pos_int",
  "i_number_very_big_negative_int",
  "i_object_key_lone_2nd_surrogate",
  "i_string_1st_surrogate_but_2nd_missing",
  "i_string_1st_valid_surrogate_2nd_invalid",
  "i_string_incomplete_surrogate_and_escape_valid",
  "i_string_incomplete_surrogate_pair",
  "i_string_incomplete_surrogates_escape_valid",
  "i_string_invalid_lonely_surrogate",
  "i_string_invalid_surrogate",
  "i_string_inverted_surrogates_U+1D11E",
  "i_string_lone_second_surrogate",
  "i_structure_500_nested_arrays",
]
const REFUSED = [
  "i_structure_UTF-8_BOM_empty_object",
  "i_string_UTF-16LE_with_BOM",
  "i_string_UTF-8_invalid_sequence",
  "i_string_UTF8_surrogate_U+D800",
  "i_string_invalid_utf-8",
  "i_string_iso_latin_1",
  "i_string_lone_utf8_continuation_byte",
  "i_string_not_in_unicode_range",
  "i_string_overlong_sequence_2_bytes",
  "i_string_overlong_sequence_6_bytes",
  "i_string_overlong_sequence_6_bytes_null",
  "i_string_truncated-utf-8",
  "i_string_utf16BE_no_BOM",
  "i_string_utf16LE_no_BOM",
]
const CHOICES = new Map([...ACCEPTED.map(name => [name, "accepted"] as const), ...REFUSED.map(name => [name, "refused"] as const)])

test("the request parser takes what JSONTestSuite calls JSON and refuses the rest", t => {
  const files = data("json-test-suite.jsonl").trimEnd().split("\n").map(line => JSON.parse(line) as { name: string; text?: string; base64?: string })
  const generated = [
    { name: "n_structure_100000_opening_arrays", text: "[".repeat(100_000) },
    { name: "n_structure_open_array_object", text: '[{"":'.repeat(50_000) },
  ]
  const chosen: string[] = []
  for (const { name, text, base64 } of [...files, ...generated.map(one => ({ ...one, base64: undefined }))]) {
    const bytes = text === undefined ? Buffer.from(base64 ?? "", "base64") : Buffer.from(text)
    const outcome = outcomeOf(bytes)
    if (name.startsWith("y_")) assert.equal(outcome, "accepted", name)
    else if (name.startsWith("n_")) assert.equal(outcome, "refused", name)
    else {
      chosen.push(`${outcome} ${name}`)
      assert.equal(outcome, CHOICES.get(name), name)
    }
  }
  t.diagnostic(`left to us:\n${chosen.join("\n")}`)
  assert.ok(files.length > 300)
})

function outcomeOf(bytes: Uint8Array): "accepted" | "refused" {
  try {
    parseJson(bytes)
    return "accepted"
  } catch (error) {
    assert.ok(error instanceof JsonRefused, String(error))
    return "refused"
  }
}

test("merge patches give what RFC 7396, appendix A, says", () => {
  const cases: [string, string, string][] = [
    ['{"a":"b"}', '{"a":"c"}', '{"a":"c"}'],
    ['{"a":"b"}', '{"b":"c"}', '{"a":"b","b":"c"}'],
    ['{"a":"b"}', '{"a":null}', "{}"],
    ['{"a":"b","b":"c"}', '{"a":null}', '{"b":"c"}'],
    ['{"a":["b"]}', '{"a":"c"}', '{"a":"c"}'],
    ['{"a":"c"}', '{"a":["b"]}', '{"a":["b"]}'],
    ['{"a":{"b":"c"}}', '{"a":{"b":"d","c":null}}', '{"a":{"b":"d"}}'],
    ['{"a":[{"b":"c"}]}', '{"a":[1]}', '{"a":[1]}'],
    ['["a","b"]', '["c","d"]', '["c","d"]'],
    ['{"a":"b"}', '["c"]', '["c"]'],
    ['{"a":"foo"}', "null", "null"],
    ['{"a":"foo"}', '"bar"', '"bar"'],
    ['{"e":null}', '{"a":1}', '{"e":null,"a":1}'],
    ["[1,2]", '{"a":"b","c":null}', '{"a":"b"}'],
    ["{}", '{"a":{"bb":{"ccc":null}}}', '{"a":{"bb":{}}}'],
  ]
  for (const [target, patch, result] of cases) {
    assert.equal(JSON.stringify(mergePatch(parseJson(target), parseJson(patch))), result, `${target} ${patch}`)
  }
})
