/**
 * An engine is a value: its routes, its lease kinds, its jobs. So is an auth method; its logins answer with `auth`.
 * Everything the world offers reaches a handler through its context; there is nothing else to reach for.
 */

import type { Json, JsonObject } from "./json.ts"
import type { Outbound } from "./outbound.ts"
import type { Operation, Route } from "./route.ts"
import type { Store } from "./store.ts"

/** A mount as its engine sees it. TTLs are seconds, already resolved against the server's defaults. */
export interface Mount {
  /** With a trailing slash, relative to its namespace: `secret/`, `auth/userpass/`. */
  readonly path: string
  readonly type: string
  readonly accessor: string
  readonly uuid: string
  readonly options: Readonly<Record<string, string>>
  readonly defaultTtl: number
  readonly maxTtl: number
}

/** Who asks: the token's view of itself. A caller without a valid token has no policies. */
export interface Caller {
  readonly displayName: string
  readonly accessor: string
  readonly policies: readonly string[]
  readonly entityId: string
  readonly tokenType: "service" | "batch" | ""
  readonly metadata: Readonly<Record<string, string>>
  /** A stable key for things that belong to this token alone (cubbyhole); empty without a token. */
  readonly tokenKey: string
}

export interface RequestFacts {
  readonly id: string
  readonly operation: Operation
  /** Relative to the mount. */
  readonly path: string
  /** Relative to the namespace, with the mount's path. */
  readonly fullPath: string
  readonly remoteAddress: string
  /** Seconds the reply shall be wrapped for; 0 when not asked. */
  readonly wrapTtl: number
  /** Request headers that the mount lets through (`passthrough_request_headers`), lower-case names. */
  readonly headers: ReadonlyMap<string, readonly string[]>
  /** The verified or offered client certificate, DER; undefined without one. */
  readonly certificate: Uint8Array | undefined
}

/** How long a lease or token lives, in seconds; 0 leaves it to the mount. */
export interface Term {
  readonly ttl: number
  readonly maxTtl: number
  readonly renewable?: boolean
}

/** A lease that is durable before the outside effect it stands for exists. */
export interface PreparedLease {
  readonly id: string
  until(ttl: number, maxTtl: number, renewable?: boolean): LeaseTerms
  /**
   * Gives the lease up without undoing anything: for when the outside said that it made nothing, as it does of a name that is
   * taken. Undoing would then end what belongs to somebody else.
   */
  forget(): Promise<void>
}

export interface LeaseTerms extends Term {
  readonly id: string
}

/** What lives as long as its lease. `data` is what `prepare` was given; it is kept encrypted, never shown. */
export interface LeaseKind<D extends JsonObject = JsonObject> {
  readonly name: string
  /** Ends the outside effect. It is called again until it succeeds, so it must be idempotent. */
  readonly revoke?: (data: D, ctx: Context) => Promise<void>
  /** Prolongs the outside effect until `expiresAt` (seconds since 1970). Undefined: nothing outside depends on the time. */
  readonly renew?: (data: D, ctx: Context, expiresAt: number) => Promise<void>
  /**
   * The life that a renewal gives and the longest life of all, in seconds (0 leaves it to the mount), as what made the lease says now:
   * Vault renews by the role as it is, not as it was. Refuses when that is gone. Those of the issue when left out.
   */
  readonly terms?: (data: D, ctx: Context) => Promise<{ readonly ttl: number; readonly maxTtl: number }>
  readonly renewable?: boolean
}

/** Limits and bounds of a token that a login asks for; the meaning of Vault's `token_*` parameters. Seconds. */
export interface TokenTerms {
  readonly ttl: number
  readonly maxTtl: number
  readonly period: number
  readonly explicitMaxTtl: number
  readonly numUses: number
  readonly boundCidrs: readonly string[]
  readonly noDefaultPolicy: boolean
  readonly type: "service" | "batch" | "default" | "default-service" | "default-batch" | ""
}

/** A proven identity: the pipeline makes the token from it. */
export interface Login {
  readonly displayName: string
  readonly policies: readonly string[]
  readonly metadata: Readonly<Record<string, string>>
  readonly terms: TokenTerms
  /** The name under which this mount knows the entity; without one the token has no entity. */
  readonly alias?: { readonly name: string; readonly metadata?: Readonly<Record<string, string>> }
  readonly groupAliases?: readonly string[]
  /** Kept with the token and given back at `renew`: what proves that the login would still succeed. */
  readonly internal?: JsonObject
  readonly renewable?: boolean
}

/** What a handler returns. Nothing (undefined) is 204, or 404 for read and list. */
export interface Answer {
  readonly data?: JsonObject | undefined
  readonly warnings?: readonly string[]
  readonly lease?: LeaseTerms
  /** Seconds after which a client should read again, without there being a lease (KV v1). */
  readonly refreshInterval?: number
  readonly auth?: Login
  /** 200 with a body, 204 without, unless told otherwise. */
  readonly status?: number
  /** The whole body, without Vault's envelope (`sys/health`). */
  readonly bare?: Json
  /** A body that is not JSON; one that comes in pieces is sent as it comes. */
  readonly raw?: { readonly contentType: string; readonly body: Uint8Array | string | AsyncIterable<Uint8Array> }
  readonly headers?: Readonly<Record<string, string>>
}

