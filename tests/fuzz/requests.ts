/** Requests made up from what the routes declare, most of them wrong in some way. */

import type { Field, Route } from "@arca/api"
import type { ServerContext } from "../../server/server.ts"
import { testServer } from "../../server/testing.ts"
import { requestBytes } from "../security/wire.ts"
import { type Dice, mutated } from "./dice.ts"

/** What would end the run instead of testing it: sealing, other keys, other places, limits for everyone. */
const LEFT_OUT =
  /^sys\/(seal|step-down|init|unseal|rekey|rotate|generate-root|audit\/|quotas\/|storage\/|raw|config\/(reload|cors|ui|auditing)|loggers|namespaces\/api-lock|revoke-(prefix|force)|leases\/(revoke-(prefix|force)|tidy))|^auth\/token\/revoke/

interface Target {
  readonly path: string
  readonly route: Route<ServerContext>
}

/** Engines that need nothing outside, with the mounts they are given. */
export const MOUNTS: readonly {
  readonly kind: "secret" | "auth"
  readonly type: string
  readonly path: string
  readonly version?: string
}[] = [
  { kind: "secret", type: "kv", path: "fuzz1/", version: "1" },
  { kind: "secret", type: "kv", path: "fuzz2/", version: "2" },
  { kind: "secret", type: "totp", path: "fuzztotp/" },
  { kind: "auth", type: "userpass", path: "auth/fuzzup/" },
  { kind: "auth", type: "approle", path: "auth/fuzzar/" },
]
const BUILT_IN = [
  { kind: "secret", type: "system", path: "sys/" },
  { kind: "secret", type: "cubbyhole", path: "cubbyhole/" },
  { kind: "secret", type: "identity", path: "identity/" },
  { kind: "auth", type: "token", path: "auth/token/" },
] as const

/** Every route that can be tried, with the path of its mount in front. */
export async function targets(): Promise<Target[]> {
  const { registry } = (await testServer()).server
  return [...BUILT_IN, ...MOUNTS].flatMap(mount => {
    if (registry.engine(mount.kind, mount.type) === undefined) return []
    const options = "version" in mount ? { version: mount.version ?? "1" } : null
    return registry
      .table({ kind: mount.kind, type: mount.type, options })
      .flatMap(route => route.paths.map(path => ({ path: mount.path + path, route })))
      .filter(({ path }) => !LEFT_OUT.test(path))
  })
}

const NAMES = [
  "a",
  "b",
  "app",
  "root",
  "default",
  "x.y",
  "a-b",
  "__proto__",
  "constructor",
  "..",
  ".",
  "",
  "%2e%2e",
  "A",
  "é",
  "a b",
  "a/b",
  "0",
  "-1",
  "*",
  "+",
  "x".repeat(300),
  "%00",
  "%",
  "a%2fb",
  "a;b",
  "null",
]
const VERBS = [
  "GET",
  "PUT",
  "POST",
  "DELETE",
  "PATCH",
  "LIST",
  "SCAN",
  "HEAD",
  "OPTIONS",
  "TRACE",
  "get",
  "PROPFIND",
  "",
]

function path(target: string, { pick }: Dice): string {
  return target
    .replaceAll(/[:*]\w+/g, () => pick(NAMES))
    .replaceAll(" ", "%20")
    .replaceAll("é", "%C3%A9")
}

/** A value that such a field may take, or one of another kind. */
function value({ kind, options }: Field<unknown>, dice: Dice): unknown {
  const { pick, number, chance } = dice
  if (chance(0.3)) return odd(dice)
  if (options.choices !== undefined && chance(0.6)) return pick(options.choices)
  if (kind.openapi === "integer") return pick([0, 1, -1, 60, "1h", "5", 2 ** 53, 1e300, number(1000)])
  if (kind.openapi === "boolean") return pick([true, false, "true", "1", 0])
  if (kind.openapi === "array") return pick([["a"], "a,b", [], ["root"], [1, 2], Array.from({ length: 50 }, String)])
  if (kind.openapi === "object") return pick([{ a: "b" }, {}, { a: { b: 1 } }, "a=b"])
  return pick([...NAMES, 'path "x" { capabilities = ["read"] }', "aGVsbG8=", "2026-01-01T00:00:00Z", "127.0.0.1/32"])
}

const deep = (levels: number): string => `${'{"a":'.repeat(levels)}1${"}".repeat(levels)}`

function odd({ pick, number }: Dice): unknown {
  return pick([
    null,
    [],
    {},
    [[]],
    [null],
    { "": "" },
    -0,
    1.5,
    "",
    "\u0000",
    "\ud800",
    "x".repeat(5000),
    true,
    [{ a: [1] }],
    number(10),
    JSON.parse(deep(60)),
  ])
}

function body(route: Route<ServerContext>, dice: Dice): unknown {
  const { chance, pick } = dice
  if (chance(0.1))
    return pick(["", "null", "[]", '"x"', "{", '{"a":1,}', deep(501), deep(499), "\u00ff", "a=b&c=d", "{}"])
  const entries = Object.entries(route.fields)
    .filter(() => chance(0.5))
    .map(([name, field]) => [name, value(field, dice)])
  if (chance(0.1)) entries.push([pick(NAMES), odd(dice)])
  return Object.fromEntries(entries)
}

function headers(dice: Dice): Record<string, string> {
  const { chance, pick } = dice
  return {
    ...(chance(0.1) && { "X-Vault-Wrap-TTL": pick(["60", "1h", "-1", "x", "99999999h", "0"]) }),
    ...(chance(0.1) && { "X-Vault-Namespace": pick(["", "a", "a/b", "/", "..", "root"]) }),
    ...(chance(0.05) && { "X-Vault-Wrap-Format": pick(["jwt", "x"]) }),
    ...(chance(0.3) && {
      "Content-Type": pick([
        "application/json",
        "application/merge-patch+json",
        "text/plain",
        ";",
        "application/x-www-form-urlencoded",
      ]),
    }),
    ...(chance(0.03) && { Expect: pick(["100-continue", "x"]) }),
    ...(chance(0.03) && { Upgrade: "websocket" }),
  }
}

const QUERIES = [
  "list=true",
  "help=1",
  "version=2",
  "limit=3",
  "limit=-1",
  "after=a",
  "list=x",
  "standbyok=true",
  "a[b]=c",
  "=",
  "%",
  "limit=max",
  "depth=1",
]

/** The bytes of one request. */
export function request(all: readonly Target[], token: string, dice: Dice): Buffer {
  const { pick, chance } = dice
  const { path: declared, route } = pick(all)
  const method = chance(0.75) ? pick(["GET", "PUT", "POST", "DELETE", "PATCH", "LIST"]) : pick(VERBS)
  const query = chance(0.3) ? `?${pick(QUERIES)}${chance(0.2) ? `&${pick(QUERIES)}` : ""}` : ""
  const given = /^(GET|LIST|DELETE|HEAD|SCAN)$/.test(method) && !chance(0.1) ? undefined : body(route, dice)
  const who = chance(0.9) ? token : pick(["", "hvs.x", `${token}x`])
  const bytes = requestBytes({
    method,
    path: path(declared, dice) + query,
    token: who,
    headers: headers(dice),
    body: given,
  })
  return chance(0.2) ? mutated(bytes, dice) : bytes
}
