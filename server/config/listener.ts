/** A `listener` stanza with Vault's keys. */

import { attribute, blocks, type HclBlock, HclError, readBool, readInteger, readString } from "@arca/hcl"
import {
  type ForwardedFor,
  LISTENER_DEFAULTS,
  type ListenerOptions,
  type ProxyProtocol,
  type TlsOptions,
} from "../listener/options.ts"
import type { ProxyBehavior } from "../listener/proxy-protocol.ts"
import { checkedNetworks, secondsOf, textsOf } from "./values.ts"

type Body = HclBlock["body"]

const VERSIONS: ReadonlyMap<string, TlsOptions["minVersion"]> = new Map([
  ["tls12", "TLSv1.2"],
  ["tls13", "TLSv1.3"],
])

/** Reads the stanza `listener "<type>"`. Throws `HclError` with the place. */
export function listenerOptions(type: string, body: Body): ListenerOptions {
  if (type !== "tcp" && type !== "unix")
    throw new HclError(`unknown listener type ${JSON.stringify(type)}; known are tcp and unix`, body.position)
  const read = reader(body)
  const common = {
    headers: responseHeaders(body),
    readHeaderTimeout: read.seconds("http_read_header_timeout") ?? LISTENER_DEFAULTS.readHeaderTimeout,
    readTimeout: read.seconds("http_read_timeout") ?? LISTENER_DEFAULTS.readTimeout,
    idleTimeout: read.seconds("http_idle_timeout") ?? LISTENER_DEFAULTS.idleTimeout,
    maxConnections: read.int("max_connections") ?? LISTENER_DEFAULTS.maxConnections,
    maxRequestBytes: read.int("max_request_size") ?? LISTENER_DEFAULTS.maxRequestBytes,
    unauthenticated: unauthenticatedOf(read, body),
  }
  if (type === "unix") return { ...common, host: "", port: 0, socket: socketOf(read, body) }
  const address = read.text("address") ?? "127.0.0.1:8200"
  const at = address.lastIndexOf(":")
  const port = Number(address.slice(at + 1))
  if (at < 0 || !Number.isInteger(port) || port < 0 || port > 65535) {
    throw new HclError(`listener address ${JSON.stringify(address)} is not of the form host:port`, body.position)
  }
  return {
    ...common,
    host: address.slice(0, at).replace(/^\[|\]$/g, "") || "::",
    port,
    tls: tlsOf(read, body),
    forwardedFor: forwardedOf(read, body),
    proxyProtocol: proxyOf(body),
  }
}

/** Stanzas within a listener, each with a key that opens something to callers without a token, and its name. */
const OPENING = [
  ["telemetry", "unauthenticated_metrics_access", "metrics"],
  ["profiling", "unauthenticated_pprof_access", "pprof"],
  ["inflight_requests_logging", "unauthenticated_in_flight_requests_access", "in-flight-req"],
] as const

/** What a listener opens to callers without a token: by OpenBao's keys, and by Vault's stanzas. */
function unauthenticatedOf(read: Reader, body: Body): readonly string[] {
  const opened = OPENING.filter(([stanza, key]) => blocks(body, stanza).some(block => reader(block.body).flag(key)))
  return [
    ...opened.map(([, , name]) => name),
    ...(read.flag("disable_unauthed_rekey_endpoints") === false ? ["rekey"] : []),
    ...(read.flag("disable_unauthed_generate_root_endpoints") === false ? ["generate-root"] : []),
  ]
}

type Reader = ReturnType<typeof reader>

const reader = (body: Body) => {
  const item = (name: string) => attribute(body, name)
  const of =
    <T>(read: (found: NonNullable<ReturnType<typeof item>>) => T) =>
    (name: string): T | undefined => {
      const found = item(name)
      return found === undefined ? undefined : read(found)
    }
  return {
    text: of(readString),
    int: of(readInteger),
    seconds: of(secondsOf),
    flag: of(found =>
      found.value.kind === "bool"
        ? readBool(found)
        : /^(1|t|true)$/i.test(found.value.kind === "number" ? String(readInteger(found)) : readString(found)),
    ),
  }
}

