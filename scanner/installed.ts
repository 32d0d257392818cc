import { existsSync, fstatSync, openSync, readFileSync, readSync } from "node:fs"
import { join } from "node:path"

/** Reads a part of a file; throws when it ends before. The bytes are not to be written to. */
export type Parts = (at: number, length: number) => Buffer<ArrayBuffer>

/** What a single executable carries (`build.ts`). */
const carried = () => {
  const sea = process.getBuiltinModule("node:sea")
  return sea.isSea() ? sea : undefined
}

/** What an executable carries under a name; undefined outside of one. The bytes are not to be written to. */
export function carriedFile(name: string): Buffer<ArrayBuffer> | undefined {
  const asset = carried()?.getRawAsset(name)
  return asset === undefined ? undefined : Buffer.from(asset)
}

/** A file that belongs to the scanner, by its path below this folder, wherever the scanner is installed. */
export function installedFile(name: string): Buffer {
  return carriedFile(name) ?? readFileSync(placeOf(name))
}

/** The same, part by part; undefined where there is no such file. */
export function installedParts(name: string): Parts | undefined {
  const whole = carriedFile(name)
  if (whole !== undefined) return (at, length) => whole.subarray(at, at + length)
  return existsSync(placeOf(name)) ? partsOf(placeOf(name)).part : undefined
}

const placeOf = (name: string) => join(import.meta.dirname, name)

/** A file's parts, and whether others may have written it. It is kept open as long as the program runs. */
export function partsOf(file: string): { part: Parts; isOurs: boolean } {
  const fd = openSync(file, "r")
  const { uid, mode } = fstatSync(fd)
  return {
    isOurs: (process.getuid === undefined || uid === process.getuid()) && (mode & 0o022) === 0,
    part(at, length) {
      const bytes = Buffer.allocUnsafeSlow(length)
      if (readSync(fd, bytes, 0, length, at) !== length) throw new Error(`${file} ends too soon`)
      return bytes
    },
  }
}
