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

/** In order of precedence: of two that touch, the later one waits for the next pass. */
const encodings: readonly Encoding[] = ["percent", "unicode", "hex", "base64"]

const encoded =
  /(%[0-9A-Fa-f]{2}(?:[^\n]*%[0-9A-Fa-f]{2})?)|((?:U\+[a-fA-F0-9]{4}(?:[\t\n\f\r ]|$))+|(?:\\{1,2}[uU][a-fA-F0-9]{4})+)|([0-9A-Fa-f]{32,})|([\w/+-]{16,}={0,2})/y

type Candidate = Span & { encoding: Encoding }

/** One pass. Undefined when nothing decodes. Texts are byte strings. */
export function decodePass(
  text: string,
  predecessors: readonly Segment[],
): { text: string; segments: Segment[] } | undefined {
  const segments: Segment[] = []
  const parts: string[] = []
  let copied = 0
  let shift = 0
  for (const { start, end, encoding } of candidates(text)) {
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
function candidates(text: string): readonly Candidate[] {
  const signs = { percent: -1, backslash: -1, codePoint: -1 }
  let at = nextStart(text, 0, signs)
  if (at >= text.length) return none
  const all: Candidate[] = []
  while (at < text.length) {
    encoded.lastIndex = at
    if (encoded.test(text)) {
      const end = encoded.lastIndex
      all.push({ start: at, end, encoding: encodingAt(text, at) })
      at = nextStart(text, end, signs)
    } else at = nextStart(text, at + 1, signs)
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
  for (let i = at; i < at + 32; i++) if (hexAt(text, i) < 0) return "base64"
  return "hex"
}

type Signs = { percent: number; backslash: number; codePoint: number }

/** The next place, from an offset on, where an encoding may begin; the text's length when there is none. */
function nextStart(text: string, from: number, signs: Signs): number {
  if (signs.percent < from) signs.percent = placeOf(text, "%", from)
  if (signs.backslash < from) signs.backslash = placeOf(text, "\\", from)
  if (signs.codePoint < from) signs.codePoint = placeOf(text, "U+", from)
  return Math.min(nextRun(text, from), signs.percent, signs.backslash, signs.codePoint)
}

function placeOf(text: string, sign: string, from: number): number {
  const at = text.indexOf(sign, from)
  return at < 0 ? text.length : at
}

const isRun = new Uint8Array(256)
for (let byte = 0; byte < 256; byte++) isRun[byte] = /[\w/+-]/.test(String.fromCharCode(byte)) ? 1 : 0
const minRun = 16

/** The next run of sixteen base64 characters, looking at every sixteenth character only as long as there is none. */
function nextRun(text: string, from: number): number {
  let start = from
  while (start + minRun <= text.length) {
    if (isRun[text.charCodeAt(start + minRun - 1)] === 0) {
      start += minRun
      continue
    }
    let before = start + minRun - 2
    while (before >= start && isRun[text.charCodeAt(before)] === 1) before--
    if (before < start) return start
    start = before + 1
  }
  return text.length
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

function isPrintableGroup(text: string, at: number): boolean {
  const bits =
    ((sextets[text.charCodeAt(at)] ?? -1) << 18) |
    ((sextets[text.charCodeAt(at + 1)] ?? -1) << 12) |
    ((sextets[text.charCodeAt(at + 2)] ?? -1) << 6) |
    (sextets[text.charCodeAt(at + 3)] ?? -1)
  return bits >= 0 && isPrintable(bits >> 16) && isPrintable((bits >> 8) & 0xff) && isPrintable(bits & 0xff)
}
