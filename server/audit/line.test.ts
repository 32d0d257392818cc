import assert from "node:assert/strict"
import { createHmac } from "node:crypto"
import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { describe, test } from "node:test"
import fc from "fast-check"
import type { AuditedHeaders } from "./device.ts"
import { type LineOptions, lineFormat } from "./line.ts"
import type { AuditData, AuditRequest, AuditResponse } from "./record.ts"
import { saltedHmac } from "./salt.ts"
import { TEST_SALT, testRequest, testResponse } from "./testing.ts"

const PLAIN_OPTIONS: LineOptions = { raw: false, hmacAccessor: true, elideListResponses: false, prefix: "" }

const formatOf = (options: Partial<LineOptions> = {}) =>
  lineFormat({ ...PLAIN_OPTIONS, ...options }, saltedHmac(TEST_SALT))

const hmac = (value: string): string => `hmac-sha256:${createHmac("sha256", TEST_SALT).update(value).digest("hex")}`

const parsed = (line: string) => JSON.parse(`${line}}`)

/** The data of the record that `data` makes, as another reader sees it. */
const dataOf = (
  data: AuditResponse["response"],
  record: Partial<AuditResponse> = {},
  options: Partial<LineOptions> = {},
) => parsed(formatOf(options).response({ ...testRequest(), response: data, ...record })).response.data

describe("an audit line", () => {
  test("stands as OpenBao writes it, member for member and HMAC for HMAC", async () => {
    const read = async (name: string) =>
      (await readFile(join(import.meta.dirname, "testdata", name), "utf8")).trimEnd().split("\n")
    const theirs = await read("openbao-hashed.jsonl")
    const clear = await read("openbao-raw.jsonl")
    assert.equal(theirs.length, clear.length)
    const format = formatOf()
    // Both devices saw the same requests, under salts of their own: equal values must have equal HMACs in either file.
    const canonical = () => {
      const seen = new Map<string, number>()
      return (line: string): string =>
        JSON.stringify(JSON.parse(line))
          .replace(/"time":"[^"]*"/, '"time":""')
          .replace(/hmac-sha256:[0-9a-f]{64}/g, digest => `#${seen.getOrInsert(digest, seen.size)}`)
    }
    const [theirForm, ourForm] = [canonical(), canonical()]
    let tuned: AuditData = {}
    for (const [at, line] of clear.entries()) {
      const raw: AuditRecordText = JSON.parse(line)
      const record = recordOf(raw)
      const keys =
        record.request.mount_point === "secret/"
          ? {
              requestKeys: { nonHmac: namesIn(tuned, "audit_non_hmac_request_keys") },
              responseKeys: { nonHmac: namesIn(tuned, "audit_non_hmac_response_keys") },
            }
          : {}
      const ours: string =
        raw.type === "request"
          ? format.request({ ...record, ...keys }, AUDITED_HEADERS)
          : format.response({ ...record, ...keys }, AUDITED_HEADERS)
      assert.equal(ourForm(`${ours}}`), theirForm(theirs[at] ?? ""))
      if (raw.type === "response" && raw.request.path === "sys/mounts/secret/tune") tuned = raw.request.data ?? {}
    }
  })

  test("hashes as HMAC-SHA256 does, whatever the value's length and script", () => {
    const salt = saltedHmac(TEST_SALT)
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 3000 }), value => {
        assert.equal(salt.hash(value), hmac(value))
        assert.equal(salt.hash(value), hmac(value))
      }),
    )
    const long = "ü".repeat(70_000)
    assert.equal(salt.hash(long), hmac(long))
    const key = "k".repeat(100)
    assert.equal(saltedHmac(key).hash("x"), `hmac-sha256:${createHmac("sha256", key).update("x").digest("hex")}`)
    for (let number = 0; number < 3000; number++) salt.hash(`token-${number}`)
    salt.forget()
    assert.equal(salt.hash("token-1"), hmac("token-1"))
  })

  test("hides strings at any depth and leaves numbers, booleans, null and times as they are", () => {
    const data = {
      text: "canary",
      empty: "",
      number: 1.5,
      large: rawNumber("12345678901234567890.10"),
      flag: true,
      nothing: null,
      time: "2026-01-02T03:04:05.123456789Z",
      almost: "2026-13-02T03:04:05Z",
      list: ["canary", 1, ["canary"]],
      deep: { map: new Map<string, unknown>([["key", "canary"]]) },
      bytes: new TextEncoder().encode("canary"),
      moment: new Date(0),
      left: undefined,
    }
    const line = formatOf().response({ ...testRequest(), response: { data } })
    assert.ok(!line.includes('"canary"'))
    assert.match(line, /"large":12345678901234567890\.10,/)
    assert.deepEqual(parsed(line).response.data, {
      text: hmac("canary"),
      empty: hmac(""),
      number: 1.5,
      large: Number("12345678901234567890.10"),
      flag: true,
      nothing: null,
      time: "2026-01-02T03:04:05.123456789Z",
      almost: hmac("2026-13-02T03:04:05Z"),
      list: [hmac("canary"), 1, [hmac("canary")]],
      deep: { map: { key: hmac("canary") } },
      bytes: hmac("Y2FuYXJ5"),
      moment: "1970-01-01T00:00:00.000Z",
    })
  })

  test("shows what the route declares plain at the top only, and the mount's keys at any depth", () => {
    const data = { type: "kv", inner: { type: "canary", note: "seen" }, note: ["seen"] }
    assert.deepEqual(dataOf({ data }, { responseKeys: { plain: new Set(["type"]), nonHmac: ["note"] } }), {
      type: "kv",
      inner: { type: hmac("canary"), note: "seen" },
      note: ["seen"],
    })
    const whole = { inner: { type: "kv" } }
    assert.deepEqual(dataOf({ data: whole }, { responseKeys: { plain: new Set(["inner"]) } }), whole)
  })

  test("counts the keys of a listing instead of naming them, when told to", () => {
    const record = { request: { ...testRequest().request, operation: "list" } }
    const data = { keys: ["a", "b"], key_info: { a: {}, b: {} }, more: "x" }
    assert.deepEqual(dataOf({ data }, record, { elideListResponses: true }), { keys: 2, key_info: 2, more: hmac("x") })
    assert.deepEqual(dataOf({ data }, {}, { elideListResponses: true }).keys, [hmac("a"), hmac("b")])
  })

  test("shows accessors when told to, and everything when raw", () => {
    const shown = parsed(formatOf({ hmacAccessor: false }).request(testRequest()))
    assert.equal(shown.auth.accessor, "canary-accessor")
    assert.equal(shown.request.client_token_accessor, "canary-accessor")
    assert.match(shown.auth.client_token, /^hmac-sha256:/)
    const raw = parsed(formatOf({ raw: true }).response(testResponse()))
    assert.equal(raw.auth.client_token, testRequest().auth?.client_token)
    assert.equal(raw.response.data.data.password, "canary-password")
  })

  test("stays one line of the same meaning, whatever a caller puts into paths, keys and headers", () => {
    const format = formatOf()
    const headers: AuditedHeaders = new Map([["user-agent", { hmac: false }]])
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "binary-ascii" }), (path, agent) => {
        const hostile = `${path}\n\u001b[2J\u2028\u202e\u009b\ud800<script>{"type":"request"}`
        const request = {
          ...testRequest().request,
          path: hostile,
          headers: new Map([["user-agent", [agent]]]),
          data: { [hostile]: 1 },
        }
        const line = format.request({ ...testRequest(), request, error: hostile }, headers)
        assert.doesNotMatch(line, /[\u0000-\u001f\u007f-\u009f\u2028-\u202e<>]/)
        assert.equal(parsed(line).request.path, hostile.toWellFormed())
        assert.deepEqual(parsed(line).request.headers, { "user-agent": [agent] })
        assert.deepEqual(Object.keys(parsed(line).request.data), [hostile.toWellFormed()])
      }),
    )
  })

  test("writes of the headers only those that are named, hashed where the table says so", () => {
    const request = {
      ...testRequest().request,
      headers: new Map(Object.entries({ "x-a": ["1"], "x-b": ["2", "3"], cookie: ["canary"] })),
    }
    const audited: AuditedHeaders = new Map([
      ["x-b", { hmac: true }],
      ["x-a", { hmac: false }],
      ["x-c", { hmac: false }],
    ])
    const line = formatOf().request({ ...testRequest(), request }, audited)
    assert.deepEqual(parsed(line).request.headers, { "x-a": ["1"], "x-b": [hmac("2"), hmac("3")] })
    assert.ok(!line.includes('canary"'))
  })

  test("gives the time in UTC without trailing zeros", () => {
    const at = (time: number): string => parsed(formatOf().request({ ...testRequest(), time })).time
    assert.equal(at(Date.UTC(2026, 0, 2, 3, 4, 5)), "2026-01-02T03:04:05Z")
    assert.equal(at(Date.UTC(2026, 0, 2, 3, 4, 5, 120)), "2026-01-02T03:04:05.12Z")
    assert.equal(at(Date.UTC(2026, 0, 2, 3, 4, 5, 7) + 0.25), "2026-01-02T03:04:05.00725Z")
    assert.equal(at(Date.UTC(2026, 0, 2, 3, 4, 5, 999) + 0.9999), "2026-01-02T03:04:06Z")
  })
})

