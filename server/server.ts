/**
 * The parts of a running server. They are built in `main.ts` and passed in; only the pipeline and the routes under `sys/`
 * see them together.
 */

import type { Answer, Context, Engine, Json, JsonObject, Operation, Outbound, Refusal, Route } from "@arca/api"
import type { Maybe, Storage, View } from "@arca/storage"
import type { AuditBroker } from "./audit/index.ts"
import type { CheckpointKeeper } from "./audit-checkpoints.ts"
import type { AuditFollower, AuditPlaces } from "./audit-table.ts"
import type { Caller } from "./authenticate.ts"
import type { ClaimMemory } from "./claims.ts"
import type { Setting } from "./context.ts"
import type { Gathering } from "./gathering.ts"
import type { LeaseQuotas } from "./lease-quotas.ts"
import type { LockoutRule } from "./lockout.ts"
import type { Logger, Logs } from "./logs/logs.ts"
import type { Members } from "./members.ts"
import type { Metrics } from "./metrics/metrics.ts"
import type { Telemetry } from "./metrics/telemetry.ts"
import type { MountEntry } from "./mounts.ts"
import type { Namespace } from "./namespaces.ts"
import type { Peers } from "./peers.ts"
import type { Place } from "./pipeline.ts"
import type { aclMemory } from "./policies.ts"
import type { RateLimit } from "./quotas.ts"
import type { Registry } from "./registry.ts"
import type { Resources } from "./resources.ts"
import type { RollbackWatch } from "./rollback.ts"
import type { Attempts } from "./seal/attempts.ts"
import type { SealFollower } from "./seal/cluster-seal.ts"
import type { SealCore } from "./seal/core.ts"
import type { Turnstile } from "./turnstile.ts"

/** What one request asks, after the wire has been parsed once. Paths are canonical from here on. */
export interface Request {
  readonly id: string
  /** `update` for any write: whether it creates is found out when the route is known. */
  readonly operation: Operation
  /** After `/v1/`, without a leading slash; lists end in a slash. */
  readonly path: string
  /** The namespace header, as it came. */
  readonly namespace: string
  readonly token: string
  readonly body: JsonObject
  /** Seconds; undefined when no wrapping is asked for. */
  readonly wrapTtl: number | undefined
  readonly wrapFormat: "" | "jwt"
  /** Lower-case names. */
  readonly headers: ReadonlyMap<string, readonly string[]>
  readonly remoteAddress: string
  readonly remotePort: number
  /** The client's certificate (DER), if it showed one. */
  readonly certificate: Uint8Array | undefined
  /** What its listener allows without a token, beyond what must be: `rekey`, `metrics` …. */
  readonly opened?: ReadonlySet<string>
  /** The body as it comes, for routes that take it so (`streams`); then `body` is empty. */
  readonly stream?: AsyncIterable<Uint8Array>
}

export interface Reply {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** JSON, or bytes with their own content type, or nothing. */
  readonly body: Json | undefined
  readonly raw?:
    | { readonly contentType: string; readonly body: Uint8Array | string | AsyncIterable<Uint8Array> }
    | undefined
}

/** What routes under `sys/` and the built-in engines see beyond an engine's context. */
export interface ServerContext extends Context {
  readonly server: Server
  /** The whole store, in this request's transaction. */
  readonly view: View
  readonly namespace: Namespace
  readonly mountEntry: MountEntry
  readonly asker: Caller
  readonly full: Request
  /** Runs after the commit, before the reply: what a change of the store means for this process (audit devices, quotas). */
  readonly afterCommit: (act: () => Promise<void> | void) => void
  /** Runs when the response was recorded: what leaves nothing to work with (sealing). */
  readonly atLast: (act: () => Promise<void> | void) => void
  /** Takes back what was committed, should the response not be recorded: nobody will ever see what it says. */
  readonly ifUnrecorded: (act: () => Promise<void>) => void
  /** The same context for another mount: to call its engine (a lease's revoke, a token's renewal). */
  readonly onMount: (namespace: Namespace, entry: MountEntry) => ServerContext
}

/** An engine that may hold routes with the server's own context. */
export interface AnyEngine extends Omit<Engine, "routes" | "kind"> {
  readonly kind: Engine["kind"]
  readonly routes: readonly Route<ServerContext>[]
}

