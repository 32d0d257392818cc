/** Kinds of archives that npm packages read (`archive-packages.ts`). */
export type PackagedKind = "bzip2" | "xz" | "7z" | "rar"

const signatures: readonly (readonly [kind: PackagedKind, bytes: string])[] = [
  ["xz", "\xfd7zXZ\x00"],
  ["7z", "7z\xbc\xaf\x27\x1c"],
  ["rar", "Rar!\x1a\x07"],
]
// "BZh", the block size, and the magic of a first block or of an empty stream's end.
const bzip2 = /^BZh[1-9](?:1AY&SY|\x17rE8P\x90)/

/** What the content is, if it is one of these kinds. */
export function packagedKind(bytes: Uint8Array): PackagedKind | undefined {
  const start = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, 16)).toString("latin1")
  if (bzip2.test(start)) return "bzip2"
  return signatures.find(([, signature]) => start.startsWith(signature))?.[0]
}

/** Called now and then while a large archive is unpacked; it throws when the time is up. */
export type Tick = () => void
