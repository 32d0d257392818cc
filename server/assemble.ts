/** Puts the parts of a server together. What differs between a test and a daemon comes in; the rest is made here. */

import { refuse } from "@arca/api"
import { auth } from "@arca/auth"
import { engines } from "@arca/engines"
import { hasWrites, type Storage } from "@arca/storage"
import { barrierStorage } from "@arca/storage/barrier"
import type { AuditBroker } from "./audit/index.ts"
import { checkpointKeeper } from "./audit-checkpoints.ts"
import { type AuditPlaces, auditFollower } from "./audit-table.ts"
import { furnish, rootToken } from "./first-start.ts"
import { gathering } from "./gathering.ts"
import { helpOf } from "./help.ts"
import { identityEngine } from "./identity/engine.ts"
import { inFlightRequests } from "./in-flight.ts"
import { leaseCounter } from "./lease-quotas.ts"
import { userLockout } from "./lockout.ts"
import { keptLines } from "./logs/kept.ts"
import { type Logs, silentLogs } from "./logs/logs.ts"
import { type Members, membersOf } from "./members.ts"
import { type Metrics, metricsOf } from "./metrics/metrics.ts"
import { TELEMETRY_DEFAULTS, type Telemetry } from "./metrics/telemetry.ts"
import { OUTBOUND_DEFAULTS, type OutboundRules, outbound } from "./outbound.ts"
import { alone, type Peers } from "./peers.ts"
import { aclMemory } from "./policies.ts"
import { rateLimiter } from "./quotas.ts"
import type { RandomBytes } from "./random.ts"
import { registryOf } from "./registry.ts"
import { resources } from "./resources.ts"
import { accounted, keepAccount, type RollbackPolicy, rollbackWatch } from "./rollback.ts"
import { attempts } from "./seal/attempts.ts"
import { sealFollower } from "./seal/cluster-seal.ts"
import { sealCore } from "./seal/core.ts"
import { type Seal, shamirSeal } from "./seal/seal.ts"
import type { AnyEngine, Limits, Lockout, Quotas, Reloads, Server, ServerFacts } from "./server.ts"
import { settleRestore } from "./snapshot/restore.ts"
import { systemEngine } from "./sys/engine.ts"
import { tokenEngine } from "./token/engine.ts"
import { watchedStorage } from "./trouble.ts"
import { turnstile } from "./turnstile.ts"
import { API_VERSION, ARCA_VERSION, BUILD_DATE } from "./version.ts"
import { noteVersion } from "./versions.ts"

export interface Parts {
  /** The store itself, outside of the barrier. */
  readonly inner: Storage
  readonly seal: Seal
  readonly former: Seal | undefined
  readonly audit: AuditBroker
  /** Seconds since 1970. */
  readonly now: () => number
  readonly random: RandomBytes
  /** Engines beside those of the build: for tests. */
  readonly engines: readonly AnyEngine[]
  readonly limits: Limits
  readonly logs: Logs
  readonly stopping: AbortSignal
  readonly reloads: Reloads
  readonly quotas: Quotas
  readonly lockout: Lockout
  readonly metrics: Metrics
  readonly telemetry: Telemetry
  readonly unauthenticated: ReadonlySet<string>
  readonly facts: Partial<ServerFacts>
  /** The text of the first root token, when it is chosen (`-dev-root-token-id`). */
  readonly rootTokenText: string
  /** The other workers of this machine. */
  readonly peers: Peers
  /** This node among those that share the store. */
  readonly members: Members
  readonly auditPlaces: AuditPlaces
  readonly snapshotFolders: readonly string[]
  readonly rollbackPolicy: RollbackPolicy
  /** Where engines may connect to. */
  readonly outbound: OutboundRules
  /** Called after each unsealing, and before each sealing. */
  readonly opened: (server: Server) => Promise<void>
  readonly closing: (server: Server) => Promise<void>
}

type Needed = "inner" | "audit" | "now" | "random"

const NO_PLACES: AuditPlaces = {
  context: { now: () => 0, after: () => () => {} },
  allowed: [],
  denied: [],
  worker: 0,
}

const HOURS_768 = 768 * 3600

