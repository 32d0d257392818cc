/**
 * Encoded parts of a text (percent, Unicode escapes, hexadecimal, base64) and their decoding in place. A text is
 * decoded in passes; a segment of one pass knows where it came from in the original.
 */
export type Segment = {
  /** Where it lies in the original text. */
  original: Span
  /** Where it lay in the text of the previous pass. */
  encoded: Span
  /** Where it lies in the text of this pass. */
  decoded: Span
  encodings: Set<Encoding>
  depth: number
  predecessors: readonly Segment[]
}
export type Span = { start: number; end: number }
export type Encoding = "percent" | "unicode" | "hex" | "base64"

/**
 * Tells of parts of some bytes, in ascending order, whether the first pass may decode something there; where not, it decodes
 * nothing. For many short texts, of which no string is made so.
 */
export function decodable(bytes: Uint8Array): (from: number, to: number) => boolean {
  const starts = startsIn(bytes)
  return (from, to) => {
    if (starts.nextSign(from, to) < to) return true
    for (let at = nextRun(bytes, from, to); at < to; ) {
      let end = at + minRun
      while (end < to && isRun[bytes[end] ?? 0] === 1) end++
      if (runMayDecode(bytes, at, end)) return true
      at = nextRun(bytes, end, to)
    }
    return false
  }
}

/** In order of precedence: of two that touch, the later one waits for the next pass. */
const encodings: readonly Encoding[] = ["percent", "unicode", "hex", "base64"]

const encoded =
  /(%[0-9A-Fa-f]{2}(?:[^\n]*%[0-9A-Fa-f]{2})?)|((?:U\+[a-fA-F0-9]{4}(?:[\t\n\f\r ]|$))+|(?:\\{1,2}[uU][a-fA-F0-9]{4})+)|([0-9A-Fa-f]{32,})|([\w/+-]{16,}={0,2})/y

type Candidate = Span & { encoding: Encoding }

/** A text as bytes, and as a string of them where one is needed. */
type Source = { bytes: Uint8Array; string(): string }

/** One pass. Undefined when nothing decodes. */
export function decodePass(
  source: Source,
  predecessors: readonly Segment[],
): { text: string; segments: Segment[] } | undefined {
  const found = candidates(source)
  if (found.length === 0) return undefined
  const text = source.string()
  const segments: Segment[] = []
  const parts: string[] = []
  let copied = 0
  let shift = 0
  for (const { start, end, encoding } of found) {
    const value = decoders[encoding](text, start, end)
    if (value === "") continue
    parts.push(text.slice(copied, start), value)
    copied = end
    segments.push({
      original: toOriginal(predecessors, { start, end }),
      encoded: { start, end },
      decoded: { start: start + shift, end: start + shift + value.length },
      encodings: new Set([
        encoding,
        ...predecessors.filter(p => touches({ start, end }, p.decoded)).flatMap(p => [...p.encodings]),
      ]),
      depth: 1 + (predecessors[0]?.depth ?? 0),
      predecessors,
    })
    shift += value.length - (end - start)
  }
  if (segments.length === 0) return undefined
  parts.push(text.slice(copied))
  return { text: parts.join(""), segments }
}

/** Spans that merely touch count as overlapping, as in Gitleaks. */
export const touches = (a: Span, b: Span) => b.start <= a.end && b.end >= a.start
const merge = (a: Span, b: Span): Span => ({ start: Math.min(a.start, b.start), end: Math.max(a.end, b.end) })

/** Maps a span of decoded text to the original. */
export function toOriginal(segments: readonly Segment[], span: Span): Span {
  let found: Span | undefined
  for (const segment of segments) {
    if (!touches(segment.decoded, span)) continue
    const { decoded, encoded } = segment
    if (decoded.start <= span.start && span.end <= decoded.end) return segment.original
    const wide = merge(decoded, span)
    const outside = { start: encoded.start + wide.start - decoded.start, end: encoded.end + wide.end - decoded.end }
    found = found === undefined || found.end === 0 ? outside : merge(found, outside)
  }
  if (found === undefined || found.end === 0) return span
  return toOriginal(segments[0]?.predecessors ?? [], found)
}

/** `decoded:base64`, …, `decode-depth:2`. */
export function decodeTags(segments: readonly Segment[]): string[] {
  const all = new Set(segments.flatMap(segment => [...segment.encodings]))
  return [
    ...encodings.filter(one => all.has(one)).map(one => `decoded:${one}`),
    `decode-depth:${segments[0]?.depth ?? 0}`,
  ]
}

/** The line of decoded text around some segments. */
export function decodedLine(segments: readonly Segment[], text: string): string {
  const whole = segments.map(segment => segment.decoded).reduce(merge)
  const start = text.lastIndexOf("\n", whole.start)
  const end = text.indexOf("\n", whole.end)
  return text.slice(Math.max(start, 0), end < 0 ? text.length : end)
}

