/**
 * Rekeying and generating root tokens: work of several people, share by share. The attempt lies in the store (inside the
 * barrier), so there is one for the whole cluster, whichever node each of them speaks to.
 */

import { decodeJson, encodeJson, type JsonObject, refuse } from "@arca/api"
import type { View } from "@arca/storage"
import type { RandomBytes } from "../random.ts"
import { base62, uuid } from "../random.ts"
import { readSealConfig, writeSealConfig } from "./config.ts"
import { bothSides, type Replaced, type SealCore } from "./core.ts"
import { encryptText } from "./pgp.ts"
import { checkWish, joinShares, readShare, type Split, type SplitWish, shownKeys, splitKey } from "./shares.ts"

/** Which key is replaced: that of the seal (Shamir's), or the recovery key of an auto seal. */
export type RekeyKind = "barrier" | "recovery"

interface Rekey {
  readonly nonce: string
  readonly wish: SplitWish
  readonly backup: boolean
  readonly verify: boolean
  /** The shares that came in, base64. */
  readonly shares: readonly string[]
  /** The new key, made but not in force until its holders have shown that they have their shares. */
  readonly pending?: {
    readonly nonce: string
    readonly key: string
    readonly shares: readonly string[]
    readonly fingerprints: readonly string[]
    readonly backup: Readonly<Record<string, readonly string[]>>
  }
}

interface RootAttempt {
  readonly nonce: string
  readonly otp: string
  readonly pgpKey: string
  readonly fingerprint: string
  readonly shares: readonly string[]
}

const keyOf = (kind: RekeyKind): string => `core/attempt/rekey-${kind}`
const ROOT_KEY = "core/attempt/generate-root"

async function read<T>(view: View, key: string): Promise<T | undefined> {
  const value = await view.get(key)
  return value && (decodeJson(value) as unknown as T)
}

const put = (view: View, key: string, value: unknown): void => view.put(key, encodeJson(value as JsonObject))

/** `hvs.` and 24 characters: what a one-time pad for a root token must cover. */
export const OTP_LENGTH = 28

export interface RekeyInput {
  readonly secret_shares: number
  readonly secret_threshold: number
  readonly pgp_keys: readonly string[]
  readonly backup: boolean
  readonly require_verification: boolean
}

export interface AttemptWorld {
  readonly seal: SealCore
  readonly random: RandomBytes
  /** Makes a root token in this transaction (through the barrier). */
  readonly rootToken: (view: View) => Promise<string>
}

