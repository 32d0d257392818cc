/** From a socket's request to its reply: the boot routes, then the pipeline. */

import type { IncomingMessage, ServerResponse } from "node:http"
import { matcher, Refusal, readInput, verbOf } from "@arca/api"
import { crossOrigin } from "./cors.ts"
import type { Handler } from "./listener/listener.ts"
import type { ListenerOptions } from "./listener/options.ts"
import { serve } from "./pipeline.ts"
import { errorReply, replyOf } from "./reply.ts"
import type { Reply, Request, Server } from "./server.ts"
import { bootRoutes } from "./sys/boot.ts"
import { systemEngine } from "./sys/engine.ts"
import { metricsAnswer } from "./sys/metrics.ts"
import { type Peer, readRequest, unreadable, writeReply } from "./wire.ts"

const findBoot = matcher(bootRoutes)

/** Paths whose bodies are taken as they come. */
const STREAMS = new Set(
  systemEngine.routes.filter(one => one.streams).flatMap(one => one.paths.map(path => `sys/${path}`)),
)

/** Answers the requests of a listener. */
export function httpHandler(server: Server, clusterName: string, listener: ListenerOptions): Handler {
  const { maxRequestBytes: maxBytes, unauthenticated } = listener
  const limits = {
    random: server.random,
    maxBytes,
    streams: STREAMS,
    opened: unauthenticated.length > 0 ? new Set(unauthenticated) : undefined,
  }
  return async (message, response, verb, peer) => {
    try {
      if (message.headers.origin !== undefined && (await crossOrigin(server, message, response, verb))) return
      const reply = await replyTo(server, clusterName, limits, message, verb, peer)
      // Its next request goes to a node that stays.
      if (server.members.draining()) response.setHeader("Connection", "close")
      writeReply(response, reply, verb)
    } catch (error) {
      server.log.error("a request could not be answered", { error: String(error) })
      failQuietly(response)
    }
  }
}

async function replyTo(
  server: Server,
  clusterName: string,
  limits: Parameters<typeof readRequest>[3],
  message: IncomingMessage,
  verb: string,
  peer: Peer,
): Promise<Reply> {
  let request: Request
  try {
    request = await readRequest(message, verb, peer, limits)
  } catch (error) {
    const reply = unreadable(error)
    if (reply === undefined) throw error
    return reply
  }
  const boot = request.operation === "help" ? undefined : findBoot(request.path)
  if (boot !== undefined) return bootReply(server, clusterName, request, boot)
  return showsMetricsSealed(server, request) ? sealedMetrics(server, request) : serve(server, request)
}

async function bootReply(
  server: Server,
  clusterName: string,
  request: Request,
  match: NonNullable<ReturnType<typeof findBoot>>,
): Promise<Reply> {
  const handler = match.route.handlers.get(verbOf(request.operation))
  if (handler === undefined) return errorReply(405, [])
  try {
    const { input } = readInput(match, foldKeys(request))
    const { seal, facts, members, trouble, rollback } = server
    const context = { seal, facts, now: server.now(), clusterName, members, trouble, rollback }
    const answer = (await handler(input as never, context)) ?? {}
    return replyOf(request.id, request.path, "system", { answer, warnings: [], lease: undefined, grant: undefined })
  } catch (error) {
    if (error instanceof Refusal) return errorReply(error.status, error.errors, error.headers)
    server.log.error(error instanceof Error ? (error.stack ?? error.message) : String(error), { request: request.id })
    return errorReply(500, [`internal error (request ${request.id})`])
  }
}

/** A listener that shows metrics to everyone shows them while sealed as well: that is when operators look. */
const showsMetricsSealed = (server: Server, { path, opened }: Request): boolean =>
  path === "sys/metrics" && server.sealed() && opened?.has("metrics") === true

async function sealedMetrics(server: Server, request: Request): Promise<Reply> {
  const answer = await metricsAnswer(server, request, String(request.body.format ?? ""))
  return replyOf(request.id, request.path, "system", { answer, warnings: [], lease: undefined, grant: undefined })
}

/** Go's decoder takes `Key` for `key`, and clients came to rely on it for `sys/unseal`. */
const foldKeys = ({ body }: Request) =>
  Object.fromEntries(Object.entries(body).map(([name, value]) => [name.toLowerCase(), value]))

function failQuietly(response: ServerResponse): void {
  if (!response.headersSent) response.writeHead(500, { "Content-Type": "application/json" })
  response.end('{"errors":["internal error"]}\n')
}
