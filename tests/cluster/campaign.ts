/** Many seeded runs on one store: it and its nodes live on from run to run, and each run has things of its own. */

import { missing as withoutDatabase } from "../parts/postgresql.ts"
import { type LeaseTotals, openLeases } from "./leases.ts"
import { readyMembers } from "./members.ts"
import { must, startCluster } from "./nodes.ts"
import { kindsOf, longBeside, planOf } from "./plan.ts"
import { Violation } from "./shortest.ts"
import { type StoreType, startStore } from "./stores.ts"
import { failureOf, type RunResult, run, type Stage } from "./story.ts"

export interface Campaign {
  readonly type: StoreType
  readonly seeds: readonly number[]
  /** Hears how it goes, a line at a time. */
  readonly say: (line: string) => void
  /** The environment of the nodes. */
  readonly env?: Record<string, string>
}

export interface Totals {
  readonly runs: number
  readonly operations: number
  /** Requests that were not answered, or with a failure of the server: nobody knows what became of them. */
  readonly unknown: number
  readonly seconds: number
  /** How often each kind of trouble came. */
  readonly troubles: Readonly<Record<string, number>>
  readonly leases: LeaseTotals | undefined
}

/** After so many runs the cluster is made anew, so that its store stays small. */
const RUNS_OF_A_CLUSTER = 200
/** After so many a line tells how it goes. */
const RUNS_OF_A_LINE = 10

/** Makes the runs of all seeds, one after the other, long ones beside. Throws at the first violation, which says how to see it again. */
export async function campaign({ type, seeds, say, env = {} }: Campaign): Promise<Totals> {
  const began = performance.now()
  const tally = { runs: 0, operations: 0, unknown: 0 }
  const troubles: Record<string, number> = Object.fromEntries(kindsOf(type).map(kind => [kind, 0]))
  const count = (result: RunResult): void => {
    tally.runs++
    tally.operations += result.operations
    tally.unknown += result.unknown
    for (const kind of result.troubles) troubles[kind] = (troubles[kind] ?? 0) + 1
    if (tally.runs % RUNS_OF_A_LINE === 0) say(lineOf(type, tally, began))
  }
  let leases: LeaseTotals | undefined
  for (let from = 0; from < seeds.length; from += RUNS_OF_A_CLUSTER) {
    const ended = await onOneCluster(type, seeds.slice(from, from + RUNS_OF_A_CLUSTER), env, count)
    leases = leases === undefined ? ended : ended && sumOf(leases, ended)
  }
  return { ...tally, seconds: since(began), troubles, leases }
}

const since = (began: number): number => Math.round((performance.now() - began) / 1000)

const lineOf = (
  type: StoreType,
  { runs, operations, unknown }: Omit<Totals, "seconds" | "troubles" | "leases">,
  began: number,
) => `${type}: ${runs} runs, ${operations} operations (${unknown} of unknown outcome), ${since(began)} s, no violation`

const sumOf = (a: LeaseTotals, b: LeaseTotals): LeaseTotals => ({
  handedOut: a.handedOut + b.handedOut,
  revoked: a.revoked + b.revoked,
  made: a.made + b.made,
  ended: a.ended + b.ended,
})

async function onOneCluster(
  type: StoreType,
  seeds: readonly number[],
  env: Record<string, string>,
  count: (result: RunResult) => void,
): Promise<LeaseTotals | undefined> {
  await using stack = new AsyncDisposableStack()
  const store = await startStore(type, 3)
  stack.defer(() => store.stop())
  const cluster = await startCluster(store, 3, env)
  stack.defer(() => cluster.stop())
  const kv = { type: "kv", options: { version: "2" } }
  await must(cluster, { method: "POST", path: "sys/mounts/kv", token: cluster.root, body: kv })
  await readyMembers(cluster)
  const leases = (await withoutDatabase()) === undefined ? await openLeases(cluster) : undefined
  stack.defer(async () => leases?.stop())
  const stop = new AbortController()
  const stage: Stage = { cluster, troubles: [...cluster.troubles, ...store.troubles], leases, over: stop.signal }
  const running = new Set<Promise<void>>()
  try {
    await runAll(stage, type, seeds, count, running)
    return await leases?.settle()
  } catch (error) {
    stop.abort()
    await Promise.allSettled(running)
    throw new Error(`${text(error)}\n${againWith(type, error, seeds)}\n${cluster.logs()}`)
  }
}

/** The seed whose run went wrong, for whoever wants to see it again. */
class Failed extends Error {
  override readonly name = "Failed"
  readonly seed: number

  constructor(seed: number, cause: unknown) {
    super(text(cause))
    this.seed = seed
  }
}

async function runAll(
  stage: Stage,
  type: StoreType,
  seeds: readonly number[],
  count: (result: RunResult) => void,
  running: Set<Promise<void>>,
) {
  const one = (seed: number, begun?: () => void) => {
    const ended = run(stage, planOf(type, seed), begun).then(count, (error: unknown) => {
      throw new Failed(seed, error)
    })
    running.add(ended)
    return ended
  }
  let beside: Promise<void> = Promise.resolve()
  for (const seed of seeds) {
    if (!planOf(type, seed).long) await Promise.race([one(seed), failureOf(beside)])
    else {
      await beside
      await new Promise<void>((resolve, reject) => {
        beside = one(seed, resolve)
        beside.catch(reject)
      })
    }
    await stage.leases?.check().catch((error: unknown) => {
      throw new Failed(seed, error)
    })
  }
  await beside
}

/** What was found says all by itself; of anything else one wants to know where it came from. */
function text(error: unknown): string {
  if (error instanceof Violation || error instanceof Failed) return error.message
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}

function againWith(type: StoreType, error: unknown, seeds: readonly number[]): string {
  if (!(error instanceof Failed)) return `it was in one of the runs ${seeds.at(0)} to ${seeds.at(-1)}`
  const { seed } = error
  const first = longBeside(seed) ?? Math.max(1, seed - 5)
  return [
    `again:                    node tests/cluster/many.ts --store ${type} --seed ${seed}`,
    `with the runs before it:  node tests/cluster/many.ts --store ${type} --first ${first} --runs ${seed - first + 1}`,
  ].join("\n")
}

export const shownTotals = (type: StoreType, { troubles, leases, seconds, ...tally }: Totals): string =>
  [
    `${type}: ${tally.runs} runs in ${seconds} s, ${tally.operations} operations (${tally.unknown} of unknown outcome), no violation`,
    ...(leases === undefined
      ? ["  leases were not tried: there is no database to lease from"]
      : [
          `  ${leases.handedOut} leases handed out, ${leases.revoked} revoked, ${leases.made} roles made, ${leases.ended} ended`,
        ]),
    ...Object.entries(troubles).map(([kind, times]) => `  ${String(times).padStart(4)} × ${kind}`),
  ].join("\n")
