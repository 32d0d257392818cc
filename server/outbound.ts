/**
 * The one way out of this process. A name is resolved once, every address of it is looked at, and what was looked at is what
 * is connected to: redirects, rebinding and other spellings of an address (decimal, IPv4-mapped, NAT64) lead nowhere else.
 */

import { lookup } from "node:dns/promises"
import { isIP } from "node:net"
import { type Approved, nodeTls, type Outbound, type Received, refuse, type Sending, type TlsOptions } from "@arca/api"
import { blockListOf, isListed } from "@arca/auth/cidr"
import { Agent, request } from "undici"

/** Networks are in CIDR form; a network named in `allow` is allowed whatever else forbids it. */
export interface OutboundRules {
  readonly allow: readonly string[]
  readonly deny: readonly string[]
  /** Whether private networks and this machine itself may be connected to: databases are mostly there. */
  readonly privateNetworks: boolean
}

export const OUTBOUND_DEFAULTS: OutboundRules = { allow: [], deny: [], privateNetworks: true }

/** Addresses where a machine's own credentials are handed out, or that lead to many: nothing to ask for a secret. */
const NEVER = [
  ...["0.0.0.0/8", "169.254.0.0/16", "100.100.100.200/32", "168.63.129.16/32", "192.0.0.192/32", "224.0.0.0/4"],
  ...["255.255.255.255/32", "::/128", "fe80::/10", "fd00:ec2::/32", "fd20:ce::/32", "ff00::/8"],
]

/** This machine, RFC 1918, carrier-grade NAT (RFC 6598), unique local addresses (RFC 4193). */
const PRIVATE = ["127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "::1/128", "fc00::/7"]

type Verdict = "allowed" | "private" | "forbidden"

/** The IPv4 address that an IPv6 address stands for (mapped, NAT64 of RFC 6052, 6to4 of RFC 3056); itself otherwise. */
export function plainAddress(address: string): string {
  const bare = address.replace(/%.*$/, "")
  if (isIP(bare) !== 6) return bare
  const groups = groupsOf(bare)
  const ipv4 = (at: number) =>
    [groups[at] ?? 0, groups[at + 1] ?? 0].flatMap(group => [group >> 8, group & 255]).join(".")
  const zeros = (from: number, to: number) => groups.slice(from, to).every(group => group === 0)
  if (zeros(0, 5) && groups[5] === 0xffff) return ipv4(6)
  if (zeros(0, 6) && (groups[6] ?? 0) !== 0) return ipv4(6)
  if (groups[0] === 0x64 && groups[1] === 0xff9b && zeros(2, 6)) return ipv4(6)
  if (groups[0] === 0x2002) return ipv4(1)
  return bare
}

function groupsOf(address: string): number[] {
  const hex = address.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, a, b, c, d) =>
    [Number(a) * 256 + Number(b), Number(c) * 256 + Number(d)].map(group => group.toString(16)).join(":"),
  )
  const [head = "", tail] = hex.split("::")
  const read = (text: string) => (text === "" ? [] : text.split(":").map(group => Number.parseInt(group, 16)))
  if (tail === undefined) return read(head)
  const [before, after] = [read(head), read(tail)]
  return [...before, ...Array<number>(8 - before.length - after.length).fill(0), ...after]
}

/** Judges addresses by the operator's rules. */
export function judge(rules: OutboundRules): (address: string) => Verdict {
  const allow = blockListOf(rules.allow)
  const deny = blockListOf(rules.deny)
  const never = blockListOf(NEVER)
  const own = blockListOf(PRIVATE)
  return given => {
    const address = plainAddress(given)
    if (isIP(address) === 0) return "forbidden"
    if (isListed(allow, address)) return "allowed"
    if (isListed(deny, address) || isListed(never, address)) return "forbidden"
    return isListed(own, address) && !rules.privateNetworks ? "private" : "allowed"
  }
}

