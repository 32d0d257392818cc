import { ApiError, type Client } from "@arca/sdk"
import { Failure } from "./failure.ts"
import type { Output } from "./output/output.ts"
import { table } from "./output/table.ts"

/** `sys/seal-status`. */
export interface SealStatus {
  readonly type: string
  readonly initialized: boolean
  readonly sealed: boolean
  readonly t: number
  readonly n: number
  readonly progress: number
  readonly nonce: string
  readonly version?: string
  readonly build_date?: string
  readonly commit_date?: string
  readonly migration?: boolean
  readonly cluster_name?: string
  readonly cluster_id?: string
  readonly recovery_seal?: boolean
  readonly recovery_seal_type?: string
  readonly storage_type?: string
  readonly store_rolled_back?: boolean
}

/** `sys/leader`. */
interface Leader {
  readonly ha_enabled: boolean
  readonly is_self?: boolean
  readonly active_time?: string
  readonly leader_address?: string
  readonly leader_cluster_address?: string
  readonly raft_committed_index?: number
  readonly raft_applied_index?: number
}

export type FullStatus = SealStatus & Leader

export const readSealStatus = (server: Client): Promise<SealStatus> =>
  server.json({ method: "GET", path: "sys/seal-status" })

/** The seal with what is known of the cluster. */
export async function sealStatus(server: Client, seal: SealStatus): Promise<FullStatus> {
  return { ...seal, ...(await leader(server)) }
}

/** A sealed server with peers cannot say who leads. */
async function leader(server: Client): Promise<Leader> {
  try {
    return await server.json<Leader>({ method: "GET", path: "sys/leader" })
  } catch (error) {
    if (error instanceof ApiError && error.errors.some(one => one.includes("Vault is sealed")))
      return { ha_enabled: true }
    throw new Failure(`Error checking leader status: ${error instanceof Error ? error.message : String(error)}`, 1, {
      cause: error,
    })
  }
}

export async function showSealStatus(out: Output, status: FullStatus): Promise<void> {
  if (out.format !== "table") return out.value(withoutEmpty(status))
  out.line(table(["Key", "Value"], [...sealRows(status), ...clusterRows(status)]))
}

/** A namespace's seal, which has no cluster of its own. */
export async function showSeal(out: Output, status: SealStatus): Promise<void> {
  if (out.format !== "table") return out.value(status)
  out.line(table(["Key", "Value"], sealRows(status)))
}

type Row = [string, string]
const row = (key: string, value: unknown): Row[] => [[key, String(value)]]
const rowIf = (when: unknown, key: string, value: unknown): Row[] => (when ? row(key, value) : [])

function sealRows(status: SealStatus): Row[] {
  const prefix = status.recovery_seal === true ? "Recovery " : ""
  return [
    ...row("Seal Type", status.type),
    ...rowIf(status.recovery_seal, "Recovery Seal Type", status.recovery_seal_type ?? ""),
    ...row("Initialized", status.initialized),
    ...row("Sealed", status.sealed),
    ...row(`Total ${prefix}Shares`, status.n),
    ...row("Threshold", status.t),
    ...rowIf(status.sealed, "Unseal Progress", `${status.progress}/${status.t}`),
    ...rowIf(status.sealed, "Unseal Nonce", status.nonce),
  ]
}

function clusterRows(status: FullStatus): Row[] {
  const active = status.is_self === true
  const serving = status.ha_enabled && !status.sealed
  const since = status.active_time !== undefined && !status.active_time.startsWith("0001-")
  return [
    ...rowIf(status.migration, "Seal Migration in Progress", true),
    ...rowIf(status.version, "Version", status.version),
    ...rowIf(status.build_date, "Build Date", status.build_date),
    ...rowIf(status.commit_date && !status.build_date, "Commit Date", status.commit_date),
    ...rowIf(status.storage_type, "Storage Type", status.storage_type),
    ...rowIf(status.store_rolled_back, "Store Rolled Back", "true (arca read sys/storage/rollback)"),
    ...rowIf(status.cluster_name && status.cluster_id, "Cluster Name", status.cluster_name),
    ...rowIf(status.cluster_name && status.cluster_id, "Cluster ID", status.cluster_id),
    ...row("HA Enabled", status.ha_enabled),
    ...rowIf(serving, "HA Cluster", status.leader_cluster_address ?? ""),
    ...rowIf(serving, "HA Mode", active ? "active" : "standby"),
    ...rowIf(serving && active && since, "Active Since", status.active_time),
    ...rowIf(serving && !active && status.leader_address, "Active Node Address", status.leader_address),
    ...rowIf(status.raft_committed_index, "Raft Committed Index", status.raft_committed_index),
    ...rowIf(status.raft_applied_index, "Raft Applied Index", status.raft_applied_index),
  ]
}

/** The cluster's part only as far as there is one, as in Vault's JSON. */
function withoutEmpty({
  is_self,
  active_time,
  leader_address,
  leader_cluster_address,
  raft_committed_index,
  raft_applied_index,
  ...rest
}: FullStatus): object {
  const optional = {
    is_self,
    active_time,
    leader_address,
    leader_cluster_address,
    raft_committed_index,
    raft_applied_index,
  }
  const present = Object.entries(optional).filter(([, value]) => Boolean(value) && !String(value).startsWith("0001-"))
  return { ...rest, ...Object.fromEntries(present) }
}