/** Spans that look encoded. Most texts hold some that do not decode, so that little may be allocated for each. */
function candidates(source: Source): readonly Candidate[] {
  const { bytes } = source
  const starts = startsIn(bytes)
  let at = starts.next(0, bytes.length)
  if (at >= bytes.length) return none
  const text = source.string()
  const all: Candidate[] = []
  while (at < text.length) {
    encoded.lastIndex = at
    if (encoded.test(text)) {
      const end = encoded.lastIndex
      all.push({ start: at, end, encoding: encodingAt(text, at) })
      at = starts.next(end, text.length)
    } else at = starts.next(at + 1, text.length)
  }
  return all.length < 2 ? all : all.filter((one, i) => !loses(one, all[i - 1]) && !loses(one, all[i + 1]))
}

const none: readonly Candidate[] = []
const rank = (one: Candidate) => encodings.indexOf(one.encoding)
const loses = (one: Candidate, to: Candidate | undefined) =>
  to !== undefined && touches(one, to) && rank(to) < rank(one)

const codePoints = /(?:U\+[a-fA-F0-9]{4}(?:[\t\n\f\r ]|$))+/y

/** Which alternative of the expression has matched there. */
function encodingAt(text: string, at: number): Encoding {
  const first = text.charCodeAt(at)
  if (first === 0x25) return "percent"
  if (first === 0x5c) return "unicode"
  codePoints.lastIndex = at
  if (first === 0x55 && codePoints.test(text)) return "unicode"
  for (let i = at; i < at + minHex; i++) if (hexAt(text, i) < 0) return "base64"
  return "hex"
}

/** Where an encoding may begin in a range: the next place, or the range's end. Ranges must ascend. */
type Starts = {
  next(from: number, to: number): number
  /** Where one begins with a sign of its own, which base64 and hexadecimal have not. */
  nextSign(from: number, to: number): number
}

function startsIn(bytes: Uint8Array): Starts {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const placesOf = (sign: string | number, begins: (bytes: Uint8Array, at: number) => boolean) => {
    let at = -1
    return (from: number, to: number) => {
      while (at < from || (at < to && !begins(bytes, at))) {
        const next = text.indexOf(sign, Math.max(from, at + 1))
        at = next < 0 ? text.length : next
      }
      return at
    }
  }
  const percents = placesOf(0x25, isPercent)
  const backslashes = placesOf(backslash, isEscape)
  const codePoints = placesOf("U+", isCodePoint)
  return {
    next(from, to) {
      // No run goes on beyond these two; the third may lie within one.
      const sign = Math.min(percents(from, to), backslashes(from, to), to)
      return Math.min(nextRun(bytes, from, sign), codePoints(from, to))
    },
    nextSign: (from, to) => Math.min(percents(from, to), backslashes(from, to), codePoints(from, to), to),
  }
}

const backslash = 0x5c
const isHex = (byte: number | undefined) => (hexDigits[byte ?? 0] ?? -1) >= 0
const isPercent = (bytes: Uint8Array, at: number) => isHex(bytes[at + 1]) && isHex(bytes[at + 2])
const isCodePoint = (bytes: Uint8Array, at: number) => isHex(bytes[at + 2]) && isHex(bytes[at + 3])

/** One or two backslashes, and a letter that begins a code point. */
function isEscape(bytes: Uint8Array, at: number): boolean {
  const letterAt = bytes[at + 1] === backslash ? at + 2 : at + 1
  const letter = bytes[letterAt]
  return (letter === 0x75 || letter === 0x55) && isHex(bytes[letterAt + 1])
}

const isRun = new Uint8Array(256)
for (let byte = 0; byte < 256; byte++) isRun[byte] = /[\w/+-]/.test(String.fromCharCode(byte)) ? 1 : 0
const minRun = 16
const minHex = 32

/** The next run of sixteen base64 characters, looking at every sixteenth character only as long as there is none. */
function nextRun(bytes: Uint8Array, from: number, to: number): number {
  let start = from
  while (start + minRun <= to) {
    if (isRun[bytes[start + minRun - 1] ?? 0] === 0) {
      start += minRun
      continue
    }
    let before = start + minRun - 2
    while (before >= start && isRun[bytes[before] ?? 0] === 1) before--
    if (before < start) return start
    start = before + 1
  }
  return to
}

const hexDigits = new Int16Array(256).fill(-1)
for (let i = 0; i < 16; i++) {
  hexDigits["0123456789abcdef".charCodeAt(i)] = i
  hexDigits["0123456789ABCDEF".charCodeAt(i)] = i
}
const hexAt = (text: string, at: number) => hexDigits[text.charCodeAt(at)] ?? -1
const isPrintable = (byte: number) => byte > 0x08 && byte < 0x7f