export interface OutboundWorld {
  readonly rules: OutboundRules
  /** All addresses of a name. */
  readonly resolve?: (host: string) => Promise<readonly string[]>
}

const RESOLVE = async (host: string): Promise<readonly string[]> =>
  (await lookup(host, { all: true })).map(found => found.address)

/** The way out under the operator's rules. */
export function outbound({ rules, resolve = RESOLVE }: OutboundWorld): Outbound {
  const verdictOf = judge(rules)
  const approve = async (host: string, port: number): Promise<Approved> => {
    if (!Number.isInteger(port) || port < 1 || port > 65535) throw refuse.invalid(`${port} is no port`)
    const bare = host.replace(/^\[(.*)\]$/, "$1")
    if (bare === "" || !/^[\w.:%-]+$/.test(bare)) throw refuse.invalid(`${JSON.stringify(host)} is no host name`)
    const addresses = await addressesOf(bare, resolve)
    for (const address of addresses) refuseBy(verdictOf(address), bare)
    return { host: bare, address: addresses[0] ?? "", port }
  }
  return { approve, lookup: lookupBy(approve), fetch: (url, sending = {}) => fetchApproved(approve, url, sending) }
}

/** The port plays no part in what is allowed; any does. */
const ANY_PORT = 1

const lookupBy =
  (approve: Approve): Outbound["lookup"] =>
  (host, options, callback) => {
    approve(host, ANY_PORT).then(
      ({ address }) => {
        const family = isIP(address)
        if (options.all) callback(null, [{ address, family }])
        else callback(null, address, family)
      },
      (error: unknown) => callback(error instanceof Error ? error : new Error(String(error)), ""),
    )
  }

async function addressesOf(
  host: string,
  resolve: (host: string) => Promise<readonly string[]>,
): Promise<readonly string[]> {
  const addresses = await resolve(host).catch((error: unknown) => {
    throw refuse.upstream(`cannot resolve the host ${JSON.stringify(host)}: ${codeOf(error)}`)
  })
  if (addresses.length === 0) throw refuse.upstream(`the host ${JSON.stringify(host)} has no address`)
  return addresses
}

function refuseBy(verdict: Verdict, host: string): void {
  if (verdict === "allowed") return
  const why =
    verdict === "private"
      ? "it is in a private network, and the server's configuration keeps to public ones"
      : "its address is forbidden"
  throw refuse.invalid(
    `connections to ${JSON.stringify(host)} are not allowed: ${why}; the operator can name it in the "outbound" stanza`,
  )
}

const DEFAULT_SECONDS = 30
const DEFAULT_BYTES = 4 * 1024 * 1024

type Approve = (host: string, port: number) => Promise<Approved>

async function fetchApproved(approve: Approve, url: string, sending: Sending): Promise<Received> {
  const signal = AbortSignal.timeout((sending.timeoutSeconds ?? DEFAULT_SECONDS) * 1000)
  let target = urlOf(url)
  let sent = sending
  for (let left = sending.redirects ?? 0; ; left--) {
    const received = await exchange(approve, target, sent, signal)
    const location = received.status >= 300 && received.status < 400 ? received.headers.location : undefined
    if (location === undefined || left <= 0) return accepted(received, target, sent)
    const next = urlOf(location, target)
    sent = redirected(sent, received.status, target, next)
    target = next
  }
}

function urlOf(text: string, base?: URL): URL {
  const url = URL.parse(text, base?.href)
  if (url === null || !/^https?:$/.test(url.protocol)) throw refuse.invalid("the address is no http or https URL")
  if (base?.protocol === "https:" && url.protocol === "http:")
    throw refuse.upstream(`${base.host} redirects from https to http`)
  return url
}

