/** JSON values of the wire and of the store. */

/** A number whose text a double cannot keep (9007199254740993, 1.0): `JSON.stringify` returns the same text. */
export type RawNumber = { readonly rawJSON: string }
export type Json = null | boolean | number | string | RawNumber | Json[] | { [key: string]: Json }
export type JsonObject = { [key: string]: Json }

/** The parts of JSON that TypeScript's library does not know yet. */
const { isRawJSON, rawJSON } = JSON as unknown as {
  isRawJSON(value: unknown): boolean
  rawJSON(text: string): RawNumber
}

export const isRawNumber = (value: unknown): value is RawNumber =>
  typeof value === "object" && value !== null && isRawJSON(value)

export const rawNumberText = (value: RawNumber): string => value.rawJSON

/** The text is no JSON, or more of it than is reasonable. The message is a sentence for the caller. */
export class JsonRefused extends Error {
  override readonly name = "JsonRefused"
}

/** Deeper than any request that makes sense; `JSON.stringify` would fail far beyond it. */
const MAX_DEPTH = 500

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })

/** Where a number may stand that a double does not give back as it was: many digits, a point, an exponent, or -0. */
const SUSPICIOUS = /[:[,]\s*-?(?:\d{16}|\d+[.eE]|0(?=\s*[,\]}])(?<=-0))|^\s*-?\d/

/** Parses JSON text or its UTF-8 bytes. Numbers keep their text. Throws `JsonRefused`. */
export function parseJson(input: string | Uint8Array): Json {
  const text = typeof input === "string" ? input : decoded(input)
  if (depthOf(text) > MAX_DEPTH) {
    throw new JsonRefused(`refused JSON input due to high complexity: nested deeper than ${MAX_DEPTH}`)
  }
  try {
    return (SUSPICIOUS.test(text) ? JSON.parse(text, keepNumber) : JSON.parse(text)) as Json
  } catch (error) {
    throw new JsonRefused(`failed to parse JSON input: ${placeOf(error)}`)
  }
}

function decoded(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes)
  } catch {
    throw new JsonRefused("failed to parse JSON input: it is not UTF-8")
  }
}

/** What the engine says of a mistake, without the piece of text that it quotes: that may be a secret. */
const placeOf = (error: unknown): string => {
  const position = error instanceof Error ? /at position (\d+)/.exec(error.message)?.[1] : undefined
  return position === undefined ? "unexpected end of JSON input" : `invalid character at position ${position}`
}

/** How deep brackets nest, counting those in strings too: no less than the true depth where there are none. */
function depthOf(text: string): number {
  if (text.length <= MAX_DEPTH) return 0
  let depth = 0
  let deepest = 0
  let quoted = false
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    if (quoted) {
      if (code === 0x5c) index++
      else if (code === 0x22) quoted = false
    } else if (code === 0x22) quoted = true
    else if (code === 0x7b || code === 0x5b) deepest = Math.max(deepest, ++depth)
    else if (code === 0x7d || code === 0x5d) depth--
  }
  return deepest
}

/** A reviver that keeps the text of a number which its double would write differently. */
function keepNumber(_key: string, value: unknown, context?: { source?: string }): unknown {
  const source = context?.source
  return typeof value === "number" && source !== undefined && String(value) !== source ? rawJSON(source) : value
}
