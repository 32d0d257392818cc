import { createHmac, randomBytes } from "node:crypto"
import { readFileSync } from "node:fs"
import type { Fragment } from "./detect/detector.ts"
import { shannonEntropy } from "./detect/entropy.ts"
import { breaksOf, locate } from "./detect/location.ts"
import { type Finding, fingerprintOf } from "./finding.ts"
import { ConfigError } from "./rule.ts"

/**
 * Values that are held in a secret store, by keyed hash: a scan finds them wherever they leaked, whatever they look like.
 * The file (`arca scan known export`) holds no value. It does let its holder test guesses, so it is to be kept like a file of
 * password hashes; values below eight bytes, which are guessed at once, are not in it.
 */
export type KnownFile = {
  format: "arca-known-v1"
  /** 32 random bytes in base64, new for each file. */
  key: string
  values: KnownValue[]
}

export type KnownValue = {
  /** Where it is held, such as `secret/app#password`; reports show it. */
  name: string
  /** Bytes. */
  length: number
  /** 16 bits of a keyed checksum over the first eight bytes: what to look at more closely. */
  start: number
  /** The first 16 bytes of HMAC-SHA256(key, "arca-known-v1" NUL value), in hexadecimal. */
  hash: string
}

/** Finds known values in a fragment. `id` changes with the file. */
export type Known = { id: string; find(fragment: Fragment, ignoreAllowComments: boolean): Finding[] }

export const knownRuleId = "known-value"
const startBytes = 8

/** The hashes of values and of the forms in which they leak: as they are, base64, percent-encoded and in JSON. */
export function knownFileOf(values: Iterable<{ name: string; value: string }>): { file: KnownFile; tooShort: number } {
  const key = randomBytes(32)
  const seen = new Map<string, KnownValue>()
  let tooShort = 0
  for (const { name, value } of values) {
    if (Buffer.byteLength(value) < startBytes) tooShort++
    else
      for (const [form, text] of formsOf(value)) {
        const bytes = Buffer.from(text)
        const hash = hashOf(key, bytes)
        const known = {
          name: form === "" ? name : `${name} (${form})`,
          length: bytes.length,
          start: startOf(key, bytes, 0),
          hash,
        }
        if (!seen.has(hash)) seen.set(hash, known)
      }
  }
  return { file: { format: "arca-known-v1", key: key.toString("base64"), values: [...seen.values()] }, tooShort }
}

function formsOf(value: string): [form: string, text: string][] {
  const forms: [string, string][] = [
    ["", value],
    ["base64", Buffer.from(value).toString("base64")],
    ["percent-encoded", encodeURIComponent(value)],
    ["in JSON", JSON.stringify(value).slice(1, -1)],
  ]
  return forms.filter(([form, text]) => form === "" || text !== value)
}

const hashOf = (key: Uint8Array, bytes: Uint8Array) =>
  createHmac("sha256", key).update("arca-known-v1\0").update(bytes).digest("hex").slice(0, 32)

/** FNV-1a from a start that the key gives. */
function startOf(key: Buffer, bytes: Uint8Array, at: number): number {
  let hash = key.readUInt32LE(0)
  for (let i = at; i < at + startBytes; i++) hash = Math.imul(hash ^ (bytes[i] ?? 0), 0x01000193)
  return (hash ^ (hash >>> 16)) & 0xffff
}

/** Throws ConfigError when the file is not of that form. */
export function readKnown(path: string): Known {
  const file = parseKnown(path)
  const key = Buffer.from(file.key, "base64")
  const byStart = new Map<number, Map<number, Map<string, string>>>()
  for (const { name, length, start, hash } of file.values) {
    const byLength = byStart.get(start) ?? new Map<number, Map<string, string>>()
    const byHash = byLength.get(length) ?? new Map<string, string>()
    byStart.set(start, byLength.set(length, byHash.set(hash, name)))
  }
  const wanted = new Uint8Array(65536)
  for (const start of byStart.keys()) wanted[start] = 1
  return {
    id: createHmac("sha256", key).update(JSON.stringify(file)).digest("hex"),
    find(fragment, ignoreAllowComments) {
      const { bytes } = fragment
      const found: Finding[] = []
      for (let at = 0; at + startBytes <= bytes.length; at++) {
        // A value begins where a word does, or outside of words.
        if (at > 0 && isWord[bytes[at - 1] ?? 0] === 1 && isWord[bytes[at] ?? 0] === 1) continue
        const start = startOf(key, bytes, at)
        if (wanted[start] === 0) continue
        for (const [length, byHash] of byStart.get(start) ?? []) {
          if (at + length > bytes.length) continue
          const name = byHash.get(hashOf(key, bytes.subarray(at, at + length)))
          if (name === undefined) continue
          const finding = findingAt(fragment, at, length, name)
          if (ignoreAllowComments || !finding.line.includes("gitleaks:allow")) found.push(finding)
        }
      }
      return found
    },
  }
}

const isWord = Uint8Array.from({ length: 256 }, (_, byte) => (/\w/.test(String.fromCharCode(byte)) ? 1 : 0))

function parseKnown(path: string): KnownFile {
  const wrong = (reason: string) => new ConfigError(`${path} is no file of known values: ${reason}`)
  let file: unknown
  try {
    file = JSON.parse(readFileSync(path, "utf8"))
  } catch (error) {
    throw wrong(error instanceof Error ? error.message : String(error))
  }
  const { format, key, values } = Object(file)
  if (format !== "arca-known-v1") throw wrong('its format is not "arca-known-v1"')
  if (typeof key !== "string" || Buffer.from(key, "base64").length !== 32) throw wrong("its key is not 32 bytes")
  if (!Array.isArray(values)) throw wrong("it has no list of values")
  return { format, key, values: values.map(value => parseValue(Object(value), wrong)) }
}

function parseValue(
  { name, length, start, hash }: Record<string, unknown>,
  wrong: (reason: string) => Error,
): KnownValue {
  const isWhole = (value: unknown): value is number => Number.isSafeInteger(value)
  if (
    typeof name !== "string" ||
    typeof hash !== "string" ||
    !/^[0-9a-f]{32}$/.test(hash) ||
    !isWhole(length) ||
    !isWhole(start)
  )
    throw wrong("a value has no name, length, start or hash")
  return { name, length, start, hash }
}

function findingAt(fragment: Fragment, at: number, length: number, name: string): Finding {
  const text = Buffer.from(fragment.bytes.buffer, fragment.bytes.byteOffset, fragment.bytes.byteLength).toString(
    "latin1",
  )
  const place = locate(breaksOf(text), text, at, at + length)
  const decoded = (from: number, to: number) => Buffer.from(text.slice(from, to), "latin1").toString()
  const { commit, path, symlink, startLine } = fragment
  const secret = decoded(at, at + length)
  const finding: Finding = {
    ruleId: knownRuleId,
    description: `A value that is held as ${name}`,
    startLine: startLine + place.startLine,
    endLine: startLine + place.endLine,
    startColumn: place.startColumn,
    endColumn: place.endColumn,
    match: secret,
    secret,
    line: decoded(place.lineStart, place.lineEnd),
    file: path,
    symlinkFile: symlink ?? "",
    commit: commit?.sha ?? "",
    author: commit?.author ?? "",
    email: commit?.email ?? "",
    date: commit?.date ?? "",
    message: commit?.message ?? "",
    entropy: Math.fround(shannonEntropy(text.slice(at, at + length))),
    tags: ["known"],
    fingerprint: "",
    link: "",
    required: [],
  }
  return { ...finding, fingerprint: fingerprintOf(finding) }
}
