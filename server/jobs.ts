/**
 * Background work: expiry, and the jobs of mounted engines. Each duty is claimed by one node at a time (`claims.ts`), and runs
 * beside the others: one that waits for a slow database holds up nothing else. What a duty does outside is safe to be done
 * twice; what it commits is refused when its claim has passed to another node.
 */

import type { Job } from "@arca/api"
import { NOBODY } from "./authenticate.ts"
import { claim, type Guard, isLost, release } from "./claims.ts"
import { contextOf, noEffects } from "./context.ts"
import { deletedNamespaces, finishDeleted } from "./deleted.ts"
import { type Expiry, expiryOf } from "./expiry.ts"
import { jobLog } from "./job-log.ts"
import { measureUsage } from "./metrics/usage.ts"
import { type MountEntry, mountTable } from "./mounts.ts"
import { type Namespace, namespaceTable } from "./namespaces.ts"
import { anyRetired, finishRetired } from "./retired.ts"
import { ownRequest } from "./revocation.ts"
import { rotation } from "./rotation.ts"
import type { Server } from "./server.ts"
import { completeRestore } from "./snapshot/restore.ts"
import { makeScheduled, schedules } from "./snapshot/schedule.ts"
import { reading, transact } from "./transact.ts"

/** How often a node looks whether its jobs fall to others now, in seconds. */
const REBALANCE_SECONDS = 10

/** How often entries are held against the account that is kept of them, in seconds. */
const LEDGER_SECONDS = 600

export interface Background {
  /** Tells the other nodes that this one lives, and starts the duties that are due and not running; resolves when those have ended. Never rejects. */
  round(): Promise<void>
  /** Resolves when nothing runs any more. */
  idle(): Promise<void>
  /** Resolves when nothing runs any more and the others have the jobs. Never rejects. */
  leave(): Promise<void>
}

/** The background work of this process. */
export function background(server: Server): Background {
  const running = new Map<string, Promise<void>>()
  const expiry: Expiry = expiryOf(server)
  let rebalanced = 0

  const log = jobLog(server.log.named("jobs"), server.now)
  const failed = (job: string) => (error: unknown) => {
    if (server.sealed() || isLost(error)) return
    log.failed(job, error)
  }

  /** Does what belongs to every round. Never rejects. */
  const duty = (job: string, doing: Promise<unknown>): Promise<void> =>
    doing.then(() => log.succeeded(job), failed(job))

  const start = (job: string, everySeconds: number, run: (guard: Guard) => Promise<unknown>): Promise<void> => {
    // Kept while it runs, however long that takes.
    if (running.has(job)) return claim(server, job).then(() => undefined, failed(job))
    const work = (async () => {
      const guard = await claim(server, job, everySeconds)
      if (guard === undefined) return
      await run(guard)
      log.succeeded(job)
    })()
    const ended = work.catch(failed(job)).finally(() => running.delete(job))
    running.set(job, ended)
    return ended
  }

  const engineJobs = async (): Promise<void> => {
    const jobs = await mountsWithJobs(server)
    await Promise.all(
      jobs.map(({ namespace, entry, job }) =>
        start(`job/${entry.uuid}/${job.name}`, job.everySeconds, guard => runJob(server, namespace, entry, job, guard)),
      ),
    )
  }

  const snapshotJobs = async (): Promise<void> => {
    const all = await reading(server, schedules)
    await Promise.all(all.map(one => start(`snapshot/${one.name}`, one.interval, () => makeScheduled(server, one))))
  }

  const retired = async (): Promise<void> => {
    if (await anyRetired(server)) await start("retired", 0, () => finishRetired(server))
  }

  const deleted = async (): Promise<void> => {
    if ((await deletedNamespaces(server)).length > 0) await start("deleted", 0, () => finishDeleted(server))
  }

  const tellAlive = async (): Promise<void> => {
    if (server.members.alone) return
    await server.members.beat(server)
    if (server.now() < rebalanced + REBALANCE_SECONDS) return
    rebalanced = server.now()
    await release(server, "misplaced")
  }

  const idle = async (): Promise<void> => {
    await Promise.all([...running.values(), expiry.idle()])
  }

  return {
    round: async () => {
      if (server.sealed()) return
      const { usagePeriod } = server.telemetry
      const ended = log.round()
      if (await reading(server, async view => (await namespaceTable(view)).restoring).catch(failed("restore")))
        return completeRestore(server).catch(failed("restore"))
      await duty("members", tellAlive())
      await duty("settle", server.seal.settle())
      await Promise.all([
        server.resources.closeIdle(),
        duty("rollback", server.rollback.refresh(server)),
        // Expiry tells by itself what it is busy with: a second round passes by what the first one waits for.
        duty("expiry", expireIfClaimed(server, expiry)),
        start("ledger", LEDGER_SECONDS, () => server.rollback.check(server)),
        start("rotation", 0, () => rotation.rotateIfDue(server)),
        duty("retired", retired()),
        duty("deleted", deleted()),
        duty("engines", engineJobs()),
        duty("snapshots", snapshotJobs()),
        usagePeriod > 0 ? start("usage", usagePeriod, () => measureUsage(server)) : undefined,
      ])
      ended()
    },
    idle,
    leave: async () => {
      expiry.halt()
      await idle()
      if (server.sealed() || server.members.alone) return
      await release(server, "all").catch(failed("members"))
      await server.members.leave(server).catch(failed("members"))
    },
  }
}

async function expireIfClaimed(server: Server, expiry: Expiry): Promise<void> {
  if ((await claim(server, "expiry")) !== undefined) await expiry.endDue()
}

async function runJob(server: Server, namespace: Namespace, entry: MountEntry, job: Job, guard: Guard): Promise<void> {
  const setting = { server, request: ownRequest(`job: ${job.name}`), namespace, entry, caller: NOBODY }
  await transact(server, async view => {
    await guard(view)
    const effects = noEffects()
    await job.run(contextOf({ ...setting, view, effects, fullPath: entry.path, operation: "update" }))
  })
}

async function mountsWithJobs(server: Server): Promise<{ namespace: Namespace; entry: MountEntry; job: Job }[]> {
  using view = server.storage.view()
  const found: { namespace: Namespace; entry: MountEntry; job: Job }[] = []
  for (const namespace of (await namespaceTable(view)).all) {
    if (namespace.deleting) continue
    for (const entry of (await mountTable(view, namespace)).all) {
      for (const job of server.registry.engine(entry.kind, entry.type)?.jobs ?? [])
        found.push({ namespace, entry, job })
    }
  }
  return found
}