export function attempts({ seal, random, rootToken }: AttemptWorld) {
  const { barrier } = seal
  const inBarrier = <T>(change: (view: View, beside: View) => Promise<T>): Promise<T> => bothSides(barrier, change)

  const checkKind = async (beside: View, kind: RekeyKind): Promise<{ shares: number; threshold: number }> => {
    const config = await readSealConfig(beside)
    if (config === undefined) throw refuse.invalid("server is not yet initialized")
    if (kind === "recovery" && config.type === "shamir") throw refuse.invalid("recovery rekeying not supported")
    if (kind === "barrier" && config.type !== "shamir") {
      throw refuse.invalid(
        `this store is sealed by ${JSON.stringify(config.type)}: it has no unseal key to replace; rekey the recovery key`,
      )
    }
    return config
  }

  const shownRekey = async (view: View, beside: View, kind: RekeyKind): Promise<JsonObject> => {
    const config = await checkKind(beside, kind)
    const rekey = await read<Rekey>(view, keyOf(kind))
    return {
      nonce: rekey?.nonce ?? "",
      started: rekey !== undefined,
      t: rekey?.wish.threshold ?? 0,
      n: rekey?.wish.shares ?? 0,
      progress: rekey?.shares.length ?? 0,
      required: config.threshold,
      pgp_fingerprints: rekey?.pending?.fingerprints ? [...rekey.pending.fingerprints] : null,
      backup: rekey?.backup ?? false,
      verification_required: rekey?.verify ?? false,
      ...(rekey?.pending === undefined ? {} : { verification_nonce: rekey.pending.nonce }),
    }
  }

  const adopt = async (
    view: View,
    beside: View,
    kind: RekeyKind,
    rekey: Rekey,
    key: Uint8Array,
    parts: Split | undefined,
    kept: Rekey["pending"],
  ) => {
    const backup = parts === undefined ? kept?.backup : backupOf(parts)
    const fingerprints = parts?.fingerprints ?? kept?.fingerprints ?? []
    view.delete(keyOf(kind))
    return seal.adoptShares(view, beside, key, rekey.wish, {
      pgpFingerprints: fingerprints.length === 0 ? undefined : fingerprints,
      backup: rekey.backup && backup !== undefined ? { nonce: rekey.nonce, keys: backup } : undefined,
    })
  }

  return {
    rekeyStatus: (kind: RekeyKind) => inBarrier((view, beside) => shownRekey(view, beside, kind)),

    rekeyStart: (kind: RekeyKind, input: RekeyInput) =>
      inBarrier(async (view, beside) => {
        await checkKind(beside, kind)
        if ((await read<Rekey>(view, keyOf(kind))) !== undefined) throw refuse.invalid("rekey already in progress")
        const wish = { shares: input.secret_shares, threshold: input.secret_threshold, pgpKeys: input.pgp_keys }
        checkWish(wish, { shares: "secret_shares", threshold: "secret_threshold", pgp: "pgp_keys" })
        if (input.backup && wish.pgpKeys.length === 0)
          throw refuse.invalid("cannot request a backup of the new keys without providing PGP keys for encryption")
        put(view, keyOf(kind), {
          nonce: uuid(random),
          wish,
          backup: input.backup,
          verify: input.require_verification,
          shares: [],
        })
        return shownRekey(view, beside, kind)
      }),

    /** Ends an attempt. `nonce` must be right where the endpoint asks for no token. */
    rekeyCancel: (kind: RekeyKind, nonce: string | undefined) =>
      inBarrier(async view => {
        const rekey = await read<Rekey>(view, keyOf(kind))
        if (rekey !== undefined && nonce !== undefined && nonce !== rekey.nonce)
          throw refuse.invalid("invalid request: the nonce of the attempt is needed to cancel it")
        view.delete(keyOf(kind))
      }),

    /** `replaced` is given what is left to do once the new shares were seen, or should nobody get to see them. */
    rekeyUpdate: (kind: RekeyKind, input: { key: string; nonce: string }, replaced: (left: Replaced) => void) =>
      inBarrier(async (view, beside): Promise<JsonObject> => {
        const config = await checkKind(beside, kind)
        const rekey = await read<Rekey>(view, keyOf(kind))
        if (rekey === undefined) throw refuse.invalid("no rekey in progress")
        if (rekey.nonce !== input.nonce)
          throw refuse.invalid(
            `incorrect nonce supplied; nonce for this rekey operation is ${JSON.stringify(rekey.nonce)}`,
          )
        if (rekey.pending !== undefined)
          throw refuse.invalid("rekey operation already finished; verification must be performed")
        const shares = addShare(rekey.shares, input.key)
        if (shares.length < config.threshold) {
          put(view, keyOf(kind), { ...rekey, shares })
          return shownRekey(view, beside, kind)
        }
        if (!(await seal.provesAuthority(view, shares.map(bytesOf)))) {
          put(view, keyOf(kind), { ...rekey, shares: [] })
          return { wrong: true }
        }
        const key = Buffer.from(random(32))
        const parts = await splitKey(key, rekey.wish, random)
        const done = {
          complete: true,
          nonce: rekey.nonce,
          ...shownKeys(parts.handed),
          pgp_fingerprints: parts.fingerprints.length > 0 ? [...parts.fingerprints] : null,
          backup: rekey.backup,
          verification_required: rekey.verify,
        }
        if (!rekey.verify) {
          replaced(await adopt(view, beside, kind, rekey, key, parts, undefined))
          return done
        }
        const pending = {
          nonce: uuid(random),
          key: key.toString("base64"),
          shares: [],
          fingerprints: parts.fingerprints,
          backup: backupOf(parts),
        }
        put(view, keyOf(kind), { ...rekey, shares, pending })
        return { ...done, verification_nonce: pending.nonce }
      }).then(refuseWrong),

    verifyStatus: (kind: RekeyKind) =>
      inBarrier(async view => {
        const rekey = await read<Rekey>(view, keyOf(kind))
        if (rekey === undefined) throw refuse.invalid("no rekey configuration found")
        if (rekey.pending === undefined) throw refuse.invalid("no rekey verification operation in progress")
        return shownVerification(rekey)
      }),

    verifyUpdate: (kind: RekeyKind, input: { key: string; nonce: string }, replaced: (left: Replaced) => void) =>
      inBarrier(async (view, beside): Promise<JsonObject> => {
        const rekey = await read<Rekey>(view, keyOf(kind))
        const pending = rekey?.pending
        if (rekey === undefined || pending === undefined)
          throw refuse.invalid("no rekey verification operation in progress")
        if (pending.nonce !== input.nonce) throw refuse.invalid("incorrect nonce supplied for the verification")
        const shares = addShare(pending.shares, input.key)
        if (shares.length < rekey.wish.threshold) {
          put(view, keyOf(kind), { ...rekey, pending: { ...pending, shares } })
          return shownVerification({ ...rekey, pending: { ...pending, shares } })
        }
        const joined = joinShares(shares.map(bytesOf))
        if (joined === undefined || Buffer.from(joined).toString("base64") !== pending.key) {
          put(view, keyOf(kind), { ...rekey, pending: { ...pending, shares: [] } })
          return { wrong: true }
        }
        replaced(await adopt(view, beside, kind, rekey, joined, undefined, pending))
        return { complete: true, nonce: pending.nonce }
      }).then(refuseWrong),

    /** Forgets the shares given for the verification; the attempt itself goes on. */
    verifyCancel: (kind: RekeyKind) =>
      inBarrier(async view => {
        const rekey = await read<Rekey>(view, keyOf(kind))
        if (rekey === undefined) throw refuse.invalid("no rekey configuration found")
        if (rekey.pending === undefined) throw refuse.invalid("no rekey verification operation in progress")
        const next = { ...rekey, pending: { ...rekey.pending, shares: [], nonce: uuid(random) } }
        put(view, keyOf(kind), next)
        return shownVerification(next)
      }),

    backup: (kind: RekeyKind) =>
      inBarrier(async (_, beside): Promise<JsonObject | undefined> => {
        await checkKind(beside, kind)
        const backup = (await readSealConfig(beside))?.backup
        if (backup === undefined) return undefined
        const base64 = Object.entries(backup.keys).map(([fingerprint, keys]): [string, string[]] => [
          fingerprint,
          keys.map(key => Buffer.from(key, "hex").toString("base64")),
        ])
        return { nonce: backup.nonce, keys: copyOf(backup.keys), keys_base64: Object.fromEntries(base64) }
      }),

    backupDelete: (kind: RekeyKind) =>
      inBarrier(async (_, beside) => {
        await checkKind(beside, kind)
        const config = await readSealConfig(beside)
        if (config !== undefined) writeSealConfig(beside, { ...config, backup: undefined })
      }),

    rootStatus: () => inBarrier((view, beside) => shownRoot(view, beside)),

    rootStart: (input: { otp: string; pgp_key: string }) =>
      inBarrier(async (view, beside) => {
        if ((await read<RootAttempt>(view, ROOT_KEY)) !== undefined)
          throw refuse.invalid("root generation already in progress")
        const attempt = await newRootAttempt(input, random)
        put(view, ROOT_KEY, attempt)
        return { ...(await shownRoot(view, beside)), otp: input.otp === "" && input.pgp_key === "" ? attempt.otp : "" }
      }),

    rootCancel: (nonce: string | undefined) =>
      inBarrier(async view => {
        const attempt = await read<RootAttempt>(view, ROOT_KEY)
        if (attempt !== undefined && nonce !== undefined && nonce !== attempt.nonce)
          throw refuse.invalid("invalid request: the nonce of the attempt is needed to cancel it")
        view.delete(ROOT_KEY)
      }),

    /** `made` is told the token, which has to go again should nobody get to see it. */
    rootUpdate: (input: { key: string; nonce: string }, made: (token: string) => void) =>
      inBarrier(async (view, beside): Promise<JsonObject> => {
        const config = await readSealConfig(beside)
        const attempt = await read<RootAttempt>(view, ROOT_KEY)
        if (config === undefined || attempt === undefined) throw refuse.invalid("no root generation in progress")
        if (attempt.nonce !== input.nonce)
          throw refuse.invalid(
            `incorrect nonce supplied; nonce for this root generation operation is ${JSON.stringify(attempt.nonce)}`,
          )
        const shares = addShare(attempt.shares, input.key)
        if (shares.length < config.threshold) {
          put(view, ROOT_KEY, { ...attempt, shares })
          return shownRoot(view, beside)
        }
        if (!(await seal.provesAuthority(view, shares.map(bytesOf)))) {
          put(view, ROOT_KEY, { ...attempt, shares: [] })
          return { wrong: true }
        }
        const token = await rootToken(view)
        made(token)
        const encoded = await encodeToken(token, attempt)
        view.delete(ROOT_KEY)
        return {
          ...shownAttempt(attempt, shares.length, config.threshold),
          complete: true,
          encoded_token: encoded,
          encoded_root_token: encoded,
        }
      }).then(refuseWrong),
  }

  async function shownRoot(view: View, beside: View): Promise<JsonObject> {
    const config = await readSealConfig(beside)
    const attempt = await read<RootAttempt>(view, ROOT_KEY)
    return shownAttempt(attempt, attempt?.shares.length ?? 0, config?.threshold ?? 0)
  }
}

