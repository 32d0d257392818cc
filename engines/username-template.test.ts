import assert from "node:assert/strict"
import { test } from "node:test"
import { compileTemplate } from "./username-template.ts"

let counter = 0
const world = {
  now: Date.UTC(2026, 10, 4, 15, 6, 9, 42) / 1000,
  random: (bytes: number) => Uint8Array.from({ length: bytes }, () => counter++ % 251),
  fields: { DisplayName: "token-alice@example.com", RoleName: "app-role" },
}

const made = (text: string): string => {
  counter = 0
  return compileTemplate(text, ["DisplayName", "RoleName"])(world)
}

test("the default name of PostgreSQL is Vault's", () => {
  const name = made(
    '{{ printf "v-%s-%s-%s-%s" (.DisplayName | truncate 8) (.RoleName | truncate 8) (random 20) (unix_time) | truncate 63 }}',
  )
  assert.equal(name, "v-token-al-app-role-0123456789ABCDEFGHIJ-1793804769")
})

test("each function does what Vault's does", () => {
  const cases: readonly (readonly [string, string])[] = [
    ["plain", "plain"],
    ['{{ .RoleName | uppercase | replace "-" "_" }}', "APP_ROLE"],
    ['{{ "ABC" | lowercase }}-x', "abc-x"],
    ["{{ .DisplayName | truncate_sha256 12 }}", "toke3a699bea"],
    ['{{ "short" | truncate_sha256 12 }}', "short"],
    ['{{ "a" | sha256 | truncate 8 }}', "ca978112"],
    ['{{ base64 "a b" }}{{ decode_base64 "YQ==" }}', "YSBia"],
    ['{{ hex "ab" }} {{ decode_hex "6162" }}', "6162 ab"],
    ["{{ unix_time_millis }}", "1793804769042"],
    ['{{ timestamp "2006-01-02T15:04:05Z07:00" }}', "2026-11-04T15:06:09Z"],
    ['{{ timestamp "Mon Jan _2 03:04PM 06" }}', "Wed Nov  4 03:06PM 26"],
    ['{{ printf "%s%%%5d|%-4s|%q" "a" 42 "b" `c"` }}', 'a%   42|b   |"c\\""'],
    ['a {{- "b" -}} c', "abc"],
    ["x{{/* a comment */}}y", "xy"],
    ["{{ uuid }}", "00010203-0405-0607-0809-0a0b0c0d0e0f"],
    ['{{ replace "a" "$&" "a" }}', "$&"],
  ]
  for (const [text, expected] of cases) assert.equal(made(text), expected, text)
})

test("what is not known is refused when the template is written, not when a name is needed", () => {
  const wrong: readonly (readonly [string, RegExp])[] = [
    ["", /missing template/],
    ["{{ .RoleName", /unclosed action/],
    ["{{ .Password }}", /there is no field .Password; there are .DisplayName, .RoleName/],
    ["{{ exec }}", /function "exec" not defined/],
    ["{{ toString }}", /function "toString" not defined/],
    ['{{ "a }}', /unterminated string/],
    ["{{ random }}", /random takes 1 argument/],
    ["{{ (random 3 }}", /unclosed left paren/],
    ['{{ random 3 | "a" }}', /cannot be piped/],
    ["{{ if true }}{{ end }}", /function "true" not defined/],
    ["{{ }}", /missing value/],
    ["{{ $x := 1 }}", /unexpected/],
  ]
  for (const [text, expected] of wrong)
    assert.throws(() => compileTemplate(text, ["DisplayName", "RoleName"]), expected, text)
  assert.throws(() => made("{{ random 0 }}"), /a length above 0/)
  assert.throws(() => made("{{ truncate_sha256 8 .RoleName }}"), /a length above 8/)
  assert.throws(() => made("{{ random 1000000 }}"), /a length/)
})
