/** How long a request may take to arrive. Node has one limit for a whole server; here a handler can lift it from one request. */

import type { IncomingMessage, ServerResponse } from "node:http"

const deadlines = new WeakMap<IncomingMessage, NodeJS.Timeout>()

const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers["transfer-encoding"] !== undefined || (headers["content-length"] ?? "0") !== "0"

/** Ends the connection (408) when the body of `message` is not there after so many seconds. */
export function limitArrival(message: IncomingMessage, response: ServerResponse, seconds: number): void {
  if (!hasBody(message)) return
  const timer = setTimeout(() => {
    if (message.complete) return
    if (!response.headersSent) {
      response.writeHead(408, { Connection: "close", "Content-Length": 0 })
      response.end()
    }
    message.socket.destroySoon()
  }, seconds * 1000)
  timer.unref()
  deadlines.set(message, timer)
  message.once("close", () => clearTimeout(timer))
}

/** The body as a stream without a limit of time or size: for routes that take it as it comes. */
export async function* unlimited(message: IncomingMessage): AsyncGenerator<Uint8Array> {
  clearTimeout(deadlines.get(message))
  yield* message as AsyncIterable<Uint8Array>
}
