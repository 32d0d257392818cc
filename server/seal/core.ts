/**
 * Sealing and unsealing, from the first start to the last share. Each function takes and returns what Vault's endpoints take
 * and return (`sys/init`, `sys/unseal`, `sys/seal-status` …).
 */

import { createHash, timingSafeEqual } from "node:crypto"
import { type JsonObject, readFields, refuse, type Values } from "@arca/api"
import { Conflict, type View } from "@arca/storage"
import type { Barrier } from "@arca/storage/barrier"
import type { Peers } from "../peers.ts"
import type { RandomBytes } from "../random.ts"
import { uuid } from "../random.ts"
import { RECOVERY, readSealConfig, type SealConfig, type Shares, writeSealConfig } from "./config.ts"
import { initFields } from "./fields.ts"
import { encryptText } from "./pgp.ts"
import { type AutoSeal, type Seal, unwrapUnderShares, wrapUnderShares } from "./seal.ts"
import { checkWish, joinShares, readShare, type Split, shownKeys, splitKey } from "./shares.ts"

export interface SealWorld {
  readonly barrier: Barrier
  /** The seal of the configuration. */
  readonly seal: Seal
  /** The seal that was in force before, while the configuration moves from one to another (`disabled = true`). */
  readonly former?: Seal | undefined
  readonly random: RandomBytes
  /** Seconds since 1970. */
  readonly now: () => number
  /** Fills an empty store through the barrier, and returns the root token. */
  readonly furnish: (view: View) => Promise<string>
  /** The other workers of this machine. */
  readonly peers: Peers
  /** Called after each unsealing, before it is answered. */
  readonly opened: () => Promise<void>
  /** Called before the keys are forgotten. */
  readonly closing: () => Promise<void>
}

export interface UnsealInput {
  readonly key?: string | undefined
  readonly reset: boolean
  readonly migrate: boolean
}

export type InitInput = Values<typeof initFields>

/** Shares that came in for the unsealing of this process. */
interface Progress {
  nonce: string
  shares: Uint8Array[]
  migrate: boolean
}

export type SealCore = ReturnType<typeof sealCore>