/** What the server knows of itself; JSON of `sys/health` and others is made from it. */
export interface ServerFacts {
  /** The Vault API level served: clients gate features on it. */
  readonly apiVersion: string
  readonly arcaVersion: string
  /** RFC 3339; when this version was made. */
  readonly buildDate: string
  readonly storageType: string
  /** Whether several nodes can share the store. */
  readonly shared: boolean
  readonly apiAddress: string
  readonly clusterAddress: string
  readonly startedAt: number
  /** The configuration in force, without what is or may hold a secret. */
  readonly configuration: JsonObject
  /** Whether `sys/internal/inspect` answers. */
  readonly introspection: boolean
}

export interface Limits {
  readonly defaultTtl: number
  readonly maxTtl: number
}

/** What can be read anew while the server runs (SIGHUP): `listener`, `audit`, `log`. */
export type Reloads = Map<string, () => Promise<void>>

export interface Server {
  readonly facts: ServerFacts
  readonly limits: Limits
  readonly storage: Storage
  /** Where a request opens its first view. */
  readonly together: Gathering
  readonly registry: Registry
  readonly audit: AuditBroker
  readonly auditPlaces: AuditPlaces
  readonly auditCheckpoints: CheckpointKeeper
  /** Older copies of the store in the place of newer ones. */
  readonly rollback: RollbackWatch
  /** Opens and closes audit devices when another process has changed their table. */
  readonly followAudit: AuditFollower
  readonly log: Logger
  readonly logs: Logs
  /** Aborted when the process is to end: streams that would go on for ever end. */
  readonly stopping: AbortSignal
  readonly reloads: Reloads
  /** Seconds since 1970. */
  readonly now: () => number
  readonly random: (bytes: number) => Uint8Array
  readonly sealed: () => boolean
  readonly seal: SealCore
  /** Seals this node when all are sealed. */
  readonly followSeal: SealFollower
  /** The nodes that share the store. */
  readonly members: Members
  readonly claims: ClaimMemory
  /** Folders that snapshots by schedule may be written to. */
  readonly snapshotFolders: readonly string[]
  /** Rekeying and root generation in progress. */
  readonly attempts: Attempts
  /** What the operator allows on all listeners without a token, beyond what must be: `rekey`, `generate-root`. */
  readonly unauthenticated: ReadonlySet<string>
  /** The compiled rules of a set of policies (`policies.ts`). */
  readonly acl: ReturnType<typeof aclMemory>
  readonly inFlight: InFlight
  readonly outbound: Outbound
  readonly resources: Resources
  /** What keeps this node from serving although it is unsealed; empty when all is well. */
  readonly trouble: () => readonly string[]
  /** For requests that others keep from being committed. */
  readonly turn: Turnstile
  readonly quotas: Quotas
  readonly leaseQuotas: LeaseQuotas
  readonly metrics: Metrics
  readonly telemetry: Telemetry
  /** The other workers of this machine. */
  readonly peers: Peers
  readonly lockout: Lockout
  /** What `?help=1` answers. */
  readonly help: (server: Server, entry: MountEntry, path: string) => JsonObject
}

/** A request that is being answered. */
export interface Begun {
  readonly request: Request
  /** Seconds since 1970. */
  readonly startedAt: number
}

/** The requests being answered now: `sys/in-flight-req`, and what a clean stop waits for. */
export interface InFlight {
  begin(request: Request): Begun
  end(begun: Begun): void
  readonly all: ReadonlySet<Begun>
  /** As `sys/in-flight-req` shows them. */
  shown(): JsonObject
}

/** Rate limits and lease counts. */
export interface Quotas {
  /** Counts a request by the limits that there are; what stands against it when it is one too many. */
  admit(limits: readonly RateLimit[], setting: Setting, place: Place): Promise<TooMany | undefined> | undefined
}

/** The refusal (429) of a request that is one too many, and whether the audit is to know of it. */
export interface TooMany {
  readonly refusal: Refusal
  readonly recorded: boolean
}

/** Guessing of logins: counted for each name, refused (403) while it is locked. */
export interface Lockout {
  /** When names of a mount are locked. */
  rule(entry: MountEntry): LockoutRule
  watch(ctx: ServerContext, place: Place, login: () => Maybe<Answer | undefined>): Maybe<Answer | undefined>
}
