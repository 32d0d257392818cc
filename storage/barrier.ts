/**
 * The barrier: a Storage around a Storage. Inside lie ciphertexts; without the root key the store tells the names of
 * entries and their sizes, nothing else.
 */

import {
  type Keyring,
  newKeyring,
  openValue,
  rotated,
  sealValue,
  unwrapKeyring,
  wrapKeyring,
} from "@arca/crypto/keyring"
import { type Ledger, ledgerOf, type Watch } from "./ledger.ts"
import { Memo } from "./memo.ts"
import { type Codec, mapView, type ReadTimer, transformStorage } from "./transform.ts"
import { Conflict, momentOf, type Storage, type View } from "./view.ts"

/** The store is sealed: its keys are not in memory. */
export class Sealed extends Error {
  override readonly name = "Sealed"
  constructor() {
    super("the store is sealed")
  }
}

/** Entries that lie outside the barrier: what is needed to open it. */
export const KEYRING = "core/keyring"

export interface Barrier {
  /** What everyone else uses. Opening a view while sealed throws `Sealed`. */
  readonly storage: Storage
  /** The store itself: for what lies outside the barrier. */
  readonly inner: Storage
  /** The account of entries that must not go missing. */
  readonly ledger: Ledger
  sealed(): boolean
  initialized(): Promise<boolean>
  /**
   * Makes a keyring under `rootKey`, in one transaction with whatever `fill` puts through the barrier (`view`) or beside it
   * (`beside`). The barrier stays sealed. Undefined when the store was initialised before, or by another at the same moment.
   */
  initialize<T>(
    rootKey: Uint8Array,
    cluster: string,
    now: number,
    fill: (view: View, beside: View) => Promise<T>,
  ): Promise<T | undefined>
  /** Opens the barrier; false when it is not the root key. */
  unseal(rootKey: Uint8Array): Promise<boolean>
  /** Forgets all keys, and everything that was decoded. */
  seal(): void
  /** Adds a term under which everything is sealed from now on. Durable when it resolves. */
  rotate(now: number): Promise<void>
  /** Puts the keyring under another root key, in the transaction `view` of the inner storage. */
  rewrap(view: View, rootKey: Uint8Array): Promise<void>
  /** Takes the root key that `rewrap` used, after its transaction was committed. */
  adopt(rootKey: Uint8Array): void
  /** Reads the keyring anew: another node may have rotated it. */
  reload(): Promise<void>
  /** The active term, and how many values this process and its forerunners sealed under it. */
  status(): { term: number; installedAt: number; encryptions: number; cluster: string }
  /** A transaction that writes through the barrier (`view`) and beside it; commit `beside` with the inner storage. */
  both(): { readonly view: View; readonly beside: View } & Disposable
  /** A value as the barrier keeps it under `key`, and back. Opening throws `Tampered` or `UnknownTerm`. */
  sealAt(key: string, plain: Uint8Array): Uint8Array
  openAt(key: string, sealed: Uint8Array): Uint8Array
  /** The root key while unsealed: to wrap it under another seal, or to hand it to a worker of this process. */
  rootKey(): Uint8Array
}

const codecOf = (keyring: Keyring): Codec => ({
  seal: (key, plain) => sealValue(keyring, key, plain),
  open: (key, sealed) => openValue(keyring, key, sealed),
})

export interface BarrierOptions {
  readonly timer?: ReadTimer
  /** Entries that account is kept of. */
  readonly watch?: Watch
}

const NOTHING: Watch = { keys: async () => [], includes: () => false }

export function barrierStorage(
  inner: Storage,
  random: (bytes: number) => Uint8Array,
  { timer, watch = NOTHING }: BarrierOptions = {},
): Barrier {
  let open: { keyring: Keyring; rootKey: Uint8Array } | undefined
  let sealedValues = 0
  const memo = new Memo()
  const need = () => {
    if (open === undefined) throw new Sealed()
    return open
  }
  const through = transformStorage(
    inner,
    {
      seal: (key, plain) => {
        sealedValues++
        return sealValue(need().keyring, key, plain)
      },
      open: (key, sealed) => openValue(need().keyring, key, sealed),
    },
    memo,
    timer,
  )
  const storage: Storage = {
    ...through,
    view: hints => {
      need()
      return through.view(hints)
    },
    moment: () => {
      const within = through.moment()
      return momentOf(
        hints => {
          need()
          return within.view(hints)
        },
        () => within[Symbol.dispose](),
      )
    },
    commit: async view => {
      await ledger.amend(view)
      return through.commit(view)
    },
  }
  const ledger = ledgerOf(storage, watch, random)
  const read = async (): Promise<Uint8Array | undefined> => {
    using view = inner.view()
    return await view.get(KEYRING)
  }
  const adoptKeyring = (keyring: Keyring, rootKey: Uint8Array) => {
    open = { keyring, rootKey: Uint8Array.from(rootKey) }
  }
  return {
    storage,
    inner,
    ledger,
    sealed: () => open === undefined,
    initialized: async () => (await read()) !== undefined,
    initialize: async (rootKey, cluster, now, fill) => {
      using beside = inner.view()
      if ((await beside.get(KEYRING)) !== undefined) return undefined
      const keyring = newKeyring(cluster, random, now)
      beside.put(KEYRING, wrapKeyring(keyring, rootKey))
      const filled = await fill(mapView(beside, codecOf(keyring), new Memo()), beside)
      try {
        await inner.commit(beside)
      } catch (error) {
        if (error instanceof Conflict) return undefined
        throw error
      }
      return filled
    },
    unseal: async rootKey => {
      const wrapped = await read()
      const keyring = wrapped && unwrapKeyring(wrapped, rootKey)
      if (keyring === undefined) return false
      adoptKeyring(keyring, rootKey)
      return true
    },
    seal: () => {
      open?.rootKey.fill(0)
      open = undefined
      memo.clear()
    },
    rotate: async now => {
      const { rootKey } = need()
      using view = inner.view()
      const wrapped = await view.get(KEYRING)
      const current = wrapped && unwrapKeyring(wrapped, rootKey)
      if (current === undefined) throw new Sealed()
      const next = rotated(current, random, now)
      view.put(KEYRING, wrapKeyring(next, rootKey))
      await inner.commit(view)
      sealedValues = 0
      adoptKeyring(next, rootKey)
    },
    rewrap: async (view, rootKey) => {
      const wrapped = await view.get(KEYRING)
      const current = wrapped && unwrapKeyring(wrapped, need().rootKey)
      if (current === undefined) throw new Sealed()
      view.put(KEYRING, wrapKeyring(current, rootKey))
    },
    adopt: rootKey => adoptKeyring(need().keyring, rootKey),
    reload: async () => {
      const { rootKey } = need()
      const wrapped = await read()
      const keyring = wrapped && unwrapKeyring(wrapped, rootKey)
      if (keyring === undefined) throw new Sealed()
      adoptKeyring(keyring, rootKey)
    },
    status: () => {
      const { active, cluster } = need().keyring
      return {
        term: active.term,
        installedAt: active.installedAt,
        encryptions: active.encryptions + sealedValues,
        cluster,
      }
    },
    both: () => {
      const beside = inner.view()
      return {
        beside,
        view: mapView(beside, codecOf(need().keyring), new Memo()),
        [Symbol.dispose]: () => beside[Symbol.dispose](),
      }
    },
    sealAt: (key, plain) => sealValue(need().keyring, key, plain),
    openAt: (key, sealed) => openValue(need().keyring, key, sealed),
    rootKey: () => Uint8Array.from(need().rootKey),
  }
}
