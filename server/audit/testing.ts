/** A world for tests of audit devices: a clock that stands still until it is moved, and records as a server makes them. */

import { generateKeyPairSync, type KeyObject } from "node:crypto"
import { mkdtemp, realpath, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { AuditContext, Checkpoint, DeviceEvent, DeviceOptions } from "./device.ts"
import type { AuditRequest, AuditResponse } from "./record.ts"

export interface TestWorld extends AuditContext, AsyncDisposable {
  readonly directory: string
  readonly checkpoints: Checkpoint[]
  readonly events: DeviceEvent[]
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
  /** Moves the clock and calls what has become due. */
  advance(milliseconds: number): void
  /** A chained file device in the world's directory, unless told otherwise. */
  entry(changes?: Partial<DeviceOptions>): DeviceOptions
}

export const TEST_SALT = "5e0f2a3c-7a51-4c5e-9f0e-2b1d6a1c9b77"
export const TEST_ORIGIN = "cluster-1/node-1/file"

export async function testWorld(): Promise<TestWorld> {
  const directory = await realpath(await mkdtemp(join(tmpdir(), "arca-audit-")))
  const { privateKey, publicKey } = generateKeyPairSync("ed25519")
  let clock = Date.UTC(2026, 0, 2, 3, 4, 5, 678)
  let timers: { readonly due: number; readonly callback: () => void }[] = []
  const checkpoints: Checkpoint[] = []
  const events: DeviceEvent[] = []
  return {
    directory,
    privateKey,
    publicKey,
    checkpoints,
    events,
    now: () => clock,
    after(milliseconds, callback) {
      const timer = { due: clock + milliseconds, callback }
      timers.push(timer)
      return () => {
        timers = timers.filter(other => other !== timer)
      }
    },
    report: event => events.push(event),
    checkpoint: checkpoint => checkpoints.push(checkpoint),
    advance(milliseconds) {
      clock += milliseconds
      const due = timers.filter(timer => timer.due <= clock)
      timers = timers.filter(timer => timer.due > clock)
      for (const timer of due) timer.callback()
    },
    entry: changes => ({
      path: "file/",
      type: "file",
      options: { file_path: join(directory, "audit.log") },
      salt: TEST_SALT,
      allowedDirectories: [directory],
      signingKey: privateKey,
      origin: TEST_ORIGIN,
      ...changes,
    }),
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  }
}

export const TEST_TOKEN = "hvs.CAESIJ-canary-token"

/** A read of a KV secret by a service token. */
export function testRequest(number = 0): AuditRequest {
  const auth = {
    client_token: TEST_TOKEN,
    accessor: "canary-accessor",
    display_name: "token",
    policies: ["app", "default"],
    token_policies: ["app", "default"],
    policy_results: { allowed: true, granting_policies: [{ name: "app", namespace_id: "root", type: "acl" }] },
    token_type: "service",
    token_ttl: 3600,
    token_issue_time: "2026-01-02T03:00:00Z",
  }
  return {
    time: Date.UTC(2026, 0, 2, 3, 4, 5) + number,
    auth,
    request: {
      id: `86d700dc-aab9-ba23-2985-${String(number).padStart(12, "0")}`,
      operation: "read",
      mount_point: "secret/",
      mount_type: "kv",
      mount_accessor: "kv_bf4970da",
      mount_class: "secret",
      client_token: auth.client_token,
      client_token_accessor: auth.accessor,
      namespace: { id: "root", path: "" },
      path: `secret/data/app/${number}`,
      remote_address: "127.0.0.1",
      remote_port: 54314,
    },
  }
}

export function testResponse(number = 0): AuditResponse {
  return {
    ...testRequest(number),
    response: { data: { data: { password: "canary-password" }, metadata: { version: 3, deletion_time: "" } } },
  }
}