export type Attempts = ReturnType<typeof attempts>

const shownAttempt = (attempt: RootAttempt | undefined, progress: number, required: number): JsonObject => ({
  nonce: attempt?.nonce ?? "",
  started: attempt !== undefined,
  progress,
  required,
  complete: false,
  encoded_token: "",
  encoded_root_token: "",
  pgp_fingerprint: attempt?.fingerprint ?? "",
  otp: "",
  otp_length: OTP_LENGTH,
})

const shownVerification = ({ wish, pending }: Rekey): JsonObject => ({
  nonce: pending?.nonce ?? "",
  started: pending !== undefined,
  t: wish.threshold,
  n: wish.shares,
  progress: pending?.shares.length ?? 0,
})

/** The shares were forgotten in the same commit; only then is it told that they were wrong. */
function refuseWrong(result: JsonObject): JsonObject {
  if (result.wrong === true) throw refuse.invalid("invalid key: the shares given are not those of the current key")
  return result
}

const bytesOf = (text: string): Uint8Array => Buffer.from(text, "base64")
const copyOf = (keys: Readonly<Record<string, readonly string[]>>): JsonObject =>
  Object.fromEntries(Object.entries(keys).map(([name, values]) => [name, [...values]]))

function addShare(shares: readonly string[], given: string): string[] {
  const share = Buffer.from(readShare(given)).toString("base64")
  if (shares.includes(share)) throw refuse.invalid("given key has already been provided during this attempt")
  return [...shares, share]
}