export function assemble(parts: Pick<Parts, Needed> & Partial<Parts>): Server {
  const { random, now } = parts
  const builtIn: readonly AnyEngine[] = [systemEngine, tokenEngine, identityEngine, ...engines, ...auth]
  const reloads = parts.reloads ?? new Map()
  const inFlight = inFlightRequests(now)
  const logs = parts.logs ?? silentLogs()
  const telemetry = parts.telemetry ?? TELEMETRY_DEFAULTS
  const metrics = parts.metrics ?? metricsOf(now, () => now() * 1000, telemetry.retention)
  const peers = parts.peers ?? alone
  const rollback = rollbackWatch(parts.rollbackPolicy ?? "warn")
  const store = watchedStorage(parts.inner, trouble =>
    trouble === undefined
      ? server.log.info("the storage takes commits again")
      : server.log.error("the storage takes no commits", { reason: trouble }),
  )
  const barrier = barrierStorage(store.storage, random, {
    watch: accounted,
    timer: {
      clock: metrics.clock,
      get: took => metrics.sample("barrier.get", took),
      list: took => metrics.sample("barrier.list", took),
    },
  })
  const seal = sealCore({
    barrier,
    seal: parts.seal ?? shamirSeal,
    former: parts.former,
    random,
    now,
    peers,
    furnish: async view => {
      furnish(view, random)
      return rootToken(server, view, parts.rootTokenText || undefined)
    },
    opened: async () => {
      try {
        await server.followSeal.opened(server)
        await settleRestore(server)
        await noteVersion(server)
        await keepAccount(server)
        await parts.opened?.(server)
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error)
        server.log.named("seal").error("the store was opened and is sealed again, for it cannot be served", { reason })
        throw refuse.failed(reason)
      }
    },
    closing: async () => {
      await server.resources.close("")
      await parts.closing?.(server)
    },
  })
  const server: Server = {
    facts: {
      apiVersion: API_VERSION,
      arcaVersion: ARCA_VERSION,
      buildDate: BUILD_DATE,
      storageType: "inmem",
      shared: false,
      apiAddress: "",
      clusterAddress: "",
      startedAt: now(),
      configuration: {},
      introspection: false,
      ...parts.facts,
    },
    limits: parts.limits ?? { defaultTtl: HOURS_768, maxTtl: HOURS_768 },
    storage: measured(barrier.storage, metrics),
    together: gathering(barrier.storage),
    registry: registryOf([...builtIn, ...(parts.engines ?? [])]),
    audit: parts.audit,
    auditPlaces: parts.auditPlaces ?? NO_PLACES,
    auditCheckpoints: checkpointKeeper((parts.auditPlaces ?? NO_PLACES).context, rollback.fellBack),
    rollback,
    followAudit: auditFollower(),
    log: logs.log,
    logs,
    reloads,
    stopping: parts.stopping ?? new AbortController().signal,
    now,
    random,
    sealed: barrier.sealed,
    seal,
    followSeal: sealFollower(),
    members: parts.members ?? membersOf({ alone: true, id: "self", hostname: "localhost", worker: 0, now }),
    claims: new Map(),
    snapshotFolders: parts.snapshotFolders ?? [],
    attempts: attempts({ seal, random, rootToken: view => rootToken(server, view) }),
    unauthenticated: parts.unauthenticated ?? new Set(),
    acl: aclMemory(),
    inFlight,
    outbound: outbound({ rules: parts.outbound ?? OUTBOUND_DEFAULTS }),
    resources: resources(now, logs.log),
    trouble: () => [store.trouble(), parts.audit.failing()].filter(reason => reason !== undefined),
    turn: turnstile(),
    quotas: parts.quotas ?? rateLimiter(now),
    leaseQuotas: leaseCounter(barrier.storage, now),
    metrics,
    telemetry,
    peers,
    lockout: parts.lockout ?? userLockout(new Map()),
    help: helpOf,
  }
  peers.listen("log-level", ({ level, logger }) =>
    level === undefined ? logs.resetLevel(logger) : logs.setLevel(level, logger),
  )
  peers.listen("reload", ({ subsystem }) => reloads.get(subsystem)?.())
  const linesFor = keptLines(logs, now)
  peers.listen("log-lines", ({ reader, level, format }) => linesFor(reader, level, format))
  peers.listen("in-flight", () => inFlight.shown())
  peers.listen("metrics", () => metrics.snapshot())
  metrics.source(() => [{ name: "core.unsealed", value: barrier.sealed() ? 0 : 1 }])
  metrics.source(() => [{ name: "core.active", value: barrier.sealed() ? 0 : 1 }])
  return server
}

/** A commit is what reaches the disk: its duration is the one that tells how the store is. */
function measured(storage: Storage, metrics: Metrics): Storage {
  return {
    ...storage,
    commit: async view => {
      if (!hasWrites(view)) return storage.commit(view)
      const started = metrics.clock()
      try {
        return await storage.commit(view)
      } finally {
        metrics.sample("barrier.put", metrics.clock() - started)
      }
    },
  }
}
