/**
 * Account of entries that must not go missing. The barrier binds a ciphertext to its key, so none can be forged or moved; but
 * whoever can write the store can delete one, or put back what the same key held before. So a digest over all entries of some
 * kinds is kept beside them, changed in the same commits, sealed like everything else: once in a while the entries are read
 * and held against it.
 *
 * The digest is a sum, so that a commit changes it by what it takes away and what it adds, whatever else there is: of HMACs
 * of keys and ciphertexts, modulo 2^256, with a key that only the sealed record knows (an incremental multiset hash as in
 * Clarke et al., 2003). All commits of such entries meet at one record: it is for what seldom changes.
 */

import { createHmac } from "node:crypto"
import { Transaction } from "./transaction.ts"
import { innerView } from "./transform.ts"
import { Conflict, type Storage, type View } from "./view.ts"

/** Where the account is kept, through the barrier. */
export const LEDGER = "core/ledger"

interface Account {
  /** Base64, 32 bytes. */
  readonly key: string
  /** Hex. */
  readonly sum: string
  readonly entries: number
}

/** The entries are not those that were written. */
export interface Discrepancy {
  /** How many there should be, and how many there are; the same when one was replaced. */
  readonly expected: number
  readonly found: number
}

export interface Watch {
  /** The keys where such entries lie, or may lie, in this state of the store. */
  readonly keys: (view: View) => Promise<readonly string[]>
  readonly includes: (key: string) => boolean
}

export interface Ledger {
  /** Changes the account by what `view`, of the barrier's storage, is about to write. */
  amend(view: View): Promise<void>
  /** Begins the account where there is none; whether it did. */
  ensure(): Promise<boolean>
  /** Holds the entries against the account; where there is none, nothing is found. */
  check(): Promise<Discrepancy | undefined>
  /** Takes what is there for what should be. */
  begin(): Promise<void>
}

const MODULUS = 1n << 256n
const MAX_TRIES = 20

/** `storage` is the barrier's, `inner` what is below it. */
export function ledgerOf(storage: Storage, watch: Watch, random: (bytes: number) => Uint8Array): Ledger {
  const termOf = (account: Account, path: string, sealed: Uint8Array): bigint => {
    const mac = createHmac("sha256", Buffer.from(account.key, "base64"))
      .update(path)
      .update("\0")
      .update(sealed)
      .digest()
    return BigInt(`0x${mac.toString("hex")}`)
  }

  const read = async (view: View): Promise<Account | undefined> => {
    const value = await view.get(LEDGER)
    return value && (JSON.parse(Buffer.from(value).toString()) as Account)
  }

  const write = (view: View, account: Account): void => view.put(LEDGER, Buffer.from(JSON.stringify(account)))

  /** All entries, as they lie in the store. */
  const count = async (view: View, account: Account): Promise<Account> => {
    const below = innerView(view)
    let sum = 0n
    let entries = 0
    for (const path of await watch.keys(below)) {
      const sealed = await below.get(path)
      if (sealed === undefined) continue
      sum = (sum + termOf(account, path, sealed)) % MODULUS
      entries++
    }
    return { ...account, sum: sum.toString(16), entries }
  }

  const begin = async (): Promise<void> => {
    for (let tries = 1; ; tries++) {
      using view = storage.view()
      // A key of its own each time: sums that were seen before tell nothing.
      write(view, await count(view, { key: Buffer.from(random(32)).toString("base64"), sum: "0", entries: 0 }))
      try {
        await storage.commit(view)
        return
      } catch (error) {
        if (!(error instanceof Conflict) || tries >= MAX_TRIES) throw error
      }
    }
  }

  return {
    async amend(view) {
      const below = innerView(view)
      if (!(below instanceof Transaction)) throw new TypeError("This view was opened by something that is no storage")
      const changed = [...below.writes].filter(([path]) => watch.includes(path))
      if (changed.length === 0) return
      const account = await read(view)
      if (account === undefined) return
      let sum = BigInt(`0x${account.sum}`)
      let { entries } = account
      for (const [path, sealed] of changed) {
        // Whoever changes such an entry has read the account, so what the snapshot shows is what is replaced.
        const before = (await below.snapshot.get(path))?.value
        if (before !== undefined) sum += MODULUS - termOf(account, path, before)
        if (sealed !== undefined) sum += termOf(account, path, sealed)
        entries += Number(sealed !== undefined) - Number(before !== undefined)
      }
      write(view, { ...account, sum: (sum % MODULUS).toString(16), entries })
    },
    async ensure() {
      using view = storage.view()
      if ((await read(view)) !== undefined) return false
      await begin()
      return true
    },
    async check() {
      using view = storage.view()
      const account = await read(view)
      if (account === undefined) return undefined
      const found = await count(view, account)
      return found.sum === account.sum ? undefined : { expected: account.entries, found: found.entries }
    },
    begin,
  }
}