export function sealCore(world: SealWorld) {
  const { barrier, seal } = world
  const progress: Progress = { nonce: "", shares: [], migrate: false }
  const reset = () => {
    for (const share of progress.shares) share.fill(0)
    Object.assign(progress, { nonce: "", shares: [], migrate: false })
  }

  const config = async (): Promise<SealConfig | undefined> => {
    using view = barrier.inner.view()
    return await readSealConfig(view)
  }

  const open = async (rootKey: Uint8Array): Promise<void> => {
    if (!(await barrier.unseal(rootKey)))
      throw refuse.failed("the root key does not open the store: it may have been altered")
    await prepared()
    isAwaited = false
  }

  const openForAll = async (rootKey: Buffer): Promise<void> => {
    await open(rootKey)
    await world.peers.tell({ act: "open", rootKey: rootKey.toString("base64") })
  }

  /** Nothing is served by halves: what could not be made ready stays sealed. */
  const prepared = async (): Promise<void> => {
    try {
      await world.opened()
    } catch (error) {
      barrier.seal()
      throw error
    }
  }

  /** Nobody has opened or sealed it since the process began: then it opens as soon as its seal can. */
  let isAwaited = seal.kind === "auto"
  let unsettled: { due: number; act: () => Promise<void> } | undefined

  const core = {
    barrier,
    seal,
    config,
    sealed: barrier.sealed,
    initialized: barrier.initialized,

    /** Makes keys and root token of an empty store. Exactly one of any number of attempts succeeds. */
    async init(given: Partial<InitInput>): Promise<JsonObject> {
      const input: InitInput = { ...readFields(initFields, {}), ...given }
      if (await barrier.initialized()) throw refuse.invalid("Vault is already initialized")
      const wish = initWish(input, seal)
      const rootKey = Buffer.from(world.random(32))
      const splitOff = Buffer.from(world.random(32))
      const parts = await splitKey(splitOff, wish, world.random)
      const wrapped = seal.kind === "auto" ? await seal.wrap(rootKey) : wrapUnderShares(splitOff, rootKey)
      const cluster = uuid(world.random)
      const token = await barrier.initialize(rootKey, cluster, world.now(), async (view, beside) => {
        writeSealConfig(beside, configOf(seal, wish, wrapped, parts))
        if (seal.kind === "auto") view.put(RECOVERY, digest(splitOff))
        return world.furnish(view)
      })
      if (token === undefined) throw refuse.invalid("Vault is already initialized")
      // Whatever keeps it from being served, the keys are told: nobody else has them, and the seal will be tried again.
      if (seal.kind === "auto") await openForAll(rootKey).catch(() => {})
      const pgp = input.root_token_pgp_key
      const shown = pgp ? Buffer.from((await encryptText(pgp, token)).bytes).toString("base64") : token
      const keys = shownKeys(parts.handed, seal.kind === "auto" ? "recovery_" : "")
      return { keys: [], keys_base64: [], ...keys, root_token: shown }
    },

    /** Opens a store whose seal opens by itself. False when there is nothing to open, or the seal needs people. */
    async autoUnseal(): Promise<boolean> {
      const stored = await config()
      if (seal.kind !== "auto" || stored === undefined || stored.type !== seal.type) return false
      const wrapped = Buffer.from(stored.wrapped, "base64")
      const rootKey = await seal.unwrap(wrapped)
      await open(rootKey)
      if (seal.stale?.(wrapped)) await rewrap(seal, rootKey)
      return true
    },

    /** Whether `autoUnseal` is worth another try: the store may be made by another node, or the seal answer later. */
    awaitsItsSeal: (): boolean => isAwaited && barrier.sealed(),

    /** Takes a share. Returns the seal status. */
    async unseal(input: UnsealInput): Promise<void> {
      const wasSealed = barrier.sealed()
      try {
        await core.takeShare(input, "")
      } finally {
        if (wasSealed) await world.peers.tell({ act: "unseal", input, nonce: progress.nonce })
      }
    },

    /** Takes a share, from a caller or from another worker; the nonce is the attempt's, "" for a new one. */
    async takeShare(input: UnsealInput, nonce: string): Promise<void> {
      const stored = await config()
      if (stored === undefined) throw refuse.invalid("server is not yet initialized")
      if (input.reset) return reset()
      if (input.key === undefined || input.key === "") {
        throw refuse.invalid("'key' must be specified in request body as JSON, or 'reset' set to true")
      }
      const share = readShare(input.key)
      if (!barrier.sealed()) return
      const migrating = migrationOf(seal, world.former, stored)
      if (seal.kind === "auto" && !migrating)
        throw refuse.invalid("this store is unsealed by its seal; it takes no keys")
      if (input.migrate && !migrating) throw refuse.invalid("can't perform a seal migration, no migration seal found")
      if (migrating && !input.migrate)
        throw refuse.invalid("migrate option not provided and seal migration is in progress")
      if (progress.nonce === "") progress.nonce = nonce || uuid(world.random)
      if (!progress.shares.some(known => sameBytes(known, share))) progress.shares.push(share)
      const inForce = [stored, ...(stored.former ? [stored.former] : [])]
      if (inForce.every(one => progress.shares.length < one.threshold)) return
      const key = joinShares(progress.shares)
      const more = inForce.some(one => progress.shares.length < one.threshold)
      if (more && !inForce.some(one => opens(one, key))) return
      reset()
      await openWith(await settledBy(stored, key), key, migrating)
    },

    async close(): Promise<void> {
      isAwaited = false
      await core.forget()
      await world.peers.tell({ act: "seal" })
    },

    /** Seals this process alone. */
    async forget(): Promise<void> {
      if (barrier.sealed()) return
      await world.closing()
      barrier.seal()
    },

    /** A worker that starts later asks the others for the key they have. */
    async askPeers(): Promise<boolean> {
      if (!barrier.sealed()) return true
      const keys = await world.peers.tell({ act: "ask" })
      const key = keys.find(answer => typeof answer === "string" && answer !== "")
      if (typeof key !== "string") return false
      await open(Buffer.from(key, "base64"))
      return true
    },

    /** Ends the former shares of a rekeying whose answer has had its time to arrive. */
    async settle(): Promise<void> {
      if (unsettled === undefined || world.now() < unsettled.due) return
      await unsettled.act()
      unsettled = undefined
    },

    /** `sys/seal-status`, without what the server adds (version, cluster). */
    async status(): Promise<JsonObject> {
      const stored = await config()
      const migrating = stored !== undefined && migrationOf(seal, world.former, stored)
      return {
        type: stored?.type ?? seal.type,
        initialized: stored !== undefined,
        sealed: barrier.sealed(),
        t: stored?.threshold ?? 0,
        n: stored?.shares ?? 0,
        progress: progress.shares.length,
        nonce: progress.nonce,
        migration: migrating && barrier.sealed(),
        recovery_seal: (stored?.type ?? seal.type) !== "shamir",
      }
    },

    /** Whether the shares are those that may rekey and make root tokens: of the unseal key, or of the recovery key. */
    async provesAuthority(view: View, shares: readonly Uint8Array[]): Promise<boolean> {
      const key = joinShares(shares)
      const stored = await config()
      if (key === undefined || stored === undefined) return false
      if (stored.type !== "shamir") {
        const wanted = await view.get(RECOVERY)
        return wanted !== undefined && sameBytes(digest(key), wanted)
      }
      const rootKey = unwrapUnderShares(key, Buffer.from(stored.wrapped, "base64"))
      return rootKey !== undefined && sameBytes(rootKey, barrier.rootKey())
    },

    /**
     * Puts new shares in force: the root key is wrapped anew (Shamir), or the recovery key replaced. One transaction.
     * The former shares of an unseal key stay good for a minute, in which the answer reaches whoever asked; should the
     * server die before, those that unseal it next decide. (Whoever has them can open an older backup in any case.)
     */
    async adoptShares(
      view: View,
      beside: View,
      key: Uint8Array,
      wish: { shares: number; threshold: number },
      rest: Partial<SealConfig>,
    ): Promise<Replaced> {
      const stored = await readSealConfig(beside)
      if (stored === undefined) throw refuse.invalid("server is not yet initialized")
      const auto = stored.type !== "shamir"
      const recovery = await view.get(RECOVERY)
      if (auto) view.put(RECOVERY, digest(key))
      const wrapped = auto ? stored.wrapped : Buffer.from(wrapUnderShares(key, barrier.rootKey())).toString("base64")
      const { shares, threshold } = stored
      const former = auto ? undefined : { shares, threshold, wrapped: stored.wrapped }
      const next = { ...stored, ...rest, wrapped, shares: wish.shares, threshold: wish.threshold }
      writeSealConfig(beside, { ...next, former })
      // Another rekeying may have come in between; then there is nothing to settle.
      const still = (change: (view: View, beside: View, current: SealConfig) => void): Promise<void> =>
        bothSides(barrier, async (again, besideAgain) => {
          const current = await readSealConfig(besideAgain)
          if (current?.wrapped === wrapped && current.former?.wrapped === former?.wrapped)
            change(again, besideAgain, current)
        })
      const settle = () => still((_, again, current) => writeSealConfig(again, { ...current, former: undefined }))
      return {
        heard: () => {
          if (former !== undefined) unsettled = { due: world.now() + SETTLE_SECONDS, act: settle }
        },
        unheard: () =>
          still((again, besideAgain) => {
            if (recovery !== undefined) again.put(RECOVERY, recovery)
            writeSealConfig(besideAgain, stored)
          }),
      }
    },
  }

  /** Puts the root key under the newest key of its seal. */
  async function rewrap(auto: AutoSeal, rootKey: Uint8Array): Promise<void> {
    const wrapped = Buffer.from(await auto.wrap(rootKey)).toString("base64")
    await bothSides(barrier, async (_, beside) => {
      const stored = await readSealConfig(beside)
      if (stored !== undefined) writeSealConfig(beside, { ...stored, wrapped })
    })
  }

  world.peers.listen("seal", () => core.forget())
  world.peers.listen("unseal", message => core.takeShare(message.input, message.nonce).catch(() => undefined))
  world.peers.listen("open", message => (barrier.sealed() ? open(Buffer.from(message.rootKey, "base64")) : undefined))
  world.peers.listen("ask", () => (barrier.sealed() ? "" : Buffer.from(barrier.rootKey()).toString("base64")))

  return core

  /** Which shares are in force is decided by those that are used first after a rekeying that nobody saw the end of. */
  async function settledBy(stored: SealConfig, key: Uint8Array | undefined): Promise<SealConfig> {
    if (stored.former === undefined) return stored
    const chosen = opens(stored, key) ? {} : opens(stored.former, key) ? stored.former : undefined
    if (chosen === undefined) return stored
    const settled: SealConfig = { ...stored, ...chosen, former: undefined }
    using view = barrier.inner.view()
    writeSealConfig(view, settled)
    await barrier.inner.commit(view)
    return settled
  }

  async function openWith(stored: SealConfig, key: Uint8Array | undefined, migrating: boolean): Promise<void> {
    const wrong = refuse.invalid("unable to retrieve unseal key or it is wrong: cipher: message authentication failed")
    if (key === undefined) throw wrong
    const wrapped = Buffer.from(stored.wrapped, "base64")
    if (stored.type === "shamir") {
      const rootKey = unwrapUnderShares(key, wrapped)
      if (rootKey === undefined) throw wrong
      if (migrating) await migrateFromShamir(stored, key, rootKey)
      return open(rootKey)
    }
    await migrateFromAuto(stored, key, wrapped)
  }

  /** From shares to a seal that opens by itself: the shares become those of the recovery key. */
  async function migrateFromShamir(stored: SealConfig, key: Uint8Array, rootKey: Uint8Array): Promise<void> {
    if (seal.kind !== "auto") throw refuse.invalid("no seal to migrate to is configured")
    const wrapped = Buffer.from(await seal.wrap(rootKey)).toString("base64")
    if (!(await barrier.unseal(rootKey))) throw refuse.failed("the root key does not open the store")
    await commitBoth((view, beside) => {
      view.put(RECOVERY, digest(key))
      writeSealConfig(beside, { ...stored, type: seal.type, wrapped })
    })
  }

  /** From a seal to shares, or to another seal; the shares that prove it are those of the recovery key. */
  async function migrateFromAuto(stored: SealConfig, key: Uint8Array, wrapped: Uint8Array): Promise<void> {
    const { former } = world
    if (former?.kind !== "auto" || former.type !== stored.type) {
      throw refuse.invalid(
        `the former seal ${JSON.stringify(stored.type)} must stay in the configuration, with disabled = "true", until the migration is done`,
      )
    }
    const rootKey = await former.unwrap(wrapped)
    if (!(await barrier.unseal(rootKey))) throw refuse.failed("the root key does not open the store")
    try {
      using view = barrier.storage.view()
      const wanted = await view.get(RECOVERY)
      if (wanted === undefined || !sameBytes(digest(key), wanted)) throw refuse.invalid("the recovery key is wrong")
      const next = seal.kind === "auto" ? await seal.wrap(rootKey) : wrapUnderShares(key, rootKey)
      await commitBoth((_, beside) =>
        writeSealConfig(beside, { ...stored, type: seal.type, wrapped: Buffer.from(next).toString("base64") }),
      )
    } catch (error) {
      barrier.seal()
      throw error
    }
    await prepared()
  }

  /** A transaction that writes through the barrier and beside it. */
  async function commitBoth(change: (view: View, beside: View) => void): Promise<void> {
    await bothSides(barrier, async (view, beside) => change(view, beside))
  }
}

