/** What befalls a cluster in each seeded run: decided by the seed and the kind of store alone. */

import { sequence } from "@arca/storage/fault"
import type { StoreType } from "./stores.ts"

/** One trouble of a run, in milliseconds since its clients began. */
export interface Step {
  readonly kind: string
  /** Which node, or which member of the store. */
  readonly target: number
  readonly at: number
  readonly lasts: number
}

export interface Plan {
  readonly seed: number
  /** A long run has a node stopped for half a minute, while the short runs after it go on beside. */
  readonly long: boolean
  readonly clients: number
  /** Between two requests of a client, in milliseconds. */
  readonly pace: readonly [number, number]
  /** How long a client waits for a reply, in milliseconds. */
  readonly patience: number
  readonly steps: readonly Step[]
}

interface Kind {
  readonly kind: string
  /** What two troubles must not have in common at one time. */
  readonly part: "process" | "network" | "clients" | "member" | "store"
  readonly weight: number
  readonly targets: number
  readonly shortest?: number
  readonly longest: number
}

const NODES = 3

const KINDS: readonly Kind[] = [
  { kind: "node killed", part: "process", weight: 5, targets: NODES, longest: 400 },
  { kind: "node restarted", part: "process", weight: 1, targets: NODES, longest: 0 },
  { kind: "node paused", part: "process", weight: 2, targets: NODES, longest: 1200 },
  { kind: "clients cut off a node", part: "clients", weight: 2, targets: NODES, longest: 0 },
  { kind: "node's store connections cut", part: "network", weight: 3, targets: NODES, longest: 0 },
  { kind: "node's store silent", part: "network", weight: 2, targets: NODES, longest: 1200 },
  { kind: "node's store answers lost", part: "network", weight: 4, targets: NODES, shortest: 400, longest: 1200 },
]

const OF_STORE: Readonly<Record<StoreType, readonly Kind[]>> = {
  postgresql: [{ kind: "PostgreSQL crashed", part: "store", weight: 4, targets: 1, longest: 400 }],
  etcd: [
    { kind: "etcd member killed", part: "member", weight: 4, targets: 3, longest: 600 },
    { kind: "etcd member paused", part: "member", weight: 2, targets: 3, longest: 1200 },
    { kind: "all of etcd killed", part: "store", weight: 2, targets: 1, longest: 200 },
  ],
}

export const STOPPED = "node stopped for 30 s"

/** Every kind of trouble that runs on such a store meet. */
export const kindsOf = (type: StoreType): string[] => [
  STOPPED,
  ...[...KINDS, ...OF_STORE[type]].filter(({ weight }) => weight > 0).map(({ kind }) => kind),
]

/** One seed of so many is that of a long run. */
const GROUP = 20
const LONG_AT = 10

const isLong = (seed: number): boolean => seed % GROUP === LONG_AT

/** The long run beside which the short run of this seed goes on, if it is early in its group. */
export const longBeside = (seed: number): number | undefined => {
  const since = (seed - LONG_AT + GROUP) % GROUP
  return since > 0 && since <= GROUP / 2 && seed > since ? seed - since : undefined
}

export function planOf(type: StoreType, seed: number): Plan {
  const random = sequence(seed * 7919)
  if (isLong(seed)) {
    const target = Math.floor(random() * NODES)
    const steps = [{ kind: STOPPED, target, at: 500, lasts: 30_000 }]
    return { seed, long: true, clients: 6, pace: [100, 400], patience: 6000, steps }
  }
  const kinds = [...KINDS, ...OF_STORE[type]]
  const steps: Step[] = []
  const used = new Set<string>()
  const count = 1 + Math.floor(random() * 3)
  for (let at = 150 + random() * 250; steps.length < count; at += random() * 500) {
    const one = weighted(kinds, random())
    const target = Math.floor(random() * one.targets)
    const { shortest = 0, longest } = one
    const lasts = shortest + random() * (longest - shortest)
    const part = one.part === "store" || one.part === "member" ? "store" : `${one.part} ${target}`
    // Two troubles of one part (kill and pause of one node) would get into each other's way.
    if (used.has(part)) continue
    used.add(part)
    steps.push({ kind: one.kind, target, at: Math.round(at), lasts: Math.round(lasts) })
  }
  return { seed, long: false, clients: 12, pace: [5, 40], patience: 1500, steps }
}

function weighted(kinds: readonly Kind[], point: number): Kind {
  let left = point * kinds.reduce((sum, { weight }) => sum + weight, 0)
  for (const one of kinds) {
    left -= one.weight
    if (left < 0) return one
  }
  throw new Error("there are no kinds")
}

export const told = ({ kind, target, at, lasts }: Step): string =>
  `${(at / 1000).toFixed(2)} s: ${kind} (${target})${lasts > 0 ? `, for ${(lasts / 1000).toFixed(2)} s` : ""}`
