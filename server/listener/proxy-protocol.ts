/**
 * The PROXY protocol (HAProxy, versions 1 and 2): a line or block before the first byte of a connection that says where it
 * comes from, for proxies that pass TCP on as it is.
 */

import type { Socket } from "node:net"

/** Vault's `proxy_protocol_behavior`. Addresses are those that `proxy_protocol_authorized_addrs` lists. */
export type ProxyBehavior = "use_always" | "allow_authorized" | "deny_unauthorized"

export interface Origin {
  readonly address: string
  readonly port: number
}

/** What stands at the start of a connection: how many bytes it takes, and the origin unless the proxy speaks for itself. */
export interface Header {
  readonly length: number
  readonly origin: Origin | undefined
}

const V1 = Buffer.from("PROXY ")
const V2 = Buffer.from("\r\n\r\n\0\r\nQUIT\n", "latin1")
/** The longest line of version 1, with its end. */
const V1_LONGEST = 107
const V2_FIXED = 16
/** Addresses and what may follow them; more is no header but an attempt to fill memory. */
const V2_LONGEST = 2048

/** The header at the start of `bytes`; `"none"` when there is none, `"more"` when more bytes are needed to tell. Throws on a broken one. */
export function headerOf(bytes: Buffer): Header | "none" | "more" {
  if (startsLike(bytes, V2)) return bytes.length < V2_FIXED ? "more" : binary(bytes)
  if (startsLike(bytes, V1)) return bytes.length < V1.length ? "more" : text(bytes)
  return "none"
}

const startsLike = (bytes: Buffer, signature: Buffer): boolean => {
  const length = Math.min(bytes.length, signature.length)
  return length > 0 && bytes.compare(signature, 0, length, 0, length) === 0
}

function text(bytes: Buffer): Header | "more" {
  const end = bytes.subarray(0, V1_LONGEST).indexOf("\r\n")
  if (end < 0 && bytes.length < V1_LONGEST) return "more"
  const line = bytes.toString("latin1", 0, Math.max(0, end))
  if (/^PROXY UNKNOWN(?: |$)/.test(line)) return { length: end + 2, origin: undefined }
  const found = /^PROXY TCP[46] ([0-9a-fA-F.:]+) [0-9a-fA-F.:]+ (\d{1,5}) \d{1,5}$/.exec(line)
  if (found === null) throw new Error("a broken PROXY line")
  return { length: end + 2, origin: { address: found[1] ?? "", port: Number(found[2]) } }
}

const IPV4 = 1
const IPV6 = 2

function binary(bytes: Buffer): Header | "more" {
  const version = bytes.readUInt8(12) >> 4
  const command = bytes.readUInt8(12) & 0x0f
  const family = bytes.readUInt8(13) >> 4
  const length = bytes.readUInt16BE(14)
  if (version !== 2 || command > 1 || length > V2_LONGEST) throw new Error("a broken PROXY block")
  if (bytes.length < V2_FIXED + length) return "more"
  const body = bytes.subarray(V2_FIXED, V2_FIXED + length)
  return { length: V2_FIXED + length, origin: command === 0 ? undefined : originIn(body, family) }
}

function originIn(body: Buffer, family: number): Origin | undefined {
  if (family === IPV4 && body.length >= 12)
    return { address: body.subarray(0, 4).join("."), port: body.readUInt16BE(8) }
  if (family !== IPV6 || body.length < 36) return undefined
  const groups = Array.from({ length: 8 }, (_, at) => body.readUInt16BE(at * 2).toString(16))
  return { address: groups.join(":"), port: body.readUInt16BE(32) }
}

/**
 * Reads the header of a connection, then hands the socket on with what follows. A connection whose header is broken, late
 * or from someone who may not send one is closed.
 */
export function readHeader(
  socket: Socket,
  milliseconds: number,
  decide: (header: Header | undefined) => boolean,
  proceed: (rest: Buffer) => void,
): void {
  let bytes: Buffer = Buffer.alloc(0)
  const timer = setTimeout(() => socket.destroy(), milliseconds)
  const fail = () => socket.destroy()
  const stop = () => {
    clearTimeout(timer)
    socket.off("data", read).off("error", fail).off("close", stop)
  }
  const read = (chunk: Buffer) => {
    bytes = Buffer.concat([bytes, chunk])
    const header = headerQuietly(bytes)
    if (header === "more") return
    stop()
    if (header === "broken" || !decide(header === "none" ? undefined : header)) return void socket.destroy()
    proceed(header === "none" ? bytes : bytes.subarray(header.length))
  }
  socket.on("data", read).on("error", fail).on("close", stop)
}

function headerQuietly(bytes: Buffer): Header | "none" | "more" | "broken" {
  try {
    return headerOf(bytes)
  } catch {
    return "broken"
  }
}