function backupOf(parts: Split): Record<string, string[]> {
  const keys = new Map<string, string[]>()
  for (const [index, fingerprint] of parts.fingerprints.entries()) {
    keys.set(fingerprint, [...(keys.get(fingerprint) ?? []), Buffer.from(parts.handed[index] ?? []).toString("hex")])
  }
  return Object.fromEntries(keys)
}

async function newRootAttempt(input: { otp: string; pgp_key: string }, random: RandomBytes): Promise<RootAttempt> {
  if (input.otp !== "" && input.pgp_key !== "") throw refuse.invalid("only one of 'otp' and 'pgp_key' can be given")
  if (input.otp !== "" && input.otp.length !== OTP_LENGTH)
    throw refuse.invalid(`OTP string is wrong length: it must have ${OTP_LENGTH} characters`)
  const fingerprint = input.pgp_key === "" ? "" : (await encryptText(input.pgp_key, "")).fingerprint
  const otp = input.pgp_key === "" ? input.otp || base62(random, OTP_LENGTH) : ""
  return { nonce: uuid(random), otp, pgpKey: input.pgp_key, fingerprint, shares: [] }
}

/** XOR with the one-time pad, in base64 without padding; or encrypted to the PGP key, in base64. */
async function encodeToken(token: string, attempt: RootAttempt): Promise<string> {
  if (attempt.pgpKey !== "") return Buffer.from((await encryptText(attempt.pgpKey, token)).bytes).toString("base64")
  return xorText(Buffer.from(token), Buffer.from(attempt.otp)).toString("base64").replaceAll("=", "")
}

const xorText = (a: Buffer, b: Buffer): Buffer => Buffer.from(a.map((byte, index) => byte ^ (b[index] ?? 0)))

/** The token behind an encoded one (`sys/decode-token`). Refuses (400) a pad of another length. */
export function decodeToken(encoded: string, otp: string): string {
  if (encoded === "" || otp === "") throw refuse.invalid("missing encoded_token or otp")
  const bytes = Buffer.from(encoded, "base64")
  if (bytes.length !== Buffer.byteLength(otp)) throw refuse.invalid("the encoded token and the OTP differ in length")
  return xorText(bytes, Buffer.from(otp)).toString()
}
