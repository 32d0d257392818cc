/** Keys: what a store accepts as one, and their order. */

import { InvalidKey, type Page } from "./view.ts"

/** The longest key, in UTF-8 bytes. Every driver can index it (LMDB 1,978 bytes, PostgreSQL 2,704), so data can move between them. */
export const KEY_LIMIT = 1900

/** Refuses what cannot be a key: empty, too long, with a NUL, an empty segment that is not the last, or half a surrogate pair. */
export function checkKey(key: string): void {
  if (key === "") throw new InvalidKey("A key must not be empty")
  checkPath(key)
}

/** Refuses what cannot be a folder: it is empty or a key that ends in `/`. */
export function checkFolder(prefix: string): void {
  if (prefix === "") return
  if (!prefix.endsWith("/")) throw new InvalidKey(`The prefix ${quoted(prefix)} must end in "/"`)
  checkPath(prefix)
}

/** Refuses bounds of a page that no key could compare with: half a surrogate pair, or a NUL. Any other text will do. */
export function checkBounds({ after, before }: Page): void {
  for (const bound of [after, before]) {
    if (bound === undefined || (bound.isWellFormed() && !bound.includes("\0"))) continue
    throw new InvalidKey(`The page bound ${quoted(bound)} contains a NUL or is no well-formed Unicode`)
  }
}

function checkPath(path: string): void {
  // A UTF-16 unit is at most three bytes, so short keys need no counting.
  if (path.length * 3 > KEY_LIMIT && Buffer.byteLength(path) > KEY_LIMIT) {
    throw new InvalidKey(
      `The key ${quoted(path)} is ${Buffer.byteLength(path)} bytes long; at most ${KEY_LIMIT} are possible`,
    )
  }
  if (path.startsWith("/") || path.includes("//") || path.includes("\0"))
    throw new InvalidKey(`The key ${quoted(path)} contains an empty segment or a NUL`)
  if (!path.isWellFormed()) throw new InvalidKey(`The key ${quoted(path)} is no well-formed Unicode`)
}

const quoted = (path: string): string => JSON.stringify(path.length > 80 ? `${path.slice(0, 80)}…` : path)

/** Orders strings by their UTF-8 bytes. JavaScript's own order differs: it puts surrogate pairs before U+E000. */
export function compareKeys(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let at = 0; at < length; at++) {
    const left = a.charCodeAt(at)
    const right = b.charCodeAt(at)
    if (left !== right) return rank(left) - rank(right)
  }
  return a.length - b.length
}

/** A UTF-16 unit moved to where its code point's bytes sort: surrogates stand for what lies above U+FFFF. */
function rank(unit: number): number {
  if (unit < 0xd800) return unit
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800
}

/** What a listing of a folder calls the key at `relative`: itself, or the folder it lies in. */
export function childOf(relative: string): string {
  const slash = relative.indexOf("/")
  return slash < 0 ? relative : relative.slice(0, slash + 1)
}

/** The first possible key after everything in `folder` (which ends in `/`): `/` is followed by `0`. */
export const pastFolder = (folder: string): string => `${folder.slice(0, -1)}0`
