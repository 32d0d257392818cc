/**
 * The verbs LIST and SCAN, which Node's HTTP parser does not know.
 *
 * When the parser has refused a request line that begins with one of them, its socket is given a fresh parser and the same
 * bytes with the verb replaced by one of equal length that Node knows and nobody uses here (LINK, LOCK). Requests with any
 * other verb never pass through this. A real LINK or LOCK is refused.
 */

import type { IncomingMessage, Server, ServerResponse } from "node:http"
import type { Duplex } from "node:stream"

const STAND_INS: ReadonlyMap<string, string> = new Map([
  ["LIST", "LINK"],
  ["SCAN", "LOCK"],
])
const ORIGINALS: ReadonlyMap<string, string> = new Map([...STAND_INS].map(([verb, standIn]) => [standIn, verb]))

/** How many renamed request lines a socket still has to deliver. */
const expected = new WeakMap<Duplex, string[]>()

interface ParserError extends Error {
  readonly code?: string
  readonly rawPacket?: Buffer
  readonly bytesParsed?: number
}

/** Gives the refused bytes back under another verb; false when the refusal was deserved. */
export function rescue(server: Server, error: ParserError, socket: Duplex): boolean {
  const { code, rawPacket, bytesParsed } = error
  if (code !== "HPE_INVALID_METHOD" || rawPacket === undefined || socket.destroyed) return false
  const start = startOf(rawPacket, bytesParsed ?? 0)
  if (start === undefined) return false
  const verb = rawPacket.toString("latin1", start, start + 4)
  const standIn = STAND_INS.get(verb)
  if (standIn === undefined) return false
  const packet = Buffer.from(rawPacket.subarray(start))
  packet.write(standIn, 0, "latin1")
  expected.set(socket, [...(expected.get(socket) ?? []), standIn])
  whenAnswered(socket, () => {
    detach(socket)
    // To a TLS server the socket is one whose handshake is done.
    server.emit("encrypted" in socket ? "secureConnection" : "connection", socket)
    socket.unshift(packet)
    socket.resume()
  })
  return true
}

/**
 * Acts when all requests before have been answered: their responses hang on the socket until the last byte has left, which may be
 * after the client has read it and sent the next. Meanwhile nothing is read.
 */
function whenAnswered(socket: Duplex, act: () => void): void {
  const response = answerUnderWay(socket)
  if (socket.destroyed) return
  if (response === undefined) {
    act()
    return
  }
  attachedTo(socket).parser?.unconsume?.()
  socket.removeAllListeners("data")
  socket.pause()
  response.once("close", () => whenAnswered(socket, act))
}

/**
 * Where the refused request line begins. The parser stops inside the verb, at most three bytes after its start; only a line
 * at the very start of what it was given, or right behind a complete message, is one.
 */
function startOf(packet: Buffer, parsed: number): number | undefined {
  for (let start = Math.max(0, parsed - 4); start <= parsed; start++) {
    const line = packet.toString("latin1", start, start + 6)
    if (/^(LIST|SCAN) \//.test(line) && start === 0) return start
  }
  return undefined
}

interface Attached {
  /** Node's HTTP parser, which reads the socket's handle by itself until it is told to let go. */
  parser?: { unconsume?: () => void; remove?: () => void; socket?: unknown } | null
  _httpMessage?: ServerResponse | null
}

const attachedTo = (socket: Duplex) => socket as Duplex & Attached

/** The response that a connection is being answered with, and that others wait for. */
export const answerUnderWay = (socket: Duplex): ServerResponse | undefined =>
  attachedTo(socket)._httpMessage ?? undefined

/** Takes the HTTP machinery off a socket, so that it can be connected anew. */
function detach(socket: Duplex): void {
  const held = attachedTo(socket)
  held.parser?.unconsume?.()
  held.parser?.remove?.()
  held.parser = null
  held._httpMessage = null
  for (const event of ["data", "end", "close", "drain", "error", "timeout", "pause", "resume"]) {
    socket.removeAllListeners(event)
  }
}

/** The verb that the client sent. Undefined for a LINK or LOCK that is nobody's stand-in. */
export function verbOf(message: IncomingMessage): string | undefined {
  const method = message.method ?? ""
  const original = ORIGINALS.get(method)
  if (original === undefined) return method
  const waiting = expected.get(message.socket)
  if (waiting?.[0] !== method) return undefined
  waiting.shift()
  return original
}
