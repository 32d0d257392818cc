/** Hands each record to every device; at least one must take it. */

import type { AuditDevice, AuditedHeaders } from "./device.ts"
import type { AuditRequest, AuditResponse } from "./record.ts"

/** No device took the record: the request must fail without effect, or its reply be withheld. */
export class AuditFailed extends Error {
  override readonly name = "AuditFailed"
}

export interface AuditBroker {
  /** Rejects with `AuditFailed` unless at least one device took the record (or there is none at all, as in Vault). */
  request(record: AuditRequest): Promise<void>
  response(record: AuditResponse): Promise<void>
  /** `sys/audit-hash/:path`; undefined when there is no such device. `path` may end in a slash. */
  hash(path: string, input: string): string | undefined
  devices(): readonly AuditDevice[]
  /** Adds an opened device after it has taken a test record (unless told to skip it); throws a sentence otherwise. */
  enable(device: AuditDevice, options?: { readonly skipTest?: boolean }): Promise<void>
  /** Closes and forgets a device; false when there is none at `path`. */
  disable(path: string): Promise<boolean>
  /** Replaces the table of audited request headers. */
  auditHeaders(headers: AuditedHeaders): void
  reload(): Promise<void>
  close(): Promise<void>
}
