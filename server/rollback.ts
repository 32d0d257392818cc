/**
 * An older copy of the store in the place of the newer one: a file put back from a backup, a database that failed over to a
 * replica that lags. What was revoked, spent or written since is as if it had never been, and nothing in the store can tell.
 * The audit log can: its checkpoints say what the store held (`audit-checkpoints.ts`).
 *
 * What is found is kept until an operator has looked at it, recorded in the audit, and shown by `sys/health` and
 * `sys/seal-status` meanwhile.
 */

import { decodeJson, encodeJson, type JsonObject, refuse } from "@arca/api"
import type { View } from "@arca/storage"
import type { StoreSeen } from "./audit/index.ts"
import type { OlderStore } from "./audit-checkpoints.ts"
import { layout } from "./layout.ts"
import { uuid } from "./random.ts"
import type { Server } from "./server.ts"
import { reading, transact } from "./transact.ts"

/** What is done about an older store: `warn` serves it and says so, `refuse` does not serve it. */
export const ROLLBACK_POLICIES = ["warn", "refuse"] as const
export type RollbackPolicy = (typeof ROLLBACK_POLICIES)[number]

export interface Rollback {
  /** Seconds since 1970. */
  readonly foundAt: number
  /** The audit log that knew more: cluster, node, worker, device. */
  readonly origin: string
  readonly was: StoreSeen
  readonly is: StoreSeen
}

/** More findings than this tell nothing new. */
const KEPT_FINDINGS = 32

const decode = (value: Uint8Array): readonly Rollback[] => (decodeJson(value) as unknown as { found: Rollback[] }).found

/** What was found and not accepted yet, the oldest first. */
export const rollbacks = async (view: View): Promise<readonly Rollback[]> =>
  (await view.cached(layout.rollbacks, decode)) ?? []

export const acceptRollbacks = (view: View): void => view.delete(layout.rollbacks)

const inWords = ({ origin, was, is }: OlderStore): string =>
  `The store is older than its audit log ${JSON.stringify(origin)} says: it held ${was.size} records of that log when the log was last ` +
  `signed (in opening ${was.opening} of it), and now it knows of ${is.size} (opening ${is.opening}). ` +
  "An older copy was put in its place; what was revoked or written since is lost"

/** The store is older than the log, and the configuration says not to serve it. */
export class StoreRolledBack extends Error {
  override readonly name = "StoreRolledBack"
  constructor(found: OlderStore) {
    super(
      `${inWords(found)}. Put the right store back; or accept this one by starting once with on_store_rollback = "warn"`,
    )
  }
}

/** Runs `open`; seals the server again, and answers why, when the store that it opens is not to be served. */
export async function sealedIfRolledBack(server: Server, open: () => Promise<void>): Promise<void> {
  try {
    await open()
  } catch (error) {
    if (!(error instanceof StoreRolledBack)) throw error
    server.log.named("rollback").error(error.message)
    server.seal.barrier.seal()
    throw refuse.failed(error.message)
  }
}

export interface RollbackWatch {
  readonly policy: RollbackPolicy
  /** Whether something was found that nobody has accepted yet, as far as this process knows. */
  standing(): boolean
  /** Logs, keeps and audits what was found. */
  note(server: Server, found: OlderStore): Promise<void>
  /** What to do when the store falls back while it is open: noted, and under `refuse` this node seals itself. */
  fellBack(server: Server, found: OlderStore): Promise<void>
  /** Learns from the store what other processes have found or accepted. Cheap. */
  refresh(server: Server): Promise<void>
}

export function rollbackWatch(policy: RollbackPolicy): RollbackWatch {
  let standing = false
  const note = async (server: Server, found: OlderStore): Promise<void> => {
    standing = true
    server.log.named("rollback").error(inWords(found), { on_store_rollback: policy })
    const one: Rollback = { foundAt: Math.floor(server.now()), ...found }
    await transact(server, async view => {
      const all = [...(await rollbacks(view)), one].slice(-KEPT_FINDINGS)
      view.put(layout.rollbacks, encodeJson({ found: all } as unknown as JsonObject))
    })
    await server.audit.request({
      time: server.now() * 1000,
      error: "the store is older than the audit log",
      request: {
        id: uuid(server.random),
        operation: "update",
        path: "sys/storage/rollback",
        namespace: { id: "root", path: "" },
      },
    })
  }
  return {
    policy,
    standing: () => standing,
    note,
    fellBack: async (server, found) => {
      await note(server, found)
      if (policy === "refuse") await server.seal.close()
    },
    refresh: async server => {
      standing = (await reading(server, rollbacks)).length > 0
    },
  }
}