export interface Context {
  /** This mount's own storage, inside the request's transaction. */
  readonly store: Store
  readonly mount: Mount
  /** Seconds since 1970; one value for the whole request. */
  readonly now: number
  /** The time as it goes on, in the same seconds: for what outlives the request (`resource`). */
  readonly clock: () => number
  readonly random: (bytes: number) => Uint8Array
  readonly request: RequestFacts
  /** The parameters as they came, for handlers whose body is the caller's own data. */
  readonly body: JsonObject
  readonly caller: Caller
  /** Whether the caller's policies allow `operation` on a path below this mount. Lists filter with it. */
  readonly permits: (operation: Operation, path: string) => boolean
  /** A sentence for the caller beside the answer. */
  readonly warn: (text: string) => void
  /** A line for the operators' log. Never a secret. */
  readonly log: (level: "debug" | "info" | "warn" | "error", text: string) => void
  /**
   * Makes a lease durable before its outside effect: should the server die in between, the lease's job undoes the effect.
   * From here on the request is not run again on a conflict; its effect is revoked instead.
   */
  readonly prepare: <D extends JsonObject>(kind: LeaseKind<D>, data: D) => Promise<PreparedLease>
  /** A lease for something without an outside effect; it is committed with the request. */
  readonly lease: <D extends JsonObject>(kind: LeaseKind<D>, data: D, term: Term) => LeaseTerms
  /** A password by the named password policy of this namespace, or by the default one. */
  readonly password: (policy?: string) => Promise<string>
  /** The only way out of this process: what it refuses is the operator's to decide. */
  readonly outbound: Outbound
  /**
   * Something that outlives the request in this process, such as a pool of connections: opened once for each key however many
   * ask at the same time, and kept until it was not asked for during some minutes, the server is sealed or stops, or the mount
   * goes. The key holds all that it was made from (name and version of a configuration), for the first `open` under a key is
   * the one that counts; mounts do not see each other's. `close` lets what goes on in it end. An `open` that fails is forgotten.
   */
  readonly resource: <T>(key: string, open: () => Promise<T>, close: (value: T) => Promise<void>) => Promise<T>
  /** Closes this mount's resources whose key begins so, in this process. Other processes let go of theirs when they are idle. */
  readonly closeResources: (prefix: string) => Promise<void>
  /**
   * Runs `change` on this mount's storage in a transaction of its own, and resolves when it is durable: for what must be written
   * down before the world outside is changed, and cannot be a lease. `change` is run again after a conflict, so it does nothing
   * else. The request's own `store` does not see it, and the request is not run again after it. How to replace a password:
   *
   *     const next = await ctx.durably(async store => keepPending(store, name, await ctx.password()))   // or the one kept before
   *     await connection.setPassword(username, next)
   *     await ctx.durably(store => settle(store, name, next))
   *
   * Whatever dies in between, the pending password is there for the next attempt, which sets the same one again.
   */
  readonly durably: <T>(change: (store: Store) => Promise<T>) => Promise<T>
}

/**
 * Work that runs by itself on every mount of an engine, on one node at a time. What it writes to `ctx.store` is one transaction,
 * run again after a conflict. A job of many steps, or one that acts outside, writes through `ctx.durably` alone, step by step.
 */
export interface Job {
  readonly name: string
  readonly everySeconds: number
  readonly run: (ctx: Context) => Promise<void>
}

export interface Engine {
  readonly kind: "secret" | "auth"
  /** The name it is mounted by: `kv`, `userpass`. */
  readonly type: string
  /** Other names that mean the same, with the options they imply: `kv-v2`. */
  readonly aliases?: Readonly<Record<string, Readonly<Record<string, string>>>>
  readonly summary: string
  /** The type in words, as generated clients begin the names of its operations: `app-role`. */
  readonly words?: string
  readonly routes: readonly Route[]
  /** Other tables of routes, chosen by the mount option `version`. */
  readonly versions?: Readonly<Record<string, readonly Route[]>>
  /**
   * Its handlers do nothing but read and write their store, in the request's transaction. They may then run while the request is
   * being recorded, for nothing of theirs is seen before it is; every way out of the transaction is closed to them.
   */
  readonly confined?: boolean
  readonly leases?: readonly LeaseKind<never>[]
  readonly jobs?: readonly Job[]
  /** Exactly one, mounted from the first start, never unmounted. */
  readonly singleton?: boolean
  /** The folder of a mount's store whose keys are its entries, and the metric that says how many there are. */
  readonly counted?: (mount: Pick<Mount, "options">) => { readonly metric: string; readonly folder: string }
  /** Called in the transaction that mounts it, or that changes its options. */
  readonly mounted?: (ctx: Context, before: Mount | undefined) => Promise<void>
  /**
   * Auth methods: whether the login that made a token would still succeed, and on which terms. Refuses otherwise. External
   * groups follow `groupAliases` as they do at a login; a method that cannot tell leaves it out, and they stay.
   */
  readonly renew?: (internal: JsonObject, ctx: Context) => Promise<Pick<Login, "terms" | "policies" | "groupAliases">>
  /** Auth methods: the name that a login attempt is about, so that guessing can be locked out. */
  readonly lockout?: (path: string, body: JsonObject) => string | undefined
  /**
   * Called when a snapshot of this store has been restored: what may be used once, and may have been used since the snapshot,
   * must not be good again.
   */
  readonly restored?: (ctx: Context) => Promise<void>
  /** Auth methods: the role that a login is by, where neither path nor body says so by that name. Quotas count by it. */
  readonly role?: (path: string, body: JsonObject, ctx: Context) => Promise<string | undefined>
}

/** Checks nothing at run time; it lets the compiler check an engine where it is written. */
export const engine = (declared: Engine): Engine => declared

/** Declares a kind of lease, typed by what `prepare` or `lease` is given. */
export const leaseKind = <D extends JsonObject>(declared: LeaseKind<D>): LeaseKind<D> => declared