/** Each takes a span of a text; "" when the span is not that encoding of printable ASCII. */
const decoders: Record<Encoding, (text: string, start: number, end: number) => string> = {
  percent(text, start, end) {
    let value = ""
    for (let at = start; at < end; ) {
      const isEscape =
        text.charCodeAt(at) === 0x25 && at + 2 < end && hexAt(text, at + 1) >= 0 && hexAt(text, at + 2) >= 0
      if (!isEscape) {
        value += text[at++]
        continue
      }
      const byte = hexAt(text, at + 1) * 16 + hexAt(text, at + 2)
      if (!isPrintable(byte)) return ""
      value += String.fromCharCode(byte)
      at += 3
    }
    return value
  },
  unicode(text, start, end) {
    const codes = text.slice(start, end).matchAll(/(?:U\+|\\[uU])([0-9A-Fa-f]{4})/g)
    const decoded = Array.from(codes, ([, hex]) => Number.parseInt(hex ?? "", 16))
    // A lone surrogate is no character: Go writes U+FFFD.
    const runes = decoded.map(code => (code >= 0xd800 && code < 0xe000 ? "\ufffd" : String.fromCharCode(code)))
    return Buffer.from(runes.join("")).toString("latin1")
  },
  hex(text, start, end) {
    if ((end - start) % 2 !== 0 || !holdsDigit(text, start, end)) return ""
    let value = ""
    for (let at = start; at < end; at += 2) {
      const byte = hexAt(text, at) * 16 + hexAt(text, at + 1)
      if (!isPrintable(byte)) return ""
      value += String.fromCharCode(byte)
    }
    return value
  },
  base64: decodeBase64,
}

function holdsDigit(text: string, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    const code = text.charCodeAt(at)
    if (code >= 0x30 && code <= 0x39) return true
  }
  return false
}

const sextets = new Int16Array(256).fill(-1)
const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
for (let i = 0; i < 64; i++) sextets[alphabet.charCodeAt(i)] = i
sextets[0x2d] = 62
sextets[0x5f] = 63

/** Standard alphabet with padding, or the URL alphabet without: one or the other, not a mixture. */
function decodeBase64(text: string, start: number, end: number): string {
  let stop = end
  while (text.charCodeAt(stop - 1) === 0x3d) stop--
  // The first characters decide most cases, and nothing is allocated for them: identifiers rarely decode to printable text.
  for (let at = start; at + 4 <= stop; at += 4) if (!isPrintableGroup(text, at)) return ""
  const body = text.slice(start, stop)
  if (!/[0-9+/\-_]/.test(body)) return ""
  const standard = !/[-_]/.test(body) && (end - start) % 4 === 0
  const url = !/[+/]/.test(body) && stop === end && body.length % 4 !== 1
  if (!standard && !url) return ""
  const value = Buffer.from(body, "base64").toString("latin1")
  return /^[\x09-\x7e]+$/.test(value) ? value : ""
}

/** A run of at least sixteen base64 characters: first what is hexadecimal in it, if that is long, and base64 after it. */
function runMayDecode(bytes: Uint8Array, from: number, to: number): boolean {
  let at = from
  while (at < to && isHex(bytes[at])) at++
  if (at - from < minHex) at = from
  else if ((at - from) % 2 === 0 && isPrintableHex(bytes, from, at)) return true
  if (to - at < minRun) return false
  for (; at + 4 <= to; at += 4)
    if (!isPrintableCode(bitsOf(bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]))) return false
  return true
}

function isPrintableHex(bytes: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; at += 2) {
    const byte = (hexDigits[bytes[at] ?? 0] ?? 0) * 16 + (hexDigits[bytes[at + 1] ?? 0] ?? 0)
    if (!isPrintable(byte)) return false
  }
  return true
}

const isPrintableGroup = (text: string, at: number) =>
  isPrintableCode(
    bitsOf(text.charCodeAt(at), text.charCodeAt(at + 1), text.charCodeAt(at + 2), text.charCodeAt(at + 3)),
  )

/** Three bytes as four base64 characters; negative when one of them is none. */
const bitsOf = (a = 0, b = 0, c = 0, d = 0) =>
  ((sextets[a] ?? -1) << 18) | ((sextets[b] ?? -1) << 12) | ((sextets[c] ?? -1) << 6) | (sextets[d] ?? -1)

const isPrintableCode = (bits: number) =>
  bits >= 0 && isPrintable(bits >> 16) && isPrintable((bits >> 8) & 0xff) && isPrintable(bits & 0xff)
