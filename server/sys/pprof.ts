/**
 * `sys/pprof`: where this process spends its time, and who allocates its memory. V8's own formats, which Chrome's developer tools
 * and speedscope open: names of functions and numbers, no values. (A snapshot of the heap would hold secrets; there is none.)
 *
 * With several workers it is the one that the connection went to: they run the same code on the same share of the load, so one
 * stands for all; the name of the file says which it was.
 */

import { Session } from "node:inspector/promises"
import { setTimeout } from "node:timers/promises"
import { type Answer, field, refuse } from "@arca/api"
import type { ServerContext } from "../server.ts"
import { sysRoute } from "./route.ts"

/** Longer than this nobody needs, and the profile itself takes memory. */
const MAX_SECONDS = 300
/** Bytes between two sampled allocations, on average. */
const HEAP_INTERVAL = 32_768

let busy = false

/** One profile at a time: two would measure each other. */
async function profiled(seconds: number, name: string, take: (session: Session) => Promise<unknown>): Promise<Answer> {
  if (!Number.isInteger(seconds) || seconds < 0 || seconds > MAX_SECONDS)
    throw refuse.invalid(`seconds is a whole number up to ${MAX_SECONDS}`)
  if (busy) throw refuse.invalid("another profile is being taken of this process; try again when it is done")
  busy = true
  const session = new Session()
  session.connect()
  try {
    const profile = await take(session)
    return {
      raw: { contentType: "application/json", body: JSON.stringify(profile) },
      headers: { "Content-Disposition": `attachment; filename="${name}"` },
    }
  } finally {
    session.disconnect()
    busy = false
  }
}

const fileOf = ({ server }: ServerContext, kind: string): string =>
  server.auditPlaces.worker === 0 ? `arca.${kind}` : `arca-worker-${server.auditPlaces.worker}.${kind}`

const cpuProfile = (seconds: number, ctx: ServerContext): Promise<Answer> =>
  profiled(seconds, fileOf(ctx, "cpuprofile"), async session => {
    await session.post("Profiler.enable")
    await session.post("Profiler.start")
    await setTimeout(seconds * 1000)
    const { profile } = await session.post("Profiler.stop")
    return profile
  })

const heapProfile = (seconds: number, collected: boolean, ctx: ServerContext): Promise<Answer> =>
  profiled(seconds, fileOf(ctx, "heapprofile"), async session => {
    const all = { includeObjectsCollectedByMajorGC: collected, includeObjectsCollectedByMinorGC: collected }
    await session.post("HeapProfiler.enable")
    await session.post("HeapProfiler.startSampling", { samplingInterval: HEAP_INTERVAL, ...all })
    await setTimeout(seconds * 1000)
    const { profile } = await session.post("HeapProfiler.stopSampling")
    return profile
  })

const common = { sudo: true, rootOnly: true, openWhen: "pprof" } as const
const seconds = (text: string, fallback: number) => ({
  seconds: field.int(text, { default: fallback, query: true, plain: true }),
})

const INDEX = `profile?seconds=30  where time is spent (.cpuprofile)
heap?seconds=30     who allocates what stays (.heapprofile)
allocs?seconds=30   who allocates, what was given back included (.heapprofile)
`

export const pprofRoutes = [
  sysRoute("pprof", {
    summary: "Which profiles there are.",
    ...common,
    read: () => ({ raw: { contentType: "text/plain; charset=utf-8", body: INDEX } }),
  }),
  sysRoute("pprof/profile", {
    summary: "Where this process spends its time, in V8's format.",
    ...common,
    fields: seconds("How long to look.", 30),
    read: ({ seconds: given }, ctx) => cpuProfile(given, ctx),
  }),
  sysRoute("pprof/heap", {
    summary: "Who allocates memory that stays, in V8's format.",
    ...common,
    fields: seconds("How long to look.", 30),
    read: ({ seconds: given }, ctx) => heapProfile(given, false, ctx),
  }),
  sysRoute("pprof/allocs", {
    summary: "Who allocates memory, what was given back included, in V8's format.",
    ...common,
    fields: seconds("How long to look.", 30),
    read: ({ seconds: given }, ctx) => heapProfile(given, true, ctx),
  }),
]
