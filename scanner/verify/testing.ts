import { execFileSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import { createServer as createTlsServer } from "node:https"
import { connect, type Server, type Socket } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"
import type { Finding } from "../finding.ts"

/** What a request to the fake was. */
export type Seen = {
  method: string
  host: string
  path: string
  headers: Record<string, string | string[] | undefined>
  body: string
}
export type Answer = { status: number; body?: unknown; headers?: Record<string, string> }

export type FakeInternet = {
  /** Settings of the environment and the authority, as a user behind a proxy has them. */
  options: { env: Record<string, string>; ca: string }
  seen: Seen[]
  stop(): Promise<void>
}

/**
 * Answers for every host of the list, over TLS, behind a proxy (CONNECT): so that what is tested goes the whole way that
 * a user's requests go, with names, certificates and all.
 */
export async function fakeInternet(
  hosts: readonly string[],
  answer: (seen: Seen) => Answer | Promise<Answer>,
): Promise<FakeInternet> {
  const { ca, key, cert } = certificates(hosts)
  const seen: Seen[] = []
  const server = createTlsServer({ key, cert }, (request, response) => {
    void handle(request, response, seen, answer)
  })
  const port = await listening(server)
  const proxy = createServer((_request, response) => {
    response.writeHead(405).end()
  })
  const sockets = new Set<Socket>()
  proxy.on("connect", (_request: IncomingMessage, client: Socket) => {
    const upstream = connect(port, "127.0.0.1", () => {
      client.write("HTTP/1.1 200 Connection Established\r\n\r\n")
      upstream.pipe(client).pipe(upstream)
    })
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on("error", () => socket.destroy())
      socket.on("close", () => sockets.delete(socket))
    }
  })
  const proxyPort = await listening(proxy)
  return {
    options: { env: { HTTPS_PROXY: `http://127.0.0.1:${proxyPort}` }, ca },
    seen,
    async stop() {
      for (const socket of sockets) socket.destroy()
      server.closeAllConnections()
      await Promise.all([server, proxy].map(one => promisify(one.close.bind(one))()))
    },
  }
}

async function handle(
  request: IncomingMessage,
  response: ServerResponse,
  seen: Seen[],
  answer: (seen: Seen) => Answer | Promise<Answer>,
): Promise<void> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(Buffer.from(chunk))
  const one: Seen = {
    method: request.method ?? "",
    host: request.headers.host ?? "",
    path: request.url ?? "",
    headers: request.headers,
    body: Buffer.concat(chunks).toString(),
  }
  seen.push(one)
  const { status, body, headers } = await answer(one)
  const text = typeof body === "string" ? body : body === undefined ? "" : JSON.stringify(body)
  response.writeHead(status, { "content-type": "application/json", ...headers }).end(text)
}

async function listening(server: Server): Promise<number> {
  await new Promise<void>(resolve => server.listen(0, "127.0.0.1", resolve))
  const address = server.address()
  return typeof address === "object" && address !== null ? address.port : 0
}

function certificates(hosts: readonly string[]): { ca: string; key: string; cert: string } {
  const folder = mkdtempSync(join(tmpdir(), "arca-verify-"))
  const file = (name: string) => join(folder, name)
  const fresh = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
  const names = `subjectAltName=${hosts.map(host => `DNS:${host}`).join(",")}`
  const openssl = (...args: string[]) => execFileSync("openssl", args, { stdio: "pipe" })
  try {
    openssl("req", "-x509", ...fresh, "-subj", "/CN=test authority", "-keyout", file("ca.key"), "-out", file("ca.pem"))
    openssl(
      ...["req", "-x509", "-CA", file("ca.pem"), "-CAkey", file("ca.key"), ...fresh, "-subj", "/CN=fake"],
      ...["-addext", names, "-keyout", file("key.pem"), "-out", file("cert.pem")],
    )
    const read = (name: string) => readFileSync(file(name), "utf8")
    return { ca: read("ca.pem"), key: read("key.pem"), cert: read("cert.pem") }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** A finding of a rule, as a scan would hand it over; `match` is the secret unless it is given. */
export function findingOf(
  ruleId: string,
  secret: string,
  { parts = {}, match = secret }: { parts?: Record<string, string>; match?: string } = {},
): Finding {
  const place = { startLine: 1, endLine: 1, startColumn: 1, endColumn: 1, line: "" }
  const required = Object.entries(parts).map(([id, part]) => ({ ruleId: id, ...place, match: part, secret: part }))
  const commit = { commit: "", author: "", email: "", date: "", message: "" }
  const rest = { description: "", file: "a", symlinkFile: "", entropy: 0, tags: [], fingerprint: "", link: "" }
  return { ruleId, ...place, ...commit, ...rest, match, secret, required }
}
