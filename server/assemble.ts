/** Puts the parts of a server together. What differs between a test and a daemon comes in; the rest is made here. */

import { auth } from "@arca/auth"
import { engines } from "@arca/engines"
import type { Storage } from "@arca/storage"
import type { AuditBroker } from "./audit/index.ts"
import { helpOf } from "./help.ts"
import { inFlightRequests } from "./in-flight.ts"
import { aclMemory } from "./policies.ts"
import type { RandomBytes } from "./random.ts"
import { registryOf } from "./registry.ts"
import type { AnyEngine, Limits, Lockout, Logger, Quotas, Server, ServerFacts } from "./server.ts"
import { systemEngine } from "./sys/engine.ts"
import { tokenEngine } from "./token/engine.ts"
import { API_VERSION, ARCA_VERSION, BUILD_DATE } from "./version.ts"

export interface Parts {
  readonly storage: Storage
  readonly audit: AuditBroker
  /** Seconds since 1970. */
  readonly now: () => number
  readonly random: RandomBytes
  /** Engines beside those of the build: for tests. */
  readonly engines: readonly AnyEngine[]
  readonly limits: Limits
  readonly log: Logger
  readonly sealed: () => boolean
  readonly quotas: Quotas
  readonly lockout: Lockout
  readonly facts: Partial<ServerFacts>
}

type Needed = "storage" | "audit" | "now" | "random"

const HOURS_768 = 768 * 3600

const silent: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

export function assemble(parts: Pick<Parts, Needed> & Partial<Parts>): Server {
  const builtIn: readonly AnyEngine[] = [systemEngine, tokenEngine, ...engines, ...auth]
  return {
    facts: {
      apiVersion: API_VERSION,
      arcaVersion: ARCA_VERSION,
      buildDate: BUILD_DATE,
      storageType: "inmem",
      shared: false,
      apiAddress: "",
      clusterAddress: "",
      startedAt: parts.now(),
      ...parts.facts,
    },
    limits: parts.limits ?? { defaultTtl: HOURS_768, maxTtl: HOURS_768 },
    storage: parts.storage,
    registry: registryOf([...builtIn, ...(parts.engines ?? [])]),
    audit: parts.audit,
    log: parts.log ?? silent,
    now: parts.now,
    random: parts.random,
    sealed: parts.sealed ?? (() => false),
    acl: aclMemory(),
    inFlight: inFlightRequests(parts.now),
    quotas: parts.quotas ?? { admit: async () => {} },
    lockout: parts.lockout ?? { watch: (_ctx, _place, login) => login() },
    help: helpOf,
  }
}
