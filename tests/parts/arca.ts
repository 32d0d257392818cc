/**
 * A server of its own for each black-box test: a process with a configuration file, a temporary directory and a free
 * port on 127.0.0.1, over TLS unless told otherwise.
 *
 * `ARCA_CONFORMANCE_SERVER=/path/to/bao` (or vault) puts that binary in the place of ours, so that a test can be checked
 * against the reference.
 */

import { type ChildProcess, execFile, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { request as httpRequest, type IncomingHttpHeaders } from "node:http"
import { request as httpsRequest } from "node:https"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { setTimeout } from "node:timers/promises"
import { promisify } from "node:util"
import { freePort } from "./port.ts"

/** The binary that takes the place of our server, if any. */
export const reference: string | undefined = process.env.ARCA_CONFORMANCE_SERVER

export interface StartOptions {
  /** Serves HTTP instead of HTTPS. */
  plain?: boolean
  /** The storage stanza; by default LMDB in the temporary directory (in memory for a reference). */
  storage?: string
  /** Further keys inside the listener stanza. */
  listener?: string
  /** Further top-level configuration. */
  config?: string
  /** Leaves rekey and generate-root closed to callers without a token, as they are unless someone opts in. */
  closedEndpoints?: boolean
  env?: Record<string, string>
  /** The directory for store and files; it stays. Otherwise one is made, and removed when the server stops. */
  dir?: string
  /** A program and its arguments that run the server: `["strace", "-f", …]`. */
  under?: readonly string[]
}

export interface Running {
  url: string
  /** The certificate to trust, in PEM; empty over HTTP. */
  caFile: string
  /** The temporary directory; the server may write to it (audit files). */
  dir: string
  process: ChildProcess
  /** What the server has printed so far. */
  log: () => string
  /** Ends the server with SIGTERM and removes the directory. */
  stop: () => Promise<void>
  /** Starts a server on the same configuration and store, after this one has ended; `changed` may change how it is run. */
  again: (changed?: Pick<StartOptions, "under" | "env">) => Promise<Running>
}

export interface Call {
  method?: string
  path: string
  token?: string
  headers?: Record<string, string>
  /** Sent as JSON; a string is sent as it is. */
  body?: unknown
}

export interface Reply {
  status: number
  headers: IncomingHttpHeaders
  text: string
  /** The parsed body; undefined when there is none or it is no JSON. */
  json: unknown
}

const run = promisify(execFile)
const readyMillis = 30_000

/** Starts a server and resolves once it answers; rejects with its log if it ends or stays silent. */
export const start = async (options: StartOptions = {}): Promise<Running> => {
  const dir = options.dir ?? (await mkdtemp(join(tmpdir(), "arca-")))
  const port = await freePort()
  const caFile = options.plain ? "" : await certificate(dir)
  const file = join(dir, "server.hcl")
  await writeFile(file, configuration(options, dir, port))
  return await launch(options, { file, dir, caFile, url: `${options.plain ? "http" : "https"}://127.0.0.1:${port}` })
}

/** Where a server has its things. */
interface Home {
  file: string
  dir: string
  caFile: string
  url: string
}

const launch = async (options: StartOptions, home: Home): Promise<Running> => {
  const { file, dir, caFile, url } = home
  const [command, args] = reference === undefined ? ours() : [reference, ["server"]]
  const env = { ...process.env, ARCA_UNAUTHED_ENDPOINTS: "rekey,generate-root", ...options.env }
  const [program = command, ...before] = [...(options.under ?? []), command]
  const child = spawn(program, [...before, ...args, "-config", file], { env, stdio: ["ignore", "pipe", "pipe"] })
  let printed = ""
  for (const stream of [child.stdout, child.stderr]) stream.on("data", chunk => (printed += chunk))
  const stop = async () => {
    if (child.exitCode === null && child.signalCode === null) {
      const gone = once(child, "exit")
      child.kill("SIGTERM")
      await gone
    }
    if (options.dir === undefined) await rm(dir, { recursive: true, force: true })
  }
  const again = (changed: Pick<StartOptions, "under" | "env"> = {}) => launch({ ...options, ...changed }, home)
  const running = { url, caFile, dir, process: child, log: () => printed, stop, again }
  try {
    await ready(running)
  } catch (error) {
    await stop()
    throw error
  }
  return running
}

/** Starts a server and brings it up: initialised with one share, unsealed; the reply has the root token and the share. */
export const startUnsealed = async (
  options: StartOptions = {},
): Promise<Running & { token: string; share: string }> => {
  const running = await start(options)
  const shares = { secret_shares: 1, secret_threshold: 1 }
  const made = fields((await call(running, { method: "PUT", path: "sys/init", body: shares })).json)
  const share = String(Array.isArray(made.keys) ? made.keys[0] : "")
  const opened = await call(running, { method: "PUT", path: "sys/unseal", body: { key: share } })
  if (fields(opened.json).sealed !== false) {
    await running.stop()
    throw new Error(`The server did not unseal: ${opened.status} ${opened.text}`)
  }
  return { ...running, token: String(made.root_token), share }
}

/** One request below /v1/; any verb, LIST and SCAN too. */
export const call = async (at: { url: string; caFile: string }, wanted: Call): Promise<Reply> => {
  const ca = at.caFile === "" ? undefined : await readFile(at.caFile)
  const body = wanted.body === undefined || typeof wanted.body === "string" ? wanted.body : JSON.stringify(wanted.body)
  const headers = { ...(wanted.token !== undefined && { "X-Vault-Token": wanted.token }), ...wanted.headers }
  const length = body === undefined ? {} : { "Content-Length": Buffer.byteLength(body) }
  const send = ca === undefined ? httpRequest : httpsRequest
  const init = { method: wanted.method ?? "GET", headers: { ...headers, ...length }, agent: false, ...(ca && { ca }) }
  return await new Promise((done, fail) => {
    const request = send(`${at.url}/v1/${wanted.path}`, init, response => {
      let text = ""
      response.setEncoding("utf8")
      response.on("data", chunk => (text += chunk))
      response.on("error", fail)
      response.on("end", () =>
        done({ status: response.statusCode ?? 0, headers: response.headers, text, json: parsed(text) }),
      )
    })
    request.on("error", fail)
    request.end(body)
  })
}

/** The fields of an object; none of anything else. */
export const fields = (value: unknown): Record<string, unknown> =>
  typeof value === "object" && value !== null ? { ...value } : {}

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const ours = (): [string, string[]] => [process.execPath, [resolve(import.meta.dirname, "../../server/main.ts")]]

const configuration = (options: StartOptions, dir: string, port: number): string => {
  const storage =
    options.storage ?? (reference === undefined ? `storage "lmdb" {\n  path = "${dir}/store"\n}` : 'storage "inmem" {}')
  const tls = options.plain
    ? "  tls_disable = true"
    : `  tls_cert_file = "${dir}/cert.pem"\n  tls_key_file = "${dir}/key.pem"`
  return `${storage}
${reference === undefined ? "" : "unsafe_allow_api_audit_creation = true"}
listener "tcp" {
  address = "127.0.0.1:${port}"
${tls}
${options.closedEndpoints ? "" : "  disable_unauthed_rekey_endpoints = false\n  disable_unauthed_generate_root_endpoints = false"}
${options.listener ?? ""}
}
${options.config ?? ""}
`
}

/** A certificate for 127.0.0.1 that signs itself; rustls insists that it is no CA. */
const certificate = async (dir: string): Promise<string> => {
  const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"]
  const kind = [
    "-newkey",
    "ec",
    "-pkeyopt",
    "ec_paramgen_curve:prime256v1",
    "-addext",
    "basicConstraints=critical,CA:FALSE",
  ]
  const files = ["-keyout", join(dir, "key.pem"), "-out", join(dir, "cert.pem")]
  await run("openssl", ["req", "-x509", "-nodes", "-days", "2", ...kind, ...subject, ...files])
  return join(dir, "cert.pem")
}

const ready = async (running: Running): Promise<void> => {
  const started = Date.now()
  const { process: child, log } = running
  while (Date.now() - started < readyMillis) {
    if (child.exitCode !== null) throw new Error(`The server ended with ${child.exitCode}:\n${log()}`)
    const answered = await call(running, { path: "sys/init" }).then(
      reply => reply.status === 200,
      () => false,
    )
    if (answered) return
    await setTimeout(50)
  }
  throw new Error(`The server did not answer within ${readyMillis} ms:\n${log()}`)
}
