/** Opens an audit device from its entry in the audit table. */

import { createPublicKey } from "node:crypto"
import { hostname } from "node:os"
import { type Chain, signedChain, unchained } from "./chain.ts"
import { logOf, openCheckpoint, type StoreSeen } from "./checkpoint.ts"
import type { AuditContext, AuditDevice, ChainState, DeviceOptions } from "./device.ts"
import type { Resolve } from "./devices/connection.ts"
import { fileSink } from "./devices/file.ts"
import { httpSink } from "./devices/http.ts"
import { checkFormat, fileMode, flag, Invalid, linePrefix, timeout } from "./devices/options.ts"
import type { Sink } from "./devices/sink.ts"
import { socketSink } from "./devices/socket.ts"
import { discardSink, streamSink } from "./devices/stdout.ts"
import { syslogSink } from "./devices/syslog.ts"
import { type LineOptions, lineFormat } from "./line.ts"
import { chainTail, type Tail } from "./recover.ts"
import { saltedHmac } from "./salt.ts"
import { lineWriter } from "./writer.ts"

type Open = (entry: DeviceOptions, context: AuditContext, resolve: Resolve) => Sink | Promise<Sink>

/** The device types. `write_timeout` is understood by all of them. */
const TYPES = new Map<string, { readonly open: Open; readonly timeout: string }>([
  ["file", { open: openFile, timeout: "10s" }],
  ["socket", { open: ({ options }, _, resolve) => socketSink(options, resolve), timeout: "2s" }],
  ["syslog", { open: openSyslog, timeout: "2s" }],
  ["http", { open: openHttp, timeout: "10s" }],
])

const CHECKPOINT_RECORDS = 1000
const CHECKPOINT_MILLISECONDS = 60_000
const FORGET_MILLISECONDS = 60_000

export const isDeviceType = (type: string): boolean => TYPES.has(type)

/**
 * Throws `Invalid` with a sentence for the caller when an option cannot be accepted. Files are opened at once; connections
 * are made with the first record, so that a collector that is down does not keep a server from starting.
 */
export async function openDevice(entry: DeviceOptions, context: AuditContext): Promise<AuditDevice> {
  const { path, type, options } = entry
  const known = TYPES.get(type)
  if (known === undefined) throw new Invalid(`unknown audit device type "${type}"`)
  checkFormat(options)
  const lineOptions: LineOptions = {
    raw: flag(options, "log_raw", false),
    hmacAccessor: flag(options, "hmac_accessor", true),
    elideListResponses: flag(options, "elide_list_responses", false),
    prefix: linePrefix(options),
  }
  const deadline = timeout(options, "write_timeout", known.timeout)
  const resolve: Resolve = context.resolve ?? (async host => host)
  const sink = await known.open(entry, context, resolve)
  const { chain, torn, storeThen } = await chainFor(entry, sink, lineOptions.prefix, context)
  const writer = lineWriter({
    path,
    sink,
    chain,
    context,
    deadline,
    torn,
    checkpointRecords: entry.checkpointRecords ?? CHECKPOINT_RECORDS,
    checkpointMilliseconds: entry.checkpointMilliseconds ?? CHECKPOINT_MILLISECONDS,
  })

  let salt = saltedHmac(entry.salt)
  let format = lineFormat(lineOptions, salt)
  let cancelForget = (): void => {}
  const forgetLater = (): void => {
    cancelForget = context.after(FORGET_MILLISECONDS, () => {
      salt.forget()
      forgetLater()
    })
  }
  forgetLater()

  return {
    path,
    type,
    options,
    request: (record, headers) => writer.write(format.request(record, headers)),
    response: (record, headers) => writer.write(format.response(record, headers)),
    hash: input => salt.hash(input),
    resalt(text) {
      salt = saltedHmac(text)
      format = lineFormat(lineOptions, salt)
    },
    chainState: chain.state,
    storeThen,
    reload: writer.reload,
    close(reason) {
      cancelForget()
      return writer.close(reason)
    },
  }
}

function openFile(entry: DeviceOptions): Sink | Promise<Sink> {
  const { options } = entry
  const file = options.file_path ?? options.path
  if (!file) throw new Invalid("file_path is required")
  const word = file.toLowerCase()
  if (word === "stdout") return streamSink(process.stdout)
  if (word === "discard") return discardSink
  return fileSink({
    file,
    mode: fileMode(options),
    fsync: flag(options, "fsync", false),
    allowedDirectories: entry.allowedDirectories,
    deniedDirectories: entry.deniedDirectories ?? [],
  })
}

function openSyslog({ options }: DeviceOptions, context: AuditContext, resolve: Resolve): Promise<Sink> {
  return syslogSink(options, resolve, { now: context.now, hostname: hostname(), pid: process.pid })
}

function openHttp({ options }: DeviceOptions, _: AuditContext, resolve: Resolve): Sink {
  return httpSink(options, resolve, timeout(options, "write_timeout", "10s"))
}

/** Continues the chain where the file or the caller says it stands, whichever is further. */
async function chainFor(
  entry: DeviceOptions,
  sink: Sink,
  prefix: string,
  context: AuditContext,
): Promise<{ chain: Chain; torn: string | undefined; storeThen: StoreSeen | undefined }> {
  const { origin, signingKey, chainState, storeSeen, path } = entry
  if (origin === undefined || signingKey === undefined)
    return { chain: unchained(), torn: undefined, storeThen: undefined }
  const tail: Tail | undefined =
    sink.file === undefined ? undefined : await chainTail(sink.file, origin, logOf(origin), prefix)
  const state = further(tail?.state, chainState)
  if (state !== undefined && state === chainState && tail !== undefined) {
    const message = `records up to ${state.size} were written, the file ends at ${tail.state?.size ?? 0}`
    if (tail.state?.size !== state.size) context.report?.({ path, kind: "truncated", message })
  }
  const signed = tail?.note === undefined ? undefined : openCheckpoint(tail.note, createPublicKey(signingKey))
  return {
    chain: signedChain(origin, signingKey, prefix, state, storeSeen),
    torn: tail?.torn,
    storeThen: signed?.origin === origin ? signed.store : undefined,
  }
}

const further = (a: ChainState | undefined, b: ChainState | undefined): ChainState | undefined =>
  (a?.size ?? 0) >= (b?.size ?? 0) ? a : b
