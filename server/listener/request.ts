/** Reading the parts of a request that an attacker chooses: its path, its query, its body. */

import type { IncomingMessage } from "node:http"
import { Refusal, refuse } from "@arca/api"

const MAX_PATH_BYTES = 8192
const MAX_PARAMETERS = 256

const decoder = new TextDecoder("utf-8", { fatal: true })

/**
 * The one form of a path that everyone after this sees: decoded exactly once, without empty or dot segments.
 * Refuses (400) what has no such form: bad escapes, invalid UTF-8, control characters, `.` and `..`.
 */
export function canonicalPath(url: string): { path: string; query: ReadonlyMap<string, readonly string[]> } {
  if (url.length > MAX_PATH_BYTES) throw new Refusal(414, ["the path is too long"])
  const cut = url.search(/[?#]/)
  const raw = cut < 0 ? url : url.slice(0, cut)
  if (!raw.startsWith("/")) throw refuse.invalid("the request's path must begin with a slash")
  const decoded = raw.includes("%") ? decodeOnce(raw) : raw
  if (/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/.test(decoded)) {
    throw refuse.invalid("the path holds control characters")
  }
  const path = decoded.includes("//") ? decoded.replaceAll(/\/{2,}/g, "/") : decoded
  if (/\/\.\.?(\/|$)/.test(path)) throw refuse.invalid("the path holds '.' or '..' segments")
  return { path, query: queryOf(cut < 0 || url[cut] === "#" ? "" : url.slice(cut + 1)) }
}

function decodeOnce(text: string): string {
  if (/%(?![0-9a-fA-F]{2})/.test(text)) throw refuse.invalid("the path holds a bad escape")
  const bytes: number[] = []
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    if (code > 0x7f) throw refuse.invalid("the path holds characters that must be escaped")
    if (code !== 0x25) {
      bytes.push(code)
      continue
    }
    bytes.push(Number.parseInt(text.slice(index + 1, index + 3), 16))
    index += 2
  }
  return decodedText(Uint8Array.from(bytes))
}

function decodedText(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes)
  } catch {
    throw refuse.invalid("the path is not UTF-8")
  }
}

function queryOf(text: string): ReadonlyMap<string, readonly string[]> {
  const query = new Map<string, string[]>()
  if (text === "") return query
  const pairs = new URLSearchParams(text)
  if (pairs.size > MAX_PARAMETERS) throw refuse.invalid("the query has too many parameters")
  for (const [name, value] of pairs) {
    const values = query.get(name)
    if (values === undefined) query.set(name, [value])
    else values.push(value)
  }
  return query
}

/** How long a sender may go on after it was too much, in milliseconds. */
const LINGER = 1000

/**
 * Throws away what still comes, for a while: closing a connection on which the client is still writing resets it, and the
 * client never reads why (RFC 9112 section 9.6).
 */
function lingering(message: IncomingMessage): Promise<void> {
  return new Promise(resolve => {
    const timer = setTimeout(resolve, LINGER)
    message.on("close", () => {
      clearTimeout(timer)
      resolve()
    })
    message.on("end", resolve)
    message.resume()
  })
}

/** The body, never more than `maxBytes` of it in memory. Refuses 413 beyond that, 415 for a compressed one. */
export async function readBody(message: IncomingMessage, maxBytes: number): Promise<Uint8Array> {
  const encoding = message.headers["content-encoding"]
  if (encoding !== undefined && encoding !== "identity")
    throw new Refusal(415, ["compressed request bodies are not accepted"])
  const tooLarge = () => refuse.tooLarge(`the request is larger than ${maxBytes} bytes`)
  if (Number(message.headers["content-length"] ?? 0) > maxBytes) {
    await lingering(message)
    throw tooLarge()
  }
  const chunks: Buffer[] = []
  let size = 0
  // By events: an iterator over the stream costs as much as the rest of the reading.
  await new Promise<void>((resolve, reject) => {
    message.on("data", (chunk: Buffer) => {
      size += chunk.length
      if (size <= maxBytes) chunks.push(chunk)
      else lingering(message.removeAllListeners("data")).then(() => reject(tooLarge()), reject)
    })
    message.on("end", () => (size > maxBytes ? reject(tooLarge()) : resolve()))
    message.on("error", reject)
    message.on("close", () => {
      if (!message.complete) reject(refuse.invalid("the request ended before its body did"))
    })
  })
  const [only] = chunks
  return chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks)
}