/** What is sent on: to another origin without credentials, and as GET where the status says so (RFC 9110 15.4). */
function redirected(sending: Sending, status: number, from: URL, to: URL): Sending {
  const foreign = from.origin !== to.origin
  const headers = Object.fromEntries(
    Object.entries(sending.headers ?? {}).filter(
      ([name]) => !foreign || /^(accept|content-type|user-agent)$/i.test(name),
    ),
  )
  const { body, tls, ...rest } = sending
  const { cert: _cert, key: _key, ...trust } = tls ?? {}
  const kept = { ...rest, headers, tls: foreign ? trust : (tls ?? {}) }
  const becomesGet = status === 303 || (status < 303 && sending.method === "POST")
  if (becomesGet) return { ...kept, method: "GET" }
  return body === undefined ? kept : { ...kept, body }
}

function accepted(received: Received, url: URL, { accept = [], method = "GET" }: Sending): Received {
  if (received.status >= 200 && received.status < 300) return received
  if (accept === true || accept.includes(received.status)) return received
  throw refuse.upstream(`${url.host} answered ${method} ${url.pathname} with status ${received.status}`)
}

async function exchange(approve: Approve, url: URL, sending: Sending, signal: AbortSignal): Promise<Received> {
  const approved = await approve(url.hostname, Number(url.port || (url.protocol === "https:" ? 443 : 80)))
  const agent = agentFor(approved, sending.tls ?? {})
  try {
    const { statusCode, headers, body } = await request(url, {
      dispatcher: agent,
      signal,
      method: sending.method ?? "GET",
      headers: { "user-agent": "arca", ...sending.headers },
      ...(sending.body === undefined ? {} : { body: sending.body }),
    })
    return receivedOf(statusCode, headers, await bytesOf(body, sending.maxBytes ?? DEFAULT_BYTES, url), url)
  } catch (error) {
    if (error instanceof Error && error.name === "Refusal") throw error
    const what = signal.aborted ? "it took too long" : codeOf(error)
    throw refuse.upstream(`no answer from ${url.host} to ${sending.method ?? "GET"} ${url.pathname}: ${what}`)
  } finally {
    // Not `close`: it would wait for an answer that was given up on.
    void agent.destroy()
  }
}

/** Connects to the address that was approved, whatever the name resolves to by now. */
function agentFor(approved: Approved, tls: TlsOptions): Agent {
  return new Agent({
    connections: 1,
    pipelining: 0,
    connect: {
      lookup: (_host, options, callback) => {
        const family = isIP(approved.address)
        if (options.all) callback(null, [{ address: approved.address, family }])
        else callback(null, approved.address, family)
      },
      ...nodeTls(approved, tls),
    },
  })
}

async function bytesOf(body: AsyncIterable<Uint8Array>, limit: number, url: URL): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of body) {
    size += chunk.length
    if (size > limit) throw refuse.upstream(`the answer of ${url.host} is longer than ${limit} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function receivedOf(
  status: number,
  headers: Readonly<Record<string, string | string[] | undefined>>,
  body: Uint8Array,
  url: URL,
): Received {
  const text = () => Buffer.from(body).toString("utf8")
  const flat = Object.entries(headers).flatMap(([name, value]) => {
    const one = Array.isArray(value) ? value.at(-1) : value
    return one === undefined ? [] : [[name.toLowerCase(), one] as const]
  })
  return {
    status,
    headers: Object.fromEntries(flat),
    body,
    text,
    json: () => {
      try {
        return JSON.parse(text()) as unknown
      } catch {
        throw refuse.upstream(`the answer of ${url.host} is no JSON`)
      }
    },
  }
}

/** The kind of a failure, as Node names it: `ECONNREFUSED`, `CERT_HAS_EXPIRED`. Its message may hold what must not be told. */
function codeOf(error: unknown): string {
  for (let one = error; one instanceof Error; one = one.cause) {
    const { code } = one as NodeJS.ErrnoException
    if (typeof code === "string") return code
  }
  return error instanceof Error ? error.name : "unknown failure"
}
