/** A byte string decoded as Go ranges over it: each invalid byte is one U+FFFD. */
export type Runes = {
  text: string
  /** The byte offset of each UTF-16 unit, and of the end. */
  offsets: Uint32Array
}

/** Decodes a latin1 string that holds UTF-8 bytes, remembering where each character came from. */
export function decodeRunes(bytes: string): Runes {
  const offsets = new Uint32Array(bytes.length + 1)
  const units = new Uint16Array(bytes.length)
  let length = 0
  for (let at = 0; at < bytes.length; ) {
    const width = runeWidth(bytes, at)
    const code = width === 0 ? 0xfffd : codeAt(bytes, at, width)
    offsets[length] = at
    if (code > 0xffff) {
      units[length++] = 0xd7c0 + (code >> 10)
      offsets[length] = at
      units[length++] = 0xdc00 | (code & 0x3ff)
    } else units[length++] = code
    at += Math.max(width, 1)
  }
  offsets[length] = bytes.length
  const text = Buffer.from(units.buffer, 0, length * 2).toString("utf16le")
  return { text, offsets: offsets.subarray(0, length + 1) }
}

/** Bytes of the well-formed sequence at an offset (RFC 3629), or 0. */
function runeWidth(bytes: string, at: number): number {
  const lead = bytes.charCodeAt(at)
  if (lead < 0x80) return 1
  const width = lead >= 0xc2 && lead < 0xe0 ? 2 : lead >= 0xe0 && lead < 0xf0 ? 3 : lead >= 0xf0 && lead < 0xf5 ? 4 : 0
  if (width === 0 || at + width > bytes.length) return 0
  for (let i = 1; i < width; i++) if ((bytes.charCodeAt(at + i) & 0xc0) !== 0x80) return 0
  const second = bytes.charCodeAt(at + 1)
  const overlong = (lead === 0xe0 && second < 0xa0) || (lead === 0xf0 && second < 0x90)
  const outside = (lead === 0xed && second > 0x9f) || (lead === 0xf4 && second > 0x8f)
  return overlong || outside ? 0 : width
}

function codeAt(bytes: string, at: number, width: number): number {
  if (width === 1) return bytes.charCodeAt(at)
  let code = bytes.charCodeAt(at) & (0xff >> (width + 1))
  for (let i = 1; i < width; i++) code = (code << 6) | (bytes.charCodeAt(at + i) & 0x3f)
  return code
}
