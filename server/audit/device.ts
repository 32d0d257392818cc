/** What an audit device is, and how one is opened. */

import type { KeyObject } from "node:crypto"
import type { StoreSeen } from "./checkpoint.ts"
import type { AuditRequest, AuditResponse } from "./record.ts"

/** `sys/config/auditing/request-headers`: the headers to write, by lower-case name. */
export type AuditedHeaders = ReadonlyMap<string, { readonly hmac: boolean }>

/** Where a hash chain stands: enough to continue it after a restart. Plain JSON, for the caller to keep. */
export interface ChainState {
  /** Which chain: cluster, node (and worker), device path. */
  readonly origin: string
  /** Records so far. The next one has this number. */
  readonly size: number
  /** Leaf hash of the last record, in base64; empty when there is none. */
  readonly prev: string
  /** RFC 6962 hashes of the complete subtrees, largest first, in base64. */
  readonly frontier: readonly string[]
}

/** What a device needs of the world. */
export interface AuditContext {
  /** Milliseconds since 1970. */
  now(): number
  /** Calls back once after so many milliseconds unless the returned function is called first; keeps no process alive. */
  after(milliseconds: number, callback: () => void): () => void
  /** For the server's log: a device stopped or began working. Never holds a value of a record. */
  report?(event: DeviceEvent): void
  /** The address to connect to for a host name or address; throws where outbound connections are not permitted. */
  resolve?(host: string): Promise<string>
  /** Told after each signed checkpoint, to be kept outside of the device: only so is a cut-off tail noticed. */
  checkpoint?(checkpoint: Checkpoint): void
}

export interface Checkpoint {
  readonly path: string
  readonly state: ChainState
  /** The signed note (C2SP tlog-checkpoint). */
  readonly note: string
}

export interface DeviceEvent {
  readonly path: string
  readonly kind: "failed" | "recovered" | "truncated"
  readonly message: string
}

/** One entry of the audit table, ready to be opened. */
export interface DeviceOptions {
  readonly path: string
  readonly type: string
  readonly options: Readonly<Record<string, string>>
  /** UUID text, the key of this device's HMACs. */
  readonly salt: string
  /** Directories in which audit files may be; others are refused. */
  readonly allowedDirectories: readonly string[]
  /** Directories in which they may not be, even if above one that may: data, plugins. */
  readonly deniedDirectories?: readonly string[]
  /** Signs the checkpoints (Ed25519). Without it, and an origin, records are not chained. */
  readonly signingKey?: KeyObject | undefined
  /** Names this chain: `<cluster>/<node>/<device path>`; must be different for each process that writes. */
  readonly origin?: string | undefined
  /** Where the chain stood according to the caller; the file's own tail is used when it is further. */
  readonly chainState?: ChainState | undefined
  /** What the store holds of the chain by now, for checkpoints to say. */
  readonly storeSeen?: (() => StoreSeen | undefined) | undefined
  /** A checkpoint is signed after so many records (1000), or so long after the first record without one (a minute). */
  readonly checkpointRecords?: number | undefined
  readonly checkpointMilliseconds?: number | undefined
}

/** `abandon`: the device was never in use, and has nothing to say. */
export type CloseReason = "stop" | "disable" | "abandon"

/** An open device. Records given to it in one turn of the event loop leave in one write. */
export interface AuditDevice {
  readonly path: string
  readonly type: string
  readonly options: Readonly<Record<string, string>>
  /** Resolves when the device has taken the record; rejects with a sentence when it did not. */
  request(record: AuditRequest, headers?: AuditedHeaders): Promise<void>
  response(record: AuditResponse, headers?: AuditedHeaders): Promise<void>
  /** The HMAC that stands for `input` in this device's records. */
  hash(input: string): string
  /** Replaces the salt; values hashed before can no longer be matched with values hashed from now on. */
  resalt(salt: string): void
  chainState(): ChainState | undefined
  /** What the store held according to the last checkpoint in the file that this key has signed. */
  readonly storeThen: StoreSeen | undefined
  /** Opens the file anew (SIGHUP, after a rotation), or connects again. */
  reload(): Promise<void>
  /** Writes out what waits, a last record that says why, and a checkpoint; returns where the chain stands. */
  close(reason: CloseReason): Promise<ChainState | undefined>
}
