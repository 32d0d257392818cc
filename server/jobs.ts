/**
 * Background work: expiry, and the jobs of mounted engines. Each job is claimed by one node at a time.
 *
 * A claim names its owner and its end by the store's clock, and grows a fence with each new owner: a node that was paused
 * longer than its claim finds another fence, and stops.
 */

import { decodeJson, encodeJson, type JsonObject } from "@arca/api"
import { NOBODY } from "./authenticate.ts"
import { contextOf, noEffects } from "./context.ts"
import { expireDue } from "./expiry.ts"
import { layout } from "./layout.ts"
import { measureUsage } from "./metrics/usage.ts"
import { type MountEntry, mountTable } from "./mounts.ts"
import { type Namespace, namespaceTable } from "./namespaces.ts"
import { ownRequest } from "./revocation.ts"
import { rotation } from "./rotation.ts"
import type { Server } from "./server.ts"
import { completeRestore } from "./snapshot/restore.ts"
import { reading, transact } from "./transact.ts"

/** Seconds after which a claim that nobody renewed is open to others. */
export const CLAIM_SECONDS = 15

interface Claim {
  readonly owner: string
  readonly until: number
  readonly fence: number
  readonly lastRun: number
}

const decode = (value: Uint8Array): Claim => decodeJson(value) as unknown as Claim

/** Takes or keeps the claim on a job; false when another node has it, or when the job is not due yet. */
export async function claim(server: Server, job: string, owner: string, everySeconds = 0): Promise<boolean> {
  const now = await server.storage.now()
  return transact(server, async view => {
    const key = layout.claims + job
    const value = await view.get(key)
    const held = value && decode(value)
    if (held && held.owner !== owner && held.until > now) return false
    if (held && everySeconds > 0 && now < held.lastRun + everySeconds) return false
    const fence = held?.owner === owner ? held.fence : (held?.fence ?? 0) + 1
    const next: Claim = { owner, until: now + CLAIM_SECONDS, fence, lastRun: now }
    view.put(key, encodeJson(next as unknown as JsonObject))
    return true
  })
}

/** One round of background work. `owner` names this node or worker. Never rejects. */
export async function runJobs(server: Server, owner: string): Promise<void> {
  if (server.sealed()) return
  await server.resources.closeIdle()
  try {
    if (await reading(server, async view => (await namespaceTable(view)).restoring))
      return await completeRestore(server)
    await server.seal.settle()
    if (await claim(server, "expiry", owner)) await expireDue(server)
    if (await claim(server, "rotation", owner)) await rotation.rotateIfDue(server)
    await runEngineJobs(server, owner)
    const { usagePeriod } = server.telemetry
    if (usagePeriod > 0 && (await claim(server, "usage", owner, usagePeriod))) await measureUsage(server)
  } catch (error) {
    if (!server.sealed()) server.log.error("background work failed", { error: String(error) })
  }
}

async function runEngineJobs(server: Server, owner: string): Promise<void> {
  for (const { namespace, entry } of await mountsWithJobs(server)) {
    for (const job of server.registry.engine(entry.kind, entry.type)?.jobs ?? []) {
      if (!(await claim(server, `job/${entry.uuid}/${job.name}`, owner, job.everySeconds))) continue
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
  }
}

async function mountsWithJobs(server: Server): Promise<{ namespace: Namespace; entry: MountEntry }[]> {
  using view = server.storage.view()
  const found: { namespace: Namespace; entry: MountEntry }[] = []
  for (const namespace of (await namespaceTable(view)).all) {
    for (const entry of (await mountTable(view, namespace)).all) {
      if (server.registry.engine(entry.kind, entry.type)?.jobs !== undefined) found.push({ namespace, entry })
    }
  }
  return found
}
