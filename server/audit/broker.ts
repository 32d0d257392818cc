/** Hands each record to every device; at least one must take it. */

import type { AuditContext, AuditDevice, AuditedHeaders } from "./device.ts"
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
  /** Why requests fail for want of a record: what became of the last one. Undefined while a device takes them. */
  failing(): string | undefined
  /** Adds an opened device after it has taken a test record (unless told to skip it); closes it and throws a sentence otherwise. */
  enable(device: AuditDevice, options: EnableOptions): Promise<void>
  /** Closes and forgets a device; false when there is none at `path`. */
  disable(path: string): Promise<boolean>
  /** Replaces the table of audited request headers. */
  auditHeaders(headers: AuditedHeaders): void
  /** Opens files and connections anew (SIGHUP). A device that cannot reports so itself and is tried again when next used. */
  reload(): Promise<void>
  close(): Promise<void>
}

/** Vault's metric names without their `vault.` prefix. Failures are counted with every record, 0 or 1. */
export interface AuditMetrics {
  /** Milliseconds of a clock that only goes forward. */
  clock(): number
  /** `audit.log_request`, `audit.<path>.log_request`, …: milliseconds. */
  measure(name: string, milliseconds: number): void
  /** `audit.log_request_failure`, `audit.log_response_failure`. */
  count(name: string, increment: number): void
}

export interface EnableOptions {
  readonly skipTest?: boolean
  /** Of the test record. */
  readonly requestId: string
}

export interface BrokerOptions {
  readonly headers?: AuditedHeaders
  readonly metrics?: AuditMetrics
}

type Kind = "request" | "response"

const NO_DEVICE = "no audit device takes records, so no request is served; see the log for each device's reason"

export function auditBroker(
  opened: readonly AuditDevice[],
  context: Pick<AuditContext, "now">,
  options: BrokerOptions = {},
): AuditBroker {
  const devices = new Map(opened.map(device => [nameOf(device.path), device]))
  const metrics = options.metrics
  let headers: AuditedHeaders = options.headers ?? new Map()
  let failing: string | undefined

  /** Waits for all devices, so that a healthy one has the record even when another one failed before it. */
  const toAll = async (kind: Kind, give: (device: AuditDevice) => Promise<void>): Promise<void> => {
    const started = metrics?.clock() ?? 0
    const outcomes = await Promise.allSettled(Array.from(devices.values(), give))
    const failed = !outcomes.some(outcome => outcome.status === "fulfilled")
    const { all, failure } = SHARED_NAMES[kind]
    metrics?.measure(all, metrics.clock() - started)
    metrics?.count(failure, failed ? 1 : 0)
    failing = failed ? NO_DEVICE : undefined
    if (failed) throw new AuditFailed(`no audit device succeeded in logging the ${kind}`, { cause: outcomes })
  }

  /** The common case, one device, without the ceremony. */
  const toOne = async (kind: Kind, only: AuditDevice, given: Promise<void>): Promise<void> => {
    const started = metrics?.clock() ?? 0
    let failures = 0
    try {
      await given
      failing = undefined
    } catch (cause) {
      failures = 1
      failing = NO_DEVICE
      throw new AuditFailed(`no audit device succeeded in logging the ${kind}`, { cause })
    } finally {
      const took = (metrics?.clock() ?? 0) - started
      const { all, failure } = SHARED_NAMES[kind]
      metrics?.measure(all, took)
      metrics?.measure(ownNamesOf(only)[kind], took)
      metrics?.count(failure, failures)
    }
  }

  /** Each device's own time, beside that of all together. */
  const timed =
    (kind: Kind, give: (device: AuditDevice) => Promise<void>, measured: AuditMetrics) =>
    async (device: AuditDevice): Promise<void> => {
      const started = measured.clock()
      try {
        await give(device)
      } finally {
        measured.measure(ownNamesOf(device)[kind], measured.clock() - started)
      }
    }

  const send = (kind: Kind, handOver: (device: AuditDevice) => Promise<void>): Promise<void> => {
    if (devices.size === 0) return Promise.resolve()
    // One device's time is that of all.
    const give = metrics === undefined || devices.size === 1 ? handOver : timed(kind, handOver, metrics)
    const [only] = devices.values()
    return devices.size === 1 && only !== undefined ? toOne(kind, only, give(only)) : toAll(kind, give)
  }

  return {
    request: record => send("request", device => device.request(record, headers)),
    response: record => send("response", device => device.response(record, headers)),
    hash: (path, input) => devices.get(nameOf(path))?.hash(input),
    devices: () => [...devices.values()],
    failing: () => (devices.size === 0 ? undefined : failing),
    async enable(device, { skipTest = false, requestId }) {
      const name = nameOf(device.path)
      const clash = [...devices.keys()].find(
        other => `${other}/`.startsWith(`${name}/`) || `${name}/`.startsWith(`${other}/`),
      )
      try {
        if (clash !== undefined) throw new Error("path already in use")
        if (!skipTest) await tested(device, context.now(), requestId)
      } catch (error) {
        await device.close("abandon")
        throw error
      }
      devices.set(name, device)
    },
    async disable(path) {
      const device = devices.get(nameOf(path))
      devices.delete(nameOf(path))
      await device?.close("disable")
      return device !== undefined
    },
    auditHeaders(table) {
      headers = table
    },
    async reload() {
      await Promise.allSettled(Array.from(devices.values(), device => device.reload()))
    },
    async close() {
      const closing = [...devices.values()]
      devices.clear()
      await Promise.all(closing.map(device => device.close("stop")))
    },
  }
}

const SHARED_NAMES = {
  request: { all: "audit.log_request", failure: "audit.log_request_failure" },
  response: { all: "audit.log_response", failure: "audit.log_response_failure" },
} as const

const ownNames = new WeakMap<AuditDevice, Readonly<Record<Kind, string>>>()

/** The names of a device's own metrics, made once. */
function ownNamesOf(device: AuditDevice): Readonly<Record<Kind, string>> {
  const known = ownNames.get(device)
  if (known !== undefined) return known
  const name = nameOf(device.path)
  const names = { request: `audit.${name}.log_request`, response: `audit.${name}.log_response` }
  ownNames.set(device, names)
  return names
}

const nameOf = (path: string): string => path.replace(/\/+$/, "")

async function tested(device: AuditDevice, time: number, id: string): Promise<void> {
  const request = { id, operation: "update", path: "sys/audit/test", namespace: { id: "root", path: "" } }
  try {
    await device.request({ time, request })
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new Error(`audit device failed test message: ${reason}`, { cause })
  }
}