/** Runs `change` in one transaction that can write through the barrier (`view`) and beside it (`beside`). */
export async function bothSides<T>(barrier: Barrier, change: (view: View, beside: View) => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    using pair = barrier.both()
    try {
      const result = await change(pair.view, pair.beside)
      await barrier.inner.commit(pair.beside)
      return result
    } catch (error) {
      if (!(error instanceof Conflict) || tries >= 50) throw error
    }
  }
}

/** What is left to do after shares were replaced: one of the two. `unheard` puts the former ones in force again. */
export interface Replaced {
  readonly heard: () => void
  readonly unheard: () => Promise<void>
}

const opens = ({ wrapped }: Shares, key: Uint8Array | undefined): boolean =>
  key !== undefined && unwrapUnderShares(key, Buffer.from(wrapped, "base64")) !== undefined

/** How long former shares stay good beside new ones. */
const SETTLE_SECONDS = 60

const digest = (key: Uint8Array): Buffer => createHash("sha256").update(key).digest()

const sameBytes = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && timingSafeEqual(a, b)

const migrationOf = (seal: Seal, former: Seal | undefined, stored: SealConfig): boolean =>
  stored.type !== seal.type && (stored.type === "shamir" || former?.type === stored.type)

/** How the key shall be split: unseal keys for Shamir, recovery keys for the others. Refuses what belongs to the other. */
function initWish(input: InitInput, seal: Seal): { shares: number; threshold: number; pgpKeys: string[] } {
  const shamir = { shares: input.secret_shares, threshold: input.secret_threshold, pgpKeys: input.pgp_keys }
  const recovery = {
    shares: input.recovery_shares,
    threshold: input.recovery_threshold,
    pgpKeys: input.recovery_pgp_keys,
  }
  const alien =
    seal.kind === "auto"
      ? namesGiven(shamir, "secret", "pgp_keys")
      : namesGiven(recovery, "recovery", "recovery_pgp_keys")
  if (alien.length > 0) throw refuse.invalid(`parameters ${alien.join(",")} not applicable to seal type ${seal.type}`)
  const given = seal.kind === "auto" ? recovery : shamir
  const kind = seal.kind === "auto" ? "recovery" : "secret"
  const wish = {
    shares: given.shares ?? (seal.kind === "auto" ? 1 : 0),
    threshold: given.threshold ?? (seal.kind === "auto" ? 1 : 0),
    pgpKeys: given.pgpKeys,
  }
  checkWish(wish, { shares: `${kind}_shares`, threshold: `${kind}_threshold`, pgp: "pgp_keys" })
  return wish
}

function namesGiven(
  wish: { shares: number | undefined; threshold: number | undefined; pgpKeys: string[] },
  kind: string,
  pgp: string,
): string[] {
  return [
    ...(wish.shares ? [`${kind}_shares`] : []),
    ...(wish.threshold ? [`${kind}_threshold`] : []),
    ...(wish.pgpKeys.length > 0 ? [pgp] : []),
  ]
}

const configOf = (
  seal: Seal,
  wish: { shares: number; threshold: number },
  wrapped: Uint8Array,
  parts: Split,
): SealConfig => ({
  type: seal.type,
  shares: wish.shares,
  threshold: wish.threshold,
  wrapped: Buffer.from(wrapped).toString("base64"),
  ...(parts.fingerprints.length === 0 ? {} : { pgpFingerprints: parts.fingerprints }),
})
