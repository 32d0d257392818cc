/** Parsers under texts that nobody meant: each is read, or refused with a place; nothing else is ever thrown. */

import assert from "node:assert/strict"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { test } from "node:test"
import { JsonRefused, parseDuration, parseJson } from "@arca/api"
import { HclError, parseHcl } from "@arca/hcl"
import { parsePasswordPolicy, parsePolicy } from "@arca/policy"
import { BadConfig, configOf, parse } from "../../server/config/read.ts"
import { type Dice, dice, mutated, seedOfRun } from "./dice.ts"

const COUNT = Number(process.env.ARCA_FUZZ_TEXTS ?? 4000)

const HCL = readFileSync(join(import.meta.dirname, "../../hcl/testdata/hashicorp-hcl-v1.jsonl"), "utf8")
  .trimEnd()
  .split("\n")
  .map(line => String((JSON.parse(line) as { input: string }).input))

const POLICIES = [
  'path "secret/data/+/x*" { capabilities = ["read", "list"] min_wrapping_ttl = "1m" allowed_parameters = { "a" = ["b", 1], "*" = [] } }',
  'path "a/{{identity.entity.aliases.acc.name}}" { capabilities = ["deny"] required_parameters = ["x"] expiration = "2027-01-01T00:00:00Z" comment = "x" }',
  '{"path": {"a/*": {"capabilities": ["sudo"], "denied_parameters": {"x": []}}}}',
  'path "x" { policy = "write" pagination_limit = 10 list_scan_response_keys_filter_path = "{{ .path }}{{ .key }}" }',
]
const PASSWORDS = [
  'length = 20\nrule "charset" { charset = "abc" min-chars = 1 }',
  '{"length":8,"rule":[{"charset":{"charset":"xyz"}}]}',
]
const CONFIGS = [
  `storage "lmdb" { path = "/var/lib/arca" }
listener "tcp" { address = "127.0.0.1:8200" tls_disable = true max_request_size = 1000 custom_response_headers { "default" = { "X-A" = ["b"] } } }
seal "static" { current_key_id = "1" current_key = "env://K" }
audit "file" "main" { options { file_path = "/var/log/a" } }
initialize "a" { request "b" { operation = "update" path = "sys/mounts/x" data = { type = "kv" } } }
default_lease_ttl = "1h" max_lease_ttl = 7200 workers = 2 api_addr = "http://x"`,
  '{"storage":{"postgresql":{"connection_url":"postgres://x"}},"listener":[{"tcp":{"address":"[::]:1"}}],"log_level":"debug"}',
  'listener "unix" { address = "/run/arca.sock" socket_mode = "660" }',
]

type Accepted = abstract new (...given: never[]) => Error

function fuzz(
  seed: number,
  corpus: readonly string[],
  read: (text: string) => unknown,
  allowed: readonly Accepted[],
): number {
  const chance: Dice = dice(seed)
  let readable = 0
  for (let nth = 0; nth < COUNT; nth++) {
    const text = mutated(Buffer.from(chance.pick(corpus)), chance).toString()
    try {
      read(text)
      readable++
    } catch (error) {
      const known = allowed.some(one => error instanceof one)
      assert.ok(
        known,
        `seed ${seed}, text ${nth}: ${error instanceof Error ? error.stack : String(error)}\n${JSON.stringify(text)}`,
      )
    }
  }
  return readable
}

const cases: readonly [
  name: string,
  corpus: readonly string[],
  read: (text: string) => unknown,
  allowed: readonly Accepted[],
][] = [
  ["HCL", HCL, parseHcl, [HclError]],
  ["policies", [...POLICIES, ...HCL], parsePolicy, [HclError]],
  ["password policies", PASSWORDS, parsePasswordPolicy, [HclError]],
  [
    "server configurations",
    CONFIGS,
    text => configOf([{ file: "fuzz.hcl", body: parse("fuzz.hcl", text) }]),
    [BadConfig],
  ],
  [
    "JSON bodies",
    ['{"a":[1,2.50,-0,1e400,"x\\u0041"],"b":{"c":null}}', '{"data":{"k":"v"}}', "[]"],
    parseJson,
    [JsonRefused],
  ],
  ["durations", ["1h30m", "90", "-5s", "1.5h", "10d"], parseDuration, []],
]

for (const [name, corpus, read, allowed] of cases) {
  test(`${COUNT} changed texts of ${name} are read or refused with a sentence`, t => {
    const seed = seedOfRun()
    const readable = fuzz(seed, corpus, read, allowed)
    t.diagnostic(`ARCA_FUZZ_SEED=${seed}; ${readable} were readable`)
    assert.ok(readable > COUNT / 200)
  })
}
