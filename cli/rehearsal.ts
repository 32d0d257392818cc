import type { Rehearsed } from "./connect.ts"

/** The request as a line for the shell; the token is fetched when the line runs, not printed. */
export function curlLine({ request, flags }: Rehearsed, program: string): string {
  const files = [
    ["--cacert", flags["ca-cert"]],
    ["--capath", flags["ca-path"]],
    ["--cert", flags["client-cert"]],
    ["--key", flags["client-key"]],
  ] as const
  const headers = Object.entries(request.headers).map(([name, value]) => [
    "-H",
    name === "X-Vault-Token" ? `"${name}: $(${program} print token)"` : doubleQuoted(`${name}: ${value}`),
  ])
  const body = request.body === undefined ? [] : ["-d", quoted(typeof request.body === "string" ? request.body : "@-")]
  return [
    "curl",
    ...(flags["tls-skip-verify"] ? ["--insecure"] : []),
    ...(request.method === "GET" ? [] : ["-X", request.method]),
    ...files.flatMap(([option, file]) => (file === undefined ? [] : [option, quoted(file)])),
    ...headers.flat(),
    ...body,
    doubleQuoted(request.url),
  ].join(" ")
}

const quoted = (text: string): string => `'${text.replaceAll("'", `'"'"'`)}'`
const doubleQuoted = (text: string): string => `"${text.replace(/["\\$`]/g, "\\$&")}"`

const CAPABILITIES = new Map([
  ["GET", ["read"]],
  ["PUT", ["create", "update"]],
  ["POST", ["create", "update"]],
  ["PATCH", ["patch"]],
  ["DELETE", ["delete"]],
])

/** A policy that allows just the request. */
export function policyFor({ request }: Rehearsed): string {
  const url = new URL(request.url)
  const path = decodeURIComponent(url.pathname.replace(/^.*?\/v1\//, ""))
  const verb = ["list", "scan"].find(name => url.searchParams.get(name) === "true")
  const capabilities = verb === undefined ? (CAPABILITIES.get(request.method) ?? []) : [verb]
  const all = needsSudo(path) ? [...capabilities, "sudo"] : capabilities
  return `path "${path}" {\n  capabilities = [${all.map(one => `"${one}"`).join(", ")}]\n}`
}

/** Paths that Vault guards with `sudo`; the last word may be anything where the path ends in a slash. */
const SUDO_PATHS = [
  "auth/token/accessors",
  "auth/token/revoke-orphan",
  "pki/root",
  "pki/root/sign-self-issued",
  "sys/audit",
  "sys/audit/",
  "sys/auth/",
  "sys/config/auditing/request-headers",
  "sys/config/auditing/request-headers/",
  "sys/config/cors",
  "sys/config/ui/headers",
  "sys/config/ui/headers/",
  "sys/internal/inspect/router/",
  "sys/leases",
  "sys/leases/lookup/",
  "sys/leases/revoke-force/",
  "sys/leases/revoke-prefix/",
  "sys/plugins/catalog/",
  "sys/raw/",
  "sys/remount",
  "sys/revoke-force/",
  "sys/revoke-prefix/",
  "sys/rotate",
  "sys/rotate/config",
  "sys/rotate/keyring",
  "sys/seal",
  "sys/step-down",
  "sys/storage/raft/snapshot-auto/config",
]

const needsSudo = (path: string): boolean =>
  SUDO_PATHS.some(guarded => path === guarded || (guarded.endsWith("/") && path.startsWith(guarded)))
