/** Requests of web pages from other origins (`sys/config/cors`): the Fetch standard's checks, in Vault's words. */

import type { IncomingMessage, ServerResponse } from "node:http"
import type { Server } from "./server.ts"
import { corsConfig } from "./sys/config.ts"
import { reading } from "./transact.ts"

const METHODS = ["DELETE", "GET", "OPTIONS", "PATCH", "POST", "PUT", "LIST", "SCAN"]

/**
 * Sets what the browser needs to see. True when the request is answered hereby: a preflight, or an origin that is not allowed.
 * Requests without an Origin (no browser sent them) cost nothing; while sealed there is no configuration to ask.
 */
export async function crossOrigin(
  server: Server,
  message: IncomingMessage,
  response: ServerResponse,
  verb: string,
): Promise<boolean> {
  const { origin } = message.headers
  if (origin === undefined || server.sealed()) return false
  const cors = await reading(server, view => corsConfig(view))
  if (cors === undefined) return false
  if (!cors.allowed_origins.includes("*") && !cors.allowed_origins.includes(origin)) {
    response.writeHead(403, { "Content-Type": "application/json", "Cache-Control": "no-store" })
    response.end('{"errors":["origin not allowed"]}\n')
    return true
  }
  response.setHeader("Access-Control-Allow-Origin", origin)
  response.setHeader("Vary", "Origin")
  if (cors.allow_credentials) response.setHeader("Access-Control-Allow-Credentials", "true")
  if (verb !== "OPTIONS") return false
  const asked = message.headers["access-control-request-method"] ?? ""
  if (!METHODS.includes(asked)) {
    response.writeHead(405)
    response.end()
    return true
  }
  response.writeHead(204, {
    "Access-Control-Allow-Methods": METHODS.join(","),
    "Access-Control-Allow-Headers": cors.allowed_headers.join(","),
    "Access-Control-Max-Age": "300",
  })
  response.end()
  return true
}
