/** Bytes that a file of some kind holds at an offset; several alternatives with the same meaning are listed apart. */
type Signature = { at: number; bytes: string; least?: number }

const sign = (bytes: string, at = 0, least?: number): Signature => ({
  at,
  bytes,
  ...(least === undefined ? {} : { least }),
})

// Kinds whose media type is application/…: archives, executables, documents, fonts. Images, audio and video pass.
const signatures: readonly Signature[] = [
  ...["\x03\x04", "\x05\x06", "\x07\x08", "\x03\x06", "\x03\x08", "\x05\x04", "\x05\x08", "\x07\x04", "\x07\x06"].map(
    end => sign(`PK${end}`),
  ),
  sign("ustar", 257),
  sign("Rar!\x1a\x07\x00"),
  sign("Rar!\x1a\x07\x01"),
  sign("\x1f\x8b\x08"),
  sign("\x1f\xa0"),
  sign("\x1f\x9d"),
  sign("BZh"),
  sign("7z\xbc\xaf\x27\x1c"),
  sign("\xfd7zXZ\x00"),
  sign("\x28\xb5\x2f\xfd"),
  sign("LZIP"),
  sign("MSCF"),
  sign("ISc("),
  sign("!<arch>"),
  sign("\xed\xab\xee\xdb", 0, 97),
  sign("Cr24"),
  sign("CD001", 32769),
  sign("MZ"),
  sign("\x7fELF", 0, 53),
  ...[
    "\xfe\xed\xfa\xcf",
    "\xfe\xed\xfa\xce",
    "\xbe\xba\xfe\xca",
    "\xcf\xfa\xed\xfe",
    "\xce\xfa\xed\xfe",
    "\xca\xfe\xba\xbe",
  ].map(start => sign(start)),
  sign("\x00asm\x01\x00\x00\x00"),
  sign("dex\n", 0, 37),
  sign("NES\x1a"),
  sign("%PDF"),
  sign("%!"),
  sign("{\\rtf"),
  sign("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
  sign("CWS"),
  sign("FWS"),
  sign("SQLi"),
  sign("DICM", 128),
  sign("wOFF\x00\x01\x00\x00"),
  sign("wOF2\x00\x01\x00\x00"),
  sign("\x00\x01\x00\x00\x00"),
  sign("OTTO\x00"),
  sign("LP\x00\x00", 34),
]

const byFirst = new Map<number, Signature[]>()
const elsewhere = signatures.filter(one => one.at > 0)
for (const one of signatures)
  if (one.at === 0) byFirst.set(one.bytes.charCodeAt(0), [...(byFirst.get(one.bytes.charCodeAt(0)) ?? []), one])

/** Whether the start of a file is that of an archive, executable, document or font: such files are not scanned as text. */
export function isApplicationFile(start: Uint8Array): boolean {
  const candidates = byFirst.get(start[0] ?? -1)
  return candidates?.some(one => holds(start, one)) === true || elsewhere.some(one => holds(start, one))
}

function holds(start: Uint8Array, { at, bytes, least }: Signature): boolean {
  if (start.length < Math.max(at + bytes.length, least ?? 0)) return false
  for (let i = 0; i < bytes.length; i++) if (start[at + i] !== bytes.charCodeAt(i)) return false
  return true
}
