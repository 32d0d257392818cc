import { spawn, spawnSync } from "node:child_process"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import type { TestContext } from "node:test"

/** What a fake code host answers: JSON, a list that is cut into pages, bytes, or a status. */
export type Answer =
  | { json: unknown }
  | { list: readonly unknown[]; within?: string }
  | { bytes: Uint8Array }
  | { text: string }
  | { redirect: string }
  | { status: number; headers?: Record<string, string>; json?: unknown }

export type Asked = { path: string; query: URLSearchParams; authorized: boolean; headers: IncomingMessage["headers"] }

export type FakeHost = {
  url: string
  asked: Asked[]
  /** Comes first: undefined leaves the answer to the routes. */
  before: (asked: Asked) => Answer | undefined
}

type Settings = {
  routes(url: string): Record<string, (asked: Asked) => Answer>
  isAuthorized(headers: IncomingMessage["headers"]): boolean
  /** Whether a request names any credential: a wrong one is refused, none is not. */
  isCredential(headers: IncomingMessage["headers"]): boolean
  unauthorized: Answer
  notFound: unknown
  /** Git repositories below `/`, such as `octo/app.git`, read by `git http-backend`. */
  gitFolder?: string
}

/** Hosts may make pages shorter than asked for; these are, so that every list has several. */
const mostPerPage = 2

/** A server on this machine with a code host's manners: pages by Link headers, absolute links, 404 for what is not there. */
export async function fakeHost(t: TestContext, settings: Settings): Promise<FakeHost> {
  const host: FakeHost = { url: "", asked: [], before: () => undefined }
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "/", host.url)
    if (/\.git\//.test(url.pathname) && settings.gitFolder !== undefined)
      return serveGit(settings.gitFolder, url, settings.isAuthorized(request.headers), request, response)
    const asked: Asked = {
      path: url.pathname,
      query: url.searchParams,
      authorized: settings.isAuthorized(request.headers),
      headers: request.headers,
    }
    host.asked.push(asked)
    const route = settings.routes(host.url)[url.pathname]
    const isStranger = !asked.authorized && settings.isCredential(request.headers)
    const refused = isStranger ? settings.unauthorized : undefined
    reply(response, url, refused ?? host.before(asked) ?? route?.(asked) ?? { status: 404, json: settings.notFound })
  })
  await new Promise<void>(resolve => server.listen(0, "127.0.0.1", resolve))
  const address = server.address()
  host.url = `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return host
}

function reply(response: ServerResponse, url: URL, answer: Answer): void {
  const json = { "content-type": "application/json; charset=utf-8" }
  if ("redirect" in answer) response.writeHead(302, { location: answer.redirect }).end()
  else if ("bytes" in answer) response.writeHead(200, { "content-type": "application/octet-stream" }).end(answer.bytes)
  else if ("text" in answer) response.writeHead(200, { "content-type": "text/plain" }).end(answer.text)
  else if ("status" in answer)
    response.writeHead(answer.status, { ...json, ...answer.headers }).end(JSON.stringify(answer.json ?? {}))
  else if ("json" in answer) response.writeHead(200, json).end(JSON.stringify(answer.json))
  else {
    const { page, link } = pageOf(url, answer.list)
    const body = answer.within === undefined ? page : { total_count: answer.list.length, [answer.within]: page }
    response.writeHead(200, { ...json, ...link }).end(JSON.stringify(body))
  }
}

function pageOf(url: URL, list: readonly unknown[]): { page: readonly unknown[]; link: Record<string, string> } {
  const perPage = Math.min(Number(url.searchParams.get("per_page") ?? 30), mostPerPage)
  const number = Number(url.searchParams.get("page") ?? 1)
  const last = Math.max(Math.ceil(list.length / perPage), 1)
  const at = (page: number, rel: string) => {
    const other = new URL(url)
    other.searchParams.set("page", String(page))
    return `<${other.href}>; rel="${rel}"`
  }
  const links = [...(number < last ? [at(number + 1, "next")] : []), at(1, "first"), at(last, "last")]
  const counts = {
    "x-page": String(number),
    "x-total-pages": String(last),
    ...(number < last ? { "x-next-page": String(number + 1) } : {}),
  }
  return { page: list.slice((number - 1) * perPage, number * perPage), link: { link: links.join(", "), ...counts } }
}

/** Git's own server for HTTP (a CGI program). */
function serveGit(
  folder: string,
  url: URL,
  authorized: boolean,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  if (!authorized) {
    response.writeHead(401, { "www-authenticate": 'Basic realm="git"' }).end()
    return
  }
  const git = spawn("git", ["http-backend"], {
    env: {
      PATH: process.env.PATH,
      GIT_PROJECT_ROOT: folder,
      GIT_HTTP_EXPORT_ALL: "1",
      PATH_INFO: url.pathname,
      QUERY_STRING: url.search.slice(1),
      REQUEST_METHOD: request.method,
      CONTENT_TYPE: request.headers["content-type"] ?? "",
      GIT_PROTOCOL: String(request.headers["git-protocol"] ?? ""),
      ...(request.headers["content-encoding"] === "gzip" ? { HTTP_CONTENT_ENCODING: "gzip" } : {}),
    },
  })
  request.pipe(git.stdin)
  const pieces: Buffer[] = []
  git.stdout.on("data", (piece: Buffer) => pieces.push(piece))
  git.on("close", () => {
    const all = Buffer.concat(pieces)
    const end = all.indexOf("\r\n\r\n")
    const lines = all
      .toString("latin1", 0, end)
      .split("\r\n")
      .map(line => line.split(": "))
    const headers = Object.fromEntries(lines.map(([name = "", value = ""]) => [name.toLowerCase(), value]))
    const { status = "200", ...rest } = headers
    response.writeHead(Number.parseInt(status, 10), rest).end(all.subarray(end + 4))
  })
}

/** Why histories cannot be fetched here; undefined when they can. */
export const gitServerMissing = (): string | undefined =>
  spawnSync("git", ["http-backend"], { env: { PATH: process.env.PATH } })
    .stderr.toString()
    .includes("not a git command")
    ? "git http-backend is not installed"
    : undefined
