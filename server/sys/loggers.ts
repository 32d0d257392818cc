/** `sys/loggers`, `sys/monitor`: how much is logged, and the log as it is written. */

import { setTimeout } from "node:timers/promises"
import { field, refuse } from "@arca/api"
import { backlog } from "../logs/kept.ts"
import { type Format, type Level, levelOf } from "../logs/lines.ts"
import type { Logs } from "../logs/logs.ts"
import { alone } from "../peers.ts"
import type { ServerContext } from "../server.ts"
import { sysRoute } from "./route.ts"

const name = field.string("Name of the logger: `core`, `audit`, `secrets.kv` ….", { plain: true })
const level = field.string("trace, debug, info, warn or error.", { plain: true })

function readLevel(given: string | undefined): Level {
  if (given === undefined) throw refuse.invalid("level is required")
  if (given === "") throw refuse.invalid("level is empty")
  const read = levelOf(given)
  if (read === undefined) throw refuse.invalid(`invalid level provided: unknown log level: ${given}`)
  return read
}

/** Changes this process's loggers and those of the other workers. `level` undefined is the configured one. */
async function change(ctx: ServerContext, wanted: Level | undefined, logger: string | undefined): Promise<undefined> {
  const { logs, peers } = ctx.server
  const found = wanted === undefined ? logs.resetLevel(logger) : logs.setLevel(wanted, logger)
  const others = await peers.tell({ act: "log-level", level: wanted, logger })
  if (!found && !others.includes(true)) throw refuse.invalid(`logger ${JSON.stringify(logger)} not found`)
}

/** How often the other workers are asked for their lines. */
const FETCH_MILLISECONDS = 500

/**
 * The log from now on, until the reader or the server ends it; with what `others` have written, so that lines of different
 * processes may be half a second out of order.
 */
export async function* follow(
  logs: Logs,
  least: Level,
  format: Format,
  ended: AbortSignal,
  others?: () => Promise<string>,
): AsyncGenerator<Uint8Array> {
  const waiting = backlog()
  let fetched = ""
  const left = new AbortController()
  const fetchAll = async (): Promise<void> => {
    const signal = AbortSignal.any([ended, left.signal])
    while (others !== undefined && !signal.aborted) {
      // They keep their lines as long as ours are not read.
      if (fetched === "") fetched = await others()
      if (fetched !== "") wake.resolve()
      await setTimeout(FETCH_MILLISECONDS, undefined, { signal, ref: false }).catch(() => undefined)
    }
  }
  let wake = Promise.withResolvers<void>()
  const stop = logs.watch(least, line => {
    waiting.add(line)
    wake.resolve()
  })
  ended.addEventListener("abort", () => wake.resolve(), { once: true })
  void fetchAll()
  try {
    while (!ended.aborted) {
      await wake.promise
      wake = Promise.withResolvers<void>()
      const text = waiting.take(format) + fetched
      fetched = ""
      yield Buffer.from(text)
    }
  } finally {
    stop()
    left.abort()
  }
}

export const loggerRoutes = [
  sysRoute("loggers", {
    summary:
      "How much is logged: the level of each logger. Setting one sets all; deleting goes back to the configuration.",
    fields: { level },
    rootOnly: true,
    read: (_, { server }) => ({ data: { ...server.logs.levels() } }),
    write: ({ level: given }, ctx) => change(ctx, readLevel(given), undefined),
    delete: (_, ctx) => change(ctx, undefined, undefined),
  }),
  sysRoute("loggers/:name", {
    summary: "How much one logger logs.",
    fields: { name, level },
    rootOnly: true,
    read: ({ name: logger }, { server }) => {
      const levels = new Map(Object.entries(server.logs.levels()))
      const found = levels.get(logger)
      return { data: found === undefined ? {} : { [logger]: found } }
    },
    write: ({ name: logger, level: given }, ctx) => change(ctx, readLevel(given), logger),
    delete: ({ name: logger }, ctx) => change(ctx, undefined, logger),
  }),
  sysRoute("monitor", {
    summary: "The log of this machine's processes as it is written, as a stream.",
    fields: {
      log_level: field.string("The least level to show.", { default: "info", query: true, plain: true }),
      log_format: field.string("standard or json.", { default: "standard", query: true, plain: true }),
    },
    rootOnly: true,
    read: ({ log_level: given, log_format }, { server, request }) => {
      const least = levelOf(given)
      if (least === undefined) throw refuse.invalid("unknown log level")
      const format = log_format.toLowerCase()
      if (format !== "standard" && format !== "json") throw refuse.invalid("unknown log format")
      const { logs, stopping, peers } = server
      const others = async () => {
        const texts = await peers.tell({ act: "log-lines", reader: request.id, level: least, format })
        return texts.filter(text => typeof text === "string").join("")
      }
      const body = follow(logs, least, format, stopping, peers === alone ? undefined : others)
      return { raw: { contentType: "text/plain; charset=utf-8", body } }
    },
  }),
]