const AUDITED_HEADERS: AuditedHeaders = new Map([
  ["x-foo", { hmac: true }],
  ["x-bar", { hmac: false }],
])

function namesIn(data: AuditData, key: string): string[] {
  const names: unknown = Reflect.get(data, key)
  return Array.isArray(names) ? names.map(String) : []
}

/** The values that a raw record was made of. */
function recordOf(raw: AuditRecordText): AuditRequest & AuditResponse {
  const headers =
    raw.request.headers === undefined
      ? undefined
      : new Map([
          ["x-foo", ["secretfoo"]],
          ["x-bar", ["bar"]],
        ])
  const version = raw.response?.mount_running_plugin_version
  return {
    time: Date.parse(raw.time),
    auth: raw.auth,
    request: { ...raw.request, headers },
    error: raw.error,
    response: { ...raw.response, mount_running_version: version },
  }
}

interface AuditRecordText {
  readonly time: string
  readonly type: string
  readonly auth: NonNullable<AuditRequest["auth"]>
  readonly request: AuditRequest["request"]
  readonly error?: string
  readonly response?: AuditResponse["response"] & { readonly mount_running_plugin_version?: string }
}

/** A number with a text of its own, as the server's JSON reader makes it. */
const rawNumber = (text: string): unknown => Reflect.apply(Reflect.get(JSON, "rawJSON"), JSON, [text])
