/**
 * An older copy of the store in the place of the newer one: a file put back from a backup, a database that failed over to a
 * replica that lags. What was revoked, spent or written since is as if it had never been, and nothing in the store can tell.
 * The audit log can: its checkpoints say what the store held (`audit-checkpoints.ts`).
 *
 * Single entries are deleted or put back, too. Of those that say who may do what (mounts, policies, quotas, audit devices) the
 * barrier keeps account (`storage/ledger.ts`), and a job holds them against it.
 *
 * What is found is kept until an operator has looked at it, recorded in the audit, and shown by `sys/health` and
 * `sys/seal-status` meanwhile.
 */

import { decodeJson, encodeJson, type JsonObject } from "@arca/api"
import type { Discrepancy, View, Watch } from "@arca/storage"
import type { StoreSeen } from "./audit/index.ts"
import type { OlderStore } from "./audit-checkpoints.ts"
import { layout } from "./layout.ts"
import { uuid } from "./random.ts"
import type { Server } from "./server.ts"
import { reading, transact } from "./transact.ts"

/** What is done about an older store: `warn` serves it and says so, `refuse` does not serve it. */
export const ROLLBACK_POLICIES = ["warn", "refuse"] as const
export type RollbackPolicy = (typeof ROLLBACK_POLICIES)[number]

/** An audit log that knew more (cluster, node, worker, device), or entries that are not those that were written. */
export type Rollback = { /** Seconds since 1970. */ readonly foundAt: number } & (
  | { readonly origin: string; readonly was: StoreSeen; readonly is: StoreSeen }
  | { readonly entries: Discrepancy }
)

const POLICY = /^ns\/[^/]+\/(policy\/acl\/|mounts$)/
const SINGLE: readonly string[] = [layout.auditDevices, layout.auditedHeaders]

/** What account is kept of: mounts, policies, quotas, audit devices. */
export const accounted: Watch = {
  includes: key => POLICY.test(key) || SINGLE.includes(key) || key.startsWith(layout.quotas),
  keys: async view => {
    const below = async (folder: string) => (await view.keys(folder)).map(name => folder + name)
    const namespaces = (await view.list("ns/")).map(name => `ns/${name}`)
    const policies = await Promise.all(namespaces.map(one => below(one + layout.policy)))
    return [
      ...SINGLE,
      ...(await below(layout.quotas)),
      ...namespaces.map(one => one + layout.mounts),
      ...policies.flat(),
    ]
  },
}

/** More findings than this tell nothing new. */
const KEPT_FINDINGS = 32

const decode = (value: Uint8Array): readonly Rollback[] => (decodeJson(value) as unknown as { found: Rollback[] }).found

/** What was found and not accepted yet, the oldest first. */
export const rollbacks = async (view: View): Promise<readonly Rollback[]> =>
  (await view.cached(layout.rollbacks, decode)) ?? []

/** From now on what is there is what should be. */
export async function acceptRollbacks(server: Server): Promise<void> {
  await server.seal.barrier.ledger.begin()
  await transact(server, view => view.delete(layout.rollbacks))
  await server.rollback.refresh(server)
}

const inWords = ({ origin, was, is }: OlderStore): string =>
  `The store is older than its audit log ${JSON.stringify(origin)} says: it held ${was.size} records of that log when the log was last ` +
  `signed (in opening ${was.opening} of it), and now it knows of ${is.size} (opening ${is.opening}). ` +
  "An older copy was put in its place; what was revoked or written since is lost"

const inTheseWords = ({ expected, found }: Discrepancy): string =>
  `Mounts, policies, quotas and audit devices are not those that were written: there should be ${expected} entries, and there ` +
  `are ${found}${expected === found ? ", of which some were replaced" : ""}. Someone has changed the store behind the server`

/** The store is older than the log, and the configuration says not to serve it. */
export class StoreRolledBack extends Error {
  override readonly name = "StoreRolledBack"
  constructor(found: OlderStore) {
    super(
      `${inWords(found)}. Put the right store back; or accept this one by starting once with on_store_rollback = "warn"`,
    )
  }
}

/** Begins the account of entries before anything is served: not while requests change them. */
export async function keepAccount(server: Server): Promise<void> {
  if (await server.seal.barrier.ledger.ensure())
    server.log.named("rollback").info("account is kept of mounts, policies and quotas from now on")
}

export interface RollbackWatch {
  readonly policy: RollbackPolicy
  /** Whether something was found that nobody has accepted yet, as far as this process knows. */
  standing(): boolean
  /** Logs, keeps and audits what was found. */
  note(server: Server, found: OlderStore): Promise<void>
  /** Holds entries against the account that is kept of them; for a job. */
  check(server: Server): Promise<void>
  /** What to do when the store falls back while it is open: noted, and under `refuse` this node seals itself. */
  fellBack(server: Server, found: OlderStore): Promise<void>
  /** Learns from the store what other processes have found or accepted. Cheap. */
  refresh(server: Server): Promise<void>
}

export function rollbackWatch(policy: RollbackPolicy): RollbackWatch {
  let standing = false
  /** Findings so far, and those that are being written: what was read before one was durable is not believed. */
  let findings = 0
  let writing = 0
  const keep = async (server: Server, found: OlderStore | { readonly entries: Discrepancy }): Promise<void> => {
    standing = true
    const text = "entries" in found ? inTheseWords(found.entries) : inWords(found)
    server.log.named("rollback").error(text, { on_store_rollback: policy })
    const one: Rollback = { foundAt: Math.floor(server.now()), ...found }
    findings++
    writing++
    await transact(server, async view => {
      const all = [...(await rollbacks(view)), one].slice(-KEPT_FINDINGS)
      view.put(layout.rollbacks, encodeJson({ found: all } as unknown as JsonObject))
    }).finally(() => writing--)
    await server.audit.request({
      time: server.now() * 1000,
      error: "entries" in found ? "entries of the store were changed" : "the store is older than the audit log",
      request: {
        id: uuid(server.random),
        operation: "update",
        path: "sys/storage/rollback",
        namespace: { id: "root", path: "" },
      },
    })
  }
  const fallen = async (server: Server, found: Parameters<typeof keep>[1]): Promise<void> => {
    await keep(server, found)
    if (policy === "refuse") await server.seal.close()
  }
  return {
    policy,
    standing: () => standing,
    note: keep,
    check: async server => {
      const entries = await server.seal.barrier.ledger.check()
      // Once found it is known until it is accepted; nothing more is learnt by finding it again.
      if (entries === undefined) return
      const known = (await reading(server, rollbacks)).some(one => "entries" in one)
      if (!known) await fallen(server, { entries })
      else if (policy === "refuse") await server.seal.close()
    },
    fellBack: fallen,
    refresh: async server => {
      if (writing > 0) return
      const before = findings
      const any = (await reading(server, rollbacks)).length > 0
      if (before === findings) standing = any
    },
  }
}