function socketOf(read: Reader, body: Body): NonNullable<ListenerOptions["socket"]> {
  const path = read.text("address")
  if (path === undefined) throw new HclError('listener "unix" needs address, the path of its socket', body.position)
  const mode = read.text("socket_mode")
  const uid = read.text("socket_user")
  const gid = read.text("socket_group")
  return {
    path,
    ...(mode === undefined ? {} : { mode: Number.parseInt(mode, 8) }),
    ...(uid === undefined ? {} : { uid: Number(uid) }),
    ...(gid === undefined ? {} : { gid: Number(gid) }),
  }
}

function tlsOf(read: Reader, body: Body): TlsOptions | undefined {
  if (read.flag("tls_disable")) return undefined
  const certFile = read.text("tls_cert_file")
  const keyFile = read.text("tls_key_file")
  if (certFile === undefined || keyFile === undefined) {
    throw new HclError('listener "tcp" needs tls_cert_file and tls_key_file, or tls_disable = true', body.position)
  }
  const version = (name: string, fallback: TlsOptions["minVersion"]) => {
    const text = read.text(name)
    if (text === undefined) return fallback
    const known = VERSIONS.get(text)
    if (known === undefined)
      throw new HclError(`${name} ${JSON.stringify(text)} is not offered; tls12 and tls13 are`, body.position)
    return known
  }
  const required = read.flag("tls_require_and_verify_client_cert") ?? false
  const asked = !(read.flag("tls_disable_client_certs") ?? false)
  if (required && !asked) {
    throw new HclError(
      "'tls_disable_client_certs' and 'tls_require_and_verify_client_cert' are mutually exclusive",
      body.position,
    )
  }
  return {
    certFile,
    keyFile,
    minVersion: version("tls_min_version", "TLSv1.2"),
    maxVersion: version("tls_max_version", "TLSv1.3"),
    clientCaFile: read.text("tls_client_ca_file"),
    requestClientCertificate: asked,
    requireClientCertificate: required,
    cipherSuites: undefined,
  }
}

function forwardedOf(read: Reader, body: Body): ForwardedFor | undefined {
  const authorized = textsOf(body).get("x_forwarded_for_authorized_addrs")
  if (authorized === undefined) return undefined
  return {
    authorized: checkedNetworks(listOf(authorized), "x_forwarded_for_authorized_addrs", body.position),
    hopSkips: read.int("x_forwarded_for_hop_skips") ?? 0,
    rejectNotPresent: read.flag("x_forwarded_for_reject_not_present") ?? true,
    rejectNotAuthorized: read.flag("x_forwarded_for_reject_not_authorized") ?? true,
  }
}

const BEHAVIORS: readonly ProxyBehavior[] = ["use_always", "allow_authorized", "deny_unauthorized"]

function proxyOf(body: Body): ProxyProtocol | undefined {
  const texts = textsOf(body)
  const given = texts.get("proxy_protocol_behavior")
  if (given === undefined) return undefined
  const behavior = BEHAVIORS.find(one => one === given)
  if (behavior === undefined)
    throw new HclError(`proxy_protocol_behavior is one of ${BEHAVIORS.join(", ")}`, body.position)
  const name = "proxy_protocol_authorized_addrs"
  const authorized = checkedNetworks(listOf(texts.get(name) ?? ""), name, body.position)
  if (behavior !== "use_always" && authorized.length === 0)
    throw new HclError(`proxy_protocol_behavior ${behavior} needs ${name}`, body.position)
  return { behavior, authorized }
}

const listOf = (text: string): string[] =>
  text
    .split(",")
    .map(one => one.trim())
    .filter(one => one !== "")

/** `custom_response_headers { "default" = { "X-Header" = ["value"] } }`; only the default group is applied. */
function responseHeaders(body: Body): ReadonlyMap<string, string> {
  const headers = new Map<string, string>()
  for (const block of blocks(body, "custom_response_headers")) {
    for (const group of blocks(block.body, "default")) {
      for (const [name, value] of textsOf(group.body)) headers.set(name, value)
    }
  }
  return headers
}
