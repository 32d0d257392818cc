/**
 * The nodes of a cluster. Each tells the store that it lives, and sees of the others whether what they tell changes: whether a
 * node lives is never a question of whose clock is right. What clocks say is compared all the same, and a difference is told.
 */

import { createHash } from "node:crypto"
import { decodeJson, encodeJson, type JsonObject } from "@arca/api"
import type { View } from "@arca/storage"
import { isGone } from "./claims.ts"
import { layout } from "./layout.ts"
import type { Server } from "./server.ts"
import { reading, transact } from "./transact.ts"

/** How often a node tells that it lives, in seconds. */
export const BEAT_SECONDS = 2
/** How long a node that tells nothing counts as alive. */
const LIFE_SECONDS = 6
/** How long it is remembered. */
const MEMORY_SECONDS = 3600
/** A difference of clocks that operators must hear of, in seconds. */
const SKEW_SECONDS = 3
/** How many beats in a row must say that another clock is behind: one or two of them come late when the store was away. */
const TOLD = 3
/** How often they hear of it. */
const ALARM_SECONDS = 60

/** Times are seconds since 1970, by the member's own clock. */
export interface Member {
  readonly id: string
  readonly hostname: string
  readonly apiAddress: string
  readonly clusterAddress: string
  readonly version: string
  readonly arcaVersion: string
  readonly worker: number
  readonly startedAt: number
  readonly at: number
  readonly draining: boolean
}

export interface Standing {
  readonly member: Member
  readonly alive: boolean
  /** When this node last heard something new of it. */
  readonly since: number
  /** Seconds that its clock is ahead of this node's, as far as can be told. */
  readonly ahead: number
}

export interface Members {
  /** Nobody shares the store with this process: nothing is told or claimed. */
  readonly alone: boolean
  readonly id: string
  /** Whether this node wants to be left alone by balancers. */
  draining(): boolean
  /** From now on balancers are told to go elsewhere; for `seconds`, or for good. */
  drain(seconds: number): void
  /** The living node that a job falls to; undefined when none is known. */
  preferred(job: string): string | undefined
  /** Tells that this node lives, and looks at the others. At most every `BEAT_SECONDS`. */
  beat(server: Server): Promise<void>
  /** Takes this node off the list. */
  leave(server: Server): Promise<void>
  all(): readonly Standing[]
  /** Seconds that this node's clock is ahead of the store's, or of the others' where the store tells no time. */
  skew(): number
}

/** Ids hold slashes, which would be folders. */
const keyOf = (id: string): string => layout.members + id.replaceAll("/", "_")

const decode = (value: Uint8Array): Member => decodeJson(value) as unknown as Member

export interface MemberFacts {
  readonly alone: boolean
  readonly id: string
  readonly hostname: string
  readonly worker: number
  readonly now: () => number
}

export function membersOf({ alone, id, hostname, worker, now }: MemberFacts): Members {
  const seen = new Map<string, { readonly member: Member; readonly since: number; readonly told: readonly number[] }>()
  let drainUntil = 0
  let lastBeat = 0
  let lastAlarm = 0
  let skew = 0

  const self = (server: Server): Member => ({
    id,
    hostname,
    apiAddress: server.facts.apiAddress,
    clusterAddress: server.facts.clusterAddress,
    version: server.facts.apiVersion,
    arcaVersion: server.facts.arcaVersion,
    worker,
    startedAt: server.facts.startedAt,
    at: now(),
    draining: now() < drainUntil,
  })

  const alive = (since: number): boolean => now() - since < LIFE_SECONDS

  const look = async (server: Server): Promise<void> => {
    const found = await reading(server, async view => {
      const ids = await view.keys(layout.members)
      return await Promise.all(ids.map(async name => await view.cached(layout.members + name, decode)))
    })
    for (const member of found) {
      if (member === undefined || member.id === id) continue
      // The process that ran here before: no job falls to it, and nobody waits for its silence to be noticed.
      if (isGone(member.id)) {
        await forget(server, member.id)
        continue
      }
      const known = seen.get(member.id)
      if (known?.member.at === member.at) continue
      // It was told at most a beat ago, if it was seen before: only then does it say something about clocks.
      const told = known === undefined ? [0, 0] : [...known.told, aheadOf(member.at, now())].slice(-TOLD)
      seen.set(member.id, { member, since: now(), told })
    }
    const present = new Set(found.map(member => member?.id))
    for (const [name, { since }] of seen) {
      if (!present.has(name)) seen.delete(name)
      else if (now() - since > MEMORY_SECONDS) await forget(server, name)
    }
  }

  const measure = async (server: Server): Promise<void> => {
    const before = now()
    const store = await server.storage.now()
    const after = now()
    // An answer that was long on its way says little.
    if (after - before > 1) return
    skew = (before + after) / 2 - store
    const worst = [...seen.values()]
      .map(({ told }) => -Math.max(...told))
      .concat(skew)
      .sort((a, b) => Math.abs(b) - Math.abs(a))[0]
    if (worst === undefined || Math.abs(worst) < SKEW_SECONDS || now() < lastAlarm + ALARM_SECONDS) return
    lastAlarm = now()
    skew = worst
    server.log.error("this node's clock differs from the cluster's; tokens and leases end early or late: see to NTP", {
      seconds_ahead: Math.round(worst * 10) / 10,
    })
  }

  return {
    alone,
    id,
    draining: () => now() < drainUntil,
    drain: seconds => {
      drainUntil = now() + seconds
      lastBeat = 0
    },
    preferred: job => {
      const living = [...seen.values()]
        .filter(({ member, since }) => alive(since) && !member.draining)
        .map(({ member }) => member.id)
      if (now() >= drainUntil) living.push(id)
      return highest(job, living)
    },
    beat: async server => {
      if (alone || now() < lastBeat + BEAT_SECONDS) return
      lastBeat = now()
      await transact(server, async view => view.put(keyOf(id), encodeJson({ ...self(server) } as JsonObject)))
      await look(server)
      await measure(server)
    },
    leave: async server => {
      if (!alone) await forget(server, id)
    },
    all: () =>
      [...seen.values()].map(({ member, since, told }) => {
        return { member, since, ahead: Math.max(...told), alive: alive(since) }
      }),
    skew: () => skew,
  }
}

/** What a beat that was told up to `BEAT_SECONDS` ago says of another clock; nothing when that explains it. */
function aheadOf(told: number, now: number): number {
  const difference = told - now
  return difference < 0 ? Math.min(difference + BEAT_SECONDS, 0) : difference
}

const forget = (server: Server, id: string): Promise<void> =>
  transact(server, async (view: View) => view.delete(keyOf(id)))

/** Rendezvous hashing: each job falls to one of the living, and few move when one comes or goes. */
function highest(job: string, ids: readonly string[]): string | undefined {
  const weigh = (id: string) => createHash("sha256").update(`${job}\0${id}`).digest("hex")
  return ids.map(id => ({ id, weight: weigh(id) })).sort((a, b) => (a.weight < b.weight ? 1 : -1))[0]?.id
}
