/**
 * Background work: expiry, and the jobs of mounted engines. Each duty is claimed by one node at a time, and runs beside the
 * others: one that waits for a slow database holds up nothing else.
 *
 * A claim names its owner and its end by the store's clock, and grows a fence with each new owner. It is kept while its duty
 * runs. What a duty does is safe to be done twice, so a node that was paused longer than its claim does no harm.
 */

import { hostname } from "node:os"
import { decodeJson, encodeJson, type Job, type JsonObject } from "@arca/api"
import { NOBODY } from "./authenticate.ts"
import { contextOf, noEffects } from "./context.ts"
import { type Expiry, expiryOf } from "./expiry.ts"
import { layout } from "./layout.ts"
import { measureUsage } from "./metrics/usage.ts"
import { type MountEntry, mountTable } from "./mounts.ts"
import { type Namespace, namespaceTable } from "./namespaces.ts"
import { ownRequest } from "./revocation.ts"
import { rotation } from "./rotation.ts"
import type { Server } from "./server.ts"
import { completeRestore } from "./snapshot/restore.ts"
import { reading, transact } from "./transact.ts"

/** Seconds after which a claim that nobody kept is open to others: what was due waits no longer than that for another node. */
export const CLAIM_SECONDS = 4

interface Claim {
  readonly owner: string
  readonly until: number
  readonly fence: number
  readonly lastRun: number
}

const decode = (value: Uint8Array): Claim => decodeJson(value) as unknown as Claim

/** `host/pid/…`, unlike that of any other process, now or before. */
export const ownerName = (unique: string): string => `${hostname()}/${process.pid}/${unique}`

/** Whether a claim's owner was a process of this machine that is no more: nobody needs to wait for it. */
function isGone(owner: string): boolean {
  const [host, pid = ""] = owner.split("/")
  if (host !== hostname() || !/^\d+$/.test(pid)) return false
  // Another owner with this process's number lived before it.
  if (Number(pid) === process.pid) return true
  try {
    process.kill(Number(pid), 0)
    return false
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ESRCH"
  }
}

/** Takes the claim on a job; false when another node has it, or when the job is not due yet. */
export async function claim(server: Server, job: string, owner: string, everySeconds = 0): Promise<boolean> {
  const now = await server.storage.now()
  return transact(server, async view => {
    const key = layout.claims + job
    const value = await view.get(key)
    const held = value && decode(value)
    const own = held?.owner === owner
    if (held && !own && held.until > now && !isGone(held.owner)) return false
    if (held && everySeconds > 0 && now < held.lastRun + everySeconds) return false
    if (held && own && everySeconds === 0 && held.until > now + CLAIM_SECONDS / 2) return true
    const fence = own ? held.fence : (held?.fence ?? 0) + 1
    const next: Claim = { owner, until: now + CLAIM_SECONDS, fence, lastRun: now }
    view.put(key, encodeJson(next as unknown as JsonObject))
    return true
  })
}

/** Keeps the claim on a job that is running. */
async function keep(server: Server, job: string, owner: string): Promise<void> {
  const now = await server.storage.now()
  await transact(server, async view => {
    const value = await view.get(layout.claims + job)
    const held = value && decode(value)
    if (held?.owner !== owner || held.until > now + CLAIM_SECONDS / 2) return
    view.put(layout.claims + job, encodeJson({ ...held, until: now + CLAIM_SECONDS } as unknown as JsonObject))
  })
}

export interface Background {
  /** Starts the duties that are due and not running; resolves when those have ended. Never rejects. */
  round(): Promise<void>
  /** Resolves when nothing runs any more. */
  idle(): Promise<void>
}

/** The background work of this process; `owner` names it (`ownerName`). */
export function background(server: Server, owner: string): Background {
  const running = new Map<string, Promise<void>>()
  const expiry: Expiry = expiryOf(server)

  const failed = (job: string) => (error: unknown) => {
    if (!server.sealed()) server.log.error("background work failed", { job, error: String(error) })
  }

  const start = (job: string, everySeconds: number, run: () => Promise<unknown>): Promise<void> => {
    if (running.has(job)) return keep(server, job, owner).catch(failed(job))
    const work = (async () => {
      if (await claim(server, job, owner, everySeconds)) await run()
    })()
    const ended = work.catch(failed(job)).finally(() => running.delete(job))
    running.set(job, ended)
    return ended
  }

  const engineJobs = async (): Promise<void> => {
    const jobs = await mountsWithJobs(server)
    await Promise.all(
      jobs.map(({ namespace, entry, job }) =>
        start(`job/${entry.uuid}/${job.name}`, job.everySeconds, () => runJob(server, namespace, entry, job)),
      ),
    )
  }

  return {
    round: async () => {
      if (server.sealed()) return
      const { usagePeriod } = server.telemetry
      if (await reading(server, async view => (await namespaceTable(view)).restoring))
        return completeRestore(server).catch(failed("restore"))
      await server.seal.settle().catch(failed("settle"))
      await Promise.all([
        server.resources.closeIdle(),
        // Expiry tells by itself what it is busy with: a second round passes by what the first one waits for.
        expireIfClaimed(server, expiry, owner).catch(failed("expiry")),
        start("rotation", 0, () => rotation.rotateIfDue(server)),
        engineJobs().catch(failed("engines")),
        usagePeriod > 0 ? start("usage", usagePeriod, () => measureUsage(server)) : undefined,
      ])
    },
    idle: async () => {
      await Promise.all([...running.values(), expiry.idle()])
    },
  }
}

async function expireIfClaimed(server: Server, expiry: Expiry, owner: string): Promise<void> {
  if (await claim(server, "expiry", owner)) await expiry.endDue()
}

async function runJob(server: Server, namespace: Namespace, entry: MountEntry, job: Job): Promise<void> {
  await transact(server, async view =>
    job.run(
      contextOf({
        server,
        view,
        request: ownRequest(`job: ${job.name}`),
        namespace,
        entry,
        caller: NOBODY,
        effects: noEffects(),
        fullPath: entry.path,
        operation: "update",
      }),
    ),
  )
}

async function mountsWithJobs(server: Server): Promise<{ namespace: Namespace; entry: MountEntry; job: Job }[]> {
  using view = server.storage.view()
  const found: { namespace: Namespace; entry: MountEntry; job: Job }[] = []
  for (const namespace of (await namespaceTable(view)).all) {
    for (const entry of (await mountTable(view, namespace)).all) {
      for (const job of server.registry.engine(entry.kind, entry.type)?.jobs ?? [])
        found.push({ namespace, entry, job })
    }
  }
  return found
}
