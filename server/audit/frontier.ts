/**
 * A Merkle tree (RFC 6962 section 2.1) that only grows: of it, the hashes of the complete subtrees suffice to add a leaf
 * and to know the root. Hashes are kept as binary (latin1) strings, which are the cheapest to make and to store.
 */

import { hash } from "node:crypto"

const DIGEST_BYTES = 32

export interface Frontier {
  size: number
  /** Of the complete subtrees, largest first: one for each bit that is set in `size`. */
  readonly subtrees: string[]
}

const pair = Buffer.alloc(1 + 2 * DIGEST_BYTES)

function nodeHash(left: string, right: string): string {
  pair[0] = 0x01
  pair.write(left, 1, "latin1")
  pair.write(right, 1 + DIGEST_BYTES, "latin1")
  return hash("sha256", pair, "latin1")
}

/** The hash of the leaf in `bytes`, whose first byte is overwritten: the leaf begins with the second. */
export function leafHash(bytes: Buffer): string {
  bytes[0] = 0x00
  return hash("sha256", bytes, "latin1")
}

/** Adds a leaf, in place. */
export function grow(frontier: Frontier, leaf: string): void {
  let right = leaf
  for (let rest = frontier.size; rest % 2 === 1; rest = (rest - 1) / 2) {
    right = nodeHash(frontier.subtrees.pop() ?? "", right)
  }
  frontier.subtrees.push(right)
  frontier.size++
}

/** The root of the tree; of the empty tree, the hash of nothing. */
export function rootOf(frontier: Frontier): string {
  let root: string | undefined
  for (const subtree of frontier.subtrees.toReversed()) root = root === undefined ? subtree : nodeHash(subtree, root)
  return root ?? hash("sha256", "", "latin1")
}

export const base64 = (binary: string): string => btoa(binary)

/** A digest written as base64, or undefined if it is anything else. */
export function digestOf(text: unknown): string | undefined {
  if (typeof text !== "string" || text.length !== 44) return undefined
  const bytes = Buffer.from(text, "base64")
  return bytes.length === DIGEST_BYTES && bytes.toString("base64") === text ? bytes.toString("latin1") : undefined
}

/** The frontier of `size` leaves with these subtrees (base64), or undefined when their number is wrong. */
export function frontierOf(size: unknown, subtrees: unknown): Frontier | undefined {
  if (typeof size !== "number" || !Number.isSafeInteger(size) || size < 0 || !Array.isArray(subtrees)) return undefined
  const hashes = subtrees.map(digestOf).filter(digest => digest !== undefined)
  const bits = size.toString(2).replaceAll("0", "").length
  return hashes.length === subtrees.length && hashes.length === bits ? { size, subtrees: hashes } : undefined
}
