/**
 * Accounts that are there already, whose secret changes every so often: the static roles of every engine that has them.
 *
 * What an account is to have next is kept with it before the other side hears of it, and is the same for every attempt: whatever
 * dies in between, trying again ends with a secret that is known. Accounts come up in the order of time, from an index; a plan
 * (engines/schedule.ts) says which time that is.
 */

import {
  type Context,
  decodeJson,
  encodeJson,
  type Fields,
  type JsonObject,
  Refusal,
  readFields,
  refuse,
  type Store,
  type Values,
  writeFields,
} from "@arca/api"
import { isMissed, nextAfter, nextAfterDue, type Plan } from "./schedule.ts"

/** What became of an account: seconds since 1970, 0 for never. `N` is given to it next, `K` is kept of that. */
export interface Rotation<N, K> {
  readonly lastRotation: number
  /** When the next rotation is due. */
  readonly due: number
  /** When the index brings it up: `due`, or later after a failure. */
  readonly wakes: number
  readonly failures: number
  /** What it has; undefined until the first rotation. */
  readonly current?: K | undefined
  /** What it had before, where that is kept. */
  readonly previous?: K | undefined
  /** What the other side may have been given already. */
  readonly pending?: N | undefined
}

export type Account<F extends Fields, N, K> = Values<F> & { readonly rotation: Rotation<N, K> }

/** The other side said no, and changed nothing: the next attempt may use another secret. */
export class NotTaken extends Error {
  override readonly name = "NotTaken"
  readonly refusal: Refusal
  constructor(refusal: Refusal) {
    super(refusal.message)
    this.refusal = refusal
  }
}

export interface RotatingOptions<F extends Fields, N, K> {
  /** Under which accounts are stored, with a trailing slash. */
  readonly folder: string
  readonly fields: F
  readonly plan: (account: Values<F>) => Plan
  /** What the account is to have next: durable before `change` is called, and the same for each attempt. */
  readonly next: (account: Values<F>, ctx: Context, name: string) => Promise<N>
  /** Gives it to the account; resolves with what is to be kept. Throws `NotTaken` when nothing was changed for sure. */
  readonly change: (account: Account<F, N, K>, next: N, ctx: Context) => Promise<K>
  /** Whether what an account had before is kept. */
  readonly keepsPrevious?: true
  /** Called in the transactions in which an account comes and goes. */
  readonly created?: (store: Store, name: string, account: Values<F>) => Promise<void>
  readonly erased?: (store: Store, name: string, account: Values<F>) => void
}

const WAKING = "rotation/"
const NEW = { lastRotation: 0, due: 0, wakes: 0, failures: 0 }
const FIRST_PAUSE = 10
const LONGEST_PAUSE = 600
/** How many accounts one round of the job rotates; the next round is near. */
const BATCH = 200

/** Twelve digits: names then sort as numbers do. */
const wakeKey = (seconds: number, name: string): string =>
  `${WAKING}${String(Math.max(0, Math.ceil(seconds))).padStart(12, "0")}/${name}`

