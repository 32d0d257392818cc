/**
 * The keys of the barrier. Each term has a key; the newest seals, all open. A sealed value is
 *
 *     version (1 byte, 3) ‖ term (4, big endian) ‖ nonce (12) ‖ ciphertext ‖ tag (16)
 *
 * and its associated data are the format, the cluster, the first five bytes and the path: a value that was moved, by whatever
 * means, to another path or another cluster does not open.
 */

import { createSecretKey, type KeyObject } from "node:crypto"
import { openBytes, sealBytes, unwrapKey, wrapKey } from "./aead.ts"

const FORMAT = 3
const HEADER = 5
const LABEL = "arca keyring"

/** NIST SP 800-38D allows 2^32 random nonces under one key; rotation comes at nine tenths. */
export const MAX_OPERATIONS = 3_865_470_566

export interface Term {
  readonly term: number
  readonly key: KeyObject
  /** Seconds since 1970. */
  readonly installedAt: number
  /** Values sealed under it, as far as they were counted in the store. */
  readonly encryptions: number
}

export interface Keyring {
  readonly cluster: string
  readonly active: Term
  readonly terms: ReadonlyMap<number, Term>
}

/** The value was altered, moved, or is of another cluster. */
export class Tampered extends Error {
  override readonly name = "Tampered"
}

/** The value was sealed under a term that this keyring does not hold: the keyring may be older than the store. */
export class UnknownTerm extends Error {
  override readonly name = "UnknownTerm"
}

export function newKeyring(cluster: string, random: (bytes: number) => Uint8Array, now: number): Keyring {
  return withTerm({ cluster, terms: new Map() }, 1, random, now)
}

/** The keyring with one more term, which is active from now on. */
export function rotated(keyring: Keyring, random: (bytes: number) => Uint8Array, now: number): Keyring {
  return withTerm(keyring, keyring.active.term + 1, random, now)
}

function withTerm(
  { cluster, terms }: Pick<Keyring, "cluster" | "terms">,
  term: number,
  random: (bytes: number) => Uint8Array,
  now: number,
): Keyring {
  const active: Term = { term, key: createSecretKey(random(32)), installedAt: now, encryptions: 0 }
  return { cluster, active, terms: new Map(terms).set(term, active) }
}

const contexts = new WeakMap<Keyring, Buffer>()

/** What every value of a cluster is bound to; made once for each keyring. */
function clusterContext(keyring: Keyring): Buffer {
  const known = contexts.get(keyring)
  if (known !== undefined) return known
  const made = Buffer.from(`arca barrier ${FORMAT}\0${keyring.cluster}\0`)
  contexts.set(keyring, made)
  return made
}

function contextOf(keyring: Keyring, header: Uint8Array, path: string): Buffer {
  const cluster = clusterContext(keyring)
  const context = Buffer.allocUnsafe(cluster.length + HEADER + Buffer.byteLength(path))
  context.set(cluster)
  context.set(header, cluster.length)
  context.write(path, cluster.length + HEADER)
  return context
}

export function sealValue(keyring: Keyring, path: string, plain: Uint8Array): Uint8Array {
  const { key, term } = keyring.active
  const header = Buffer.allocUnsafe(HEADER)
  header[0] = FORMAT
  header.writeUInt32BE(term, 1)
  const sealed = sealBytes(key, contextOf(keyring, header, path), plain, HEADER)
  sealed.set(header)
  return sealed
}

/** Throws `Tampered` or `UnknownTerm`. */
export function openValue(keyring: Keyring, path: string, sealed: Uint8Array): Uint8Array {
  if (sealed.length < HEADER || sealed[0] !== FORMAT)
    throw new Tampered(`the value at ${JSON.stringify(path)} has no known format`)
  const header = sealed.subarray(0, HEADER)
  const number = new DataView(sealed.buffer, sealed.byteOffset, HEADER).getUint32(1)
  const term = keyring.terms.get(number)
  if (term === undefined)
    throw new UnknownTerm(`the value at ${JSON.stringify(path)} is sealed under the unknown term ${number}`)
  const plain = openBytes(term.key, contextOf(keyring, header, path), sealed, HEADER)
  if (plain === undefined) throw new Tampered(`the value at ${JSON.stringify(path)} was altered or moved`)
  return plain
}

interface StoredKeyring {
  readonly cluster: string
  readonly active: number
  readonly terms: readonly { term: number; key: string; installed_at: number; encryptions: number }[]
}

/** The keyring wrapped under the root key, as it lies in the store. */
export function wrapKeyring(keyring: Keyring, rootKey: Uint8Array): Uint8Array {
  const stored: StoredKeyring = {
    cluster: keyring.cluster,
    active: keyring.active.term,
    terms: [...keyring.terms.values()].map(({ term, key, installedAt, encryptions }) => ({
      term,
      key: key.export().toString("base64"),
      installed_at: installedAt,
      encryptions,
    })),
  }
  return wrapKey(rootKey, LABEL, Buffer.from(JSON.stringify(stored)))
}

/** Undefined when it is not the root key of this keyring. */
export function unwrapKeyring(wrapped: Uint8Array, rootKey: Uint8Array): Keyring | undefined {
  const plain = unwrapKey(rootKey, LABEL, wrapped)
  if (plain === undefined) return undefined
  const stored = JSON.parse(plain.toString()) as StoredKeyring
  const terms = new Map<number, Term>()
  for (const { term, key, installed_at, encryptions } of stored.terms) {
    terms.set(term, { term, key: createSecretKey(key, "base64"), installedAt: installed_at, encryptions })
  }
  const active = terms.get(stored.active)
  if (active === undefined) throw new Tampered("the keyring has no active term")
  return { cluster: stored.cluster, active, terms }
}
