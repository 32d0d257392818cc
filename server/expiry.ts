/**
 * Finding what is due: tokens and leases come up in the order of time, from the index. Nothing is held in memory but what is being
 * ended or waits for its turn, each group of what shares an outside in a lane of its own: a slow one holds up nobody else.
 */

import { type Due, dueOf, groupOf, timeOf } from "./due.ts"
import { CHUNK, ender, type Outcome, type Outside } from "./ending.ts"
import { layout, timeKey } from "./layout.ts"
import { outageOf } from "./outage.ts"
import type { Server } from "./server.ts"
import { gate } from "./turnstile.ts"

/** How many entries one look at the index takes. */
const PAGE = 500
/** How many effects are undone at the same time by all lanes together: they wait for the network, not for us. */
const CONCURRENCY = 128
/** How many of these may be of one lane. */
const OF_ONE_LANE = 64
/**
 * How many of a lane are undone at the same time at first; one more with each that ended. All at once would queue up outside, step by
 * step, so that the first is done when the last is: a server that lives briefly would end none.
 */
const FIRST = 4
/** How many of a lane are taken at the same time: so many wait for the store, or for their turn outside. */
const TAKEN = 1000
/** How many wait in a lane. Others stay in the index until the next look. */
const QUEUE = 10_000

export interface Expired {
  readonly ended: number
  readonly failed: number
  /** Seconds since the oldest entry that was due had come due; 0 when nothing was. */
  readonly lag: number
}

export interface Expiry {
  /** Ends what is due now, not being ended yet, and finds room in its lane. */
  endDue(): Promise<Expired>
  /** Leaves what waits for its turn to the next process. */
  halt(): void
  /** Resolves when nothing is being ended. */
  idle(): Promise<void>
}

interface Waiting {
  readonly due: Due
  readonly tell: (outcome: Outcome) => void
}

interface Lane extends Outside {
  readonly queue: Waiting[]
  taken: number
  /** How many may be outside now. */
  width: number
  /** Whether it will be looked after in a moment. */
  woken: boolean
}

const NOTHING: Expired = { ended: 0, failed: 0, lag: 0 }

/** The expiry of this process. */
export function expiryOf(server: Server): Expiry {
  const end = ender(server)
  const lanes = new Map<string, Lane>()
  const busy = new Set<string>()
  const unfinished = new Set<Promise<unknown>>()
  let looking = false

  const share = (): number => Math.max(1, Math.min(OF_ONE_LANE, Math.floor(CONCURRENCY / lanes.size)))

  const laneOf = (group: string): Lane => {
    const known = lanes.get(group)
    if (known !== undefined) return known
    const lane: Lane = {
      queue: [],
      taken: 0,
      width: FIRST,
      woken: false,
      outage: outageOf(server.now),
      enter: gate(() => Math.min(share(), lane.width)),
    }
    lanes.set(group, lane)
    return lane
  }

  /** Starts as many of a lane as it has room for. */
  const pump = (group: string, lane: Lane): void => {
    lane.woken = false
    while (lane.queue.length > 0 && lane.taken < TAKEN) {
      start(group, lane, lane.queue.splice(0, Math.min(CHUNK, TAKEN - lane.taken)))
    }
    if (lane.taken === 0 && lane.outage.none && lanes.get(group) === lane) lanes.delete(group)
  }

  /** Those that end in the same moment are followed by as many at once: each start is a transaction. */
  const wake = (group: string, lane: Lane): void => {
    if (lane.woken) return
    lane.woken = true
    setImmediate(pump, group, lane)
  }

  const start = (group: string, lane: Lane, chunk: readonly Waiting[]): void => {
    lane.taken += chunk.length
    const tellers = new Map(chunk.map(({ due, tell }) => [due, tell]))
    const dues = chunk.map(({ due }) => due)
    void end(dues, lane, (due, outcome) => {
      lane.taken--
      lane.width = outcome === "failed" ? FIRST : Math.min(OF_ONE_LANE, lane.width + 1)
      busy.delete(due.key)
      tellers.get(due)?.(outcome)
      wake(group, lane)
    })
  }

  const hand = (due: Due): Promise<Outcome> | undefined => {
    const lane = laneOf(groupOf(due))
    if (busy.has(due.key) || lane.queue.length >= QUEUE) return undefined
    busy.add(due.key)
    return new Promise(tell => lane.queue.push({ due, tell }))
  }

  /** One walk over what is due, oldest first; each entry is told of when it has ended. */
  const look = async (handed: Promise<Outcome>[]): Promise<number> => {
    const before = timeKey(server.now() + 0.001)
    let lag: number | undefined
    for (let after: string | undefined; ; ) {
      const names = await namesOf(server, { before, limit: PAGE, ...(after === undefined ? {} : { after }) })
      const due = names.map(dueOf).filter(one => one !== undefined)
      lag ??= due[0] === undefined ? 0 : Math.max(0, server.now() - timeOf(due[0]))
      for (const one of due) {
        const outcome = hand(one)
        if (outcome !== undefined) handed.push(outcome)
      }
      for (const group of new Set(due.map(groupOf))) pump(group, laneOf(group))
      if (names.length < PAGE) return lag
      after = names.at(-1)
    }
  }

  const endDue = async (): Promise<Expired> => {
    if (looking) return NOTHING
    looking = true
    const handed: Promise<Outcome>[] = []
    const lag = await look(handed).finally(() => (looking = false))
    server.metrics.gauge({ name: "expire.oldest_due_seconds", value: lag })
    const outcomes = await Promise.all(handed)
    const count = (wanted: Outcome) => outcomes.filter(one => one === wanted).length
    return { ended: count("ended"), failed: count("failed"), lag }
  }

  return {
    endDue: () => {
      const one = endDue()
      unfinished.add(one)
      return one.finally(() => unfinished.delete(one))
    },
    halt: () => {
      for (const { queue } of lanes.values()) {
        for (const { due, tell } of queue.splice(0)) {
          busy.delete(due.key)
          tell("put off")
        }
      }
    },
    idle: async () => {
      await Promise.allSettled(unfinished)
    },
  }
}

async function namesOf(server: Server, page: { before: string; limit: number; after?: string }): Promise<string[]> {
  using view = server.storage.view()
  return await view.keys(layout.expiry, page)
}

/** Runs `act` on all items, at most `limit` at a time. `act` must not reject. */
export async function inParallel<T>(
  items: readonly T[],
  limit: number,
  act: (item: T) => Promise<void>,
): Promise<void> {
  const queue = items.values()
  const worker = async () => {
    for (const item of queue) await act(item)
  }
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker))
}