/** Declares accounts that rotate. */
export function rotating<const F extends Fields, N extends JsonObject, K extends JsonObject>(
  options: RotatingOptions<F, N, K>,
) {
  type One = Account<F, N, K>
  const { folder, fields, plan, next, change } = options
  const decode = (value: Uint8Array): One => {
    const { rotation, ...json } = decodeJson(value)
    return { ...readFields(fields, json), rotation: (rotation ?? NEW) as unknown as Rotation<N, K> }
  }
  const get = async (store: Store, name: string): Promise<One | undefined> => store.cached(folder + name, decode)

  const put = (store: Store, name: string, account: One, before: One | undefined): void => {
    if (before !== undefined) store.delete(wakeKey(before.rotation.wakes, name))
    const rotation = account.rotation as unknown as JsonObject
    store.put(folder + name, encodeJson({ ...writeFields(fields, account, true), rotation }))
    store.put(wakeKey(account.rotation.wakes, name), new Uint8Array([1]))
  }

  const turn = (store: Store, name: string, account: One, rotation: Partial<Rotation<N, K>>): void =>
    put(store, name, { ...account, rotation: { ...account.rotation, ...rotation } }, account)

  const need = async (store: Store, name: string): Promise<One> => {
    const account = await get(store, name)
    if (account === undefined) throw refuse.invalid(`unknown role: ${name}`)
    return account
  }

  const erase = async (store: Store, name: string): Promise<void> => {
    const account = await get(store, name)
    if (account === undefined) return
    options.erased?.(store, name, account)
    store.delete(wakeKey(account.rotation.wakes, name))
    store.delete(folder + name)
  }

  /** Rotates now: `by plan` only if it is due, and without moving the times to come. */
  const rotate = async (ctx: Context, name: string, cause: "by plan" | "by request"): Promise<void> => {
    const account = await ctx.durably(store => need(store, name))
    const fresh = await next(account, ctx, name).catch((error: unknown) => {
      throw error instanceof Refusal ? new NotTaken(error) : error
    })
    const begun = await ctx.durably(async store => {
      const account = await need(store, name)
      if (cause === "by plan" && account.rotation.wakes > ctx.now) return undefined
      const pending = account.rotation.pending ?? fresh
      if (account.rotation.pending === undefined) turn(store, name, account, { pending })
      return { account, pending }
    })
    if (begun === undefined) return
    const { pending } = begun
    const given = await change(begun.account, pending, ctx).catch(async (error: unknown) => {
      if (error instanceof NotTaken) await ctx.durably(store => drop(store, name, pending))
      throw error
    })
    await ctx.durably(store => settle(store, name, { pending, given, cause, now: ctx.now }))
  }

  const isPending = (account: One, pending: N): boolean =>
    account.rotation.pending !== undefined && JSON.stringify(account.rotation.pending) === JSON.stringify(pending)

  const drop = async (store: Store, name: string, pending: N): Promise<void> => {
    const account = await get(store, name)
    if (account !== undefined && isPending(account, pending)) turn(store, name, account, { pending: undefined })
  }

  const settle = async (
    store: Store,
    name: string,
    { pending, given, cause, now }: { pending: N; given: K; cause: string; now: number },
  ): Promise<void> => {
    const account = await get(store, name)
    // Another attempt may have settled the same one, and even begun the next.
    if (account === undefined || !isPending(account, pending)) return
    const due =
      cause === "by plan" ? nextAfterDue(plan(account), account.rotation.due, now) : nextAfter(plan(account), now)
    const previous = options.keepsPrevious && account.rotation.current
    const settled = { current: given, previous, pending: undefined, lastRotation: now, due, wakes: due, failures: 0 }
    turn(store, name, account, settled)
  }

  const skip = async (ctx: Context, name: string): Promise<void> => {
    ctx.log("warn", `the rotation of ${folder}${name} missed its window and waits for the next scheduled time`)
    await ctx.durably(async store => {
      const account = await need(store, name)
      const due = nextAfterDue(plan(account), account.rotation.due, ctx.now)
      turn(store, name, account, { due, wakes: due })
    })
  }

  const postpone = async (ctx: Context, name: string, error: unknown): Promise<void> => {
    const pause = await ctx.durably(async store => {
      const account = await get(store, name)
      if (account === undefined) return 0
      const failures = account.rotation.failures + 1
      const seconds = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (failures - 1))
      turn(store, name, account, { failures, wakes: ctx.now + seconds })
      return seconds
    })
    const why = error instanceof Refusal || error instanceof NotTaken ? error.message : "an unexpected failure"
    ctx.log("warn", `could not rotate ${folder}${name}, trying again in ${pause} s: ${why}`)
  }

  return {
    get,
    need,
    list: (store: Store, path: string, page?: { after?: string; limit?: number }) => store.list(folder + path, page),

    /**
     * Stores a new account and rotates it, unless it is taken over as it is. When the other side takes nothing there is no account; when it may
     * have, the account stays, for its secret may be the only one that is right, and the job tries again.
     */
    create: async (
      ctx: Context,
      name: string,
      values: Values<F>,
      asItIs?: Pick<Rotation<N, K>, "current"> & { readonly lastRotation?: number },
    ): Promise<void> => {
      const due = asItIs === undefined ? ctx.now : nextAfter(plan(values), ctx.now)
      await ctx.durably(async store => {
        if ((await get(store, name)) !== undefined) throw refuse.invalid("the role was created by another request")
        await options.created?.(store, name, values)
        put(store, name, { ...values, rotation: { ...NEW, ...asItIs, due, wakes: due } }, undefined)
      })
      if (asItIs !== undefined) return
      await rotate(ctx, name, "by request").catch(async (error: unknown) => {
        if (!(error instanceof NotTaken)) throw error
        await ctx.durably(store => erase(store, name))
        throw error.refusal
      })
    },

    /** Stores other values for an account; another plan counts from the last rotation. */
    update: (ctx: Context, name: string, values: Values<F>): Promise<void> =>
      ctx.durably(async store => {
        const before = await need(store, name)
        const due = nextAfter(plan(values), before.rotation.lastRotation || ctx.now)
        const moved = samePlan(plan(values), plan(before)) ? {} : { due, wakes: due }
        put(store, name, { ...values, rotation: { ...before.rotation, ...moved } }, before)
      }),

    erase,

    rotateNow: (ctx: Context, name: string): Promise<void> =>
      rotate(ctx, name, "by request").catch((error: unknown) => {
        throw error instanceof NotTaken ? error.refusal : error
      }),

    /** A job: rotates what is due. An account that cannot be rotated comes back after a pause that grows. */
    rotateDue: async (ctx: Context): Promise<void> => {
      const before = wakeKey(ctx.now + 1, "").slice(WAKING.length)
      for (const key of await ctx.store.keys(WAKING, { before, limit: BATCH })) {
        const name = key.slice(key.indexOf("/") + 1)
        const account = await ctx.durably(store => get(store, name))
        if (account === undefined || account.rotation.wakes > ctx.now) continue
        const { pending, due } = account.rotation
        if (pending === undefined && isMissed(plan(account), due, ctx.now)) await skip(ctx, name)
        else await rotate(ctx, name, "by plan").catch((error: unknown) => postpone(ctx, name, error))
      }
    },
  }
}

const samePlan = (one: Plan, other: Plan): boolean =>
  one.rotation_period === other.rotation_period && one.rotation_schedule === other.rotation_schedule

/** How long the secret of an account is good for, in seconds. */
export const secondsLeft = ({ rotation }: { readonly rotation: { readonly due: number } }, now: number): number =>
  Math.max(0, Math.round(rotation.due - now))

/** A time as replies have it: RFC 3339; never is Go's beginning of time. */
export const timeText = (seconds: number): string =>
  seconds === 0 ? "0001-01-01T00:00:00Z" : new Date(seconds * 1000).toISOString()
