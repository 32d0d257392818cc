/** A server of a few lines for fakes of other services: JSON in, JSON out, over HTTP on 127.0.0.1. */

import { once } from "node:events"
import { createServer, type IncomingHttpHeaders } from "node:http"

export interface Asked {
  readonly method: string
  /** Without the query. */
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: IncomingHttpHeaders
  /** The parsed body: of JSON, or of a form; undefined without one. */
  readonly body: Record<string, unknown> | undefined
}

export interface Answered {
  readonly status: number
  /** Sent as JSON; a string is sent as it is. */
  readonly body?: unknown
}

export interface Fake {
  /** `http://127.0.0.1:port` */
  readonly url: string
  /** What was asked, in order: `PUT /v1/acl/token`. */
  readonly asked: string[]
  close(): void
}

/** Starts a server that answers by `answer`. */
export async function serveFake(answer: (asked: Asked) => Answered | Promise<Answered>): Promise<Fake> {
  const asked: string[] = []
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const url = new URL(request.url ?? "/", "http://fake")
    const text = Buffer.concat(chunks).toString()
    asked.push(`${request.method} ${url.pathname}`)
    const { status, body } = await answer({
      method: request.method ?? "",
      path: url.pathname,
      query: url.searchParams,
      headers: request.headers,
      body: parsed(text, request.headers["content-type"] ?? ""),
    })
    const type = typeof body === "string" ? "text/plain" : "application/json"
    response.writeHead(status, body === undefined ? {} : { "content-type": type })
    response.end(typeof body === "string" ? body : body === undefined ? "" : JSON.stringify(body))
  }).listen(0, "127.0.0.1")
  await once(server, "listening")
  const address = server.address()
  const port = typeof address === "object" && address !== null ? address.port : 0
  const close = () => {
    server.close()
    server.closeAllConnections()
  }
  return { url: `http://127.0.0.1:${port}`, asked, close }
}

function parsed(text: string, type: string): Record<string, unknown> | undefined {
  if (text === "") return undefined
  if (type.includes("form")) return Object.fromEntries(new URLSearchParams(text))
  return JSON.parse(text)
}
