/**
 * A whole server in the test's hand: a memory store, a clock that only the test moves, no socket.
 *
 *     const vault = await testServer()
 *     await vault.write("secret/data/app", { data: { a: 1 } })
 *     vault.clock.advance("1h")
 */

import { randomBytes } from "node:crypto"
import { isJsonObject, type Json, type JsonObject, type Operation, parseDuration, verbOf } from "@arca/api"
import { memoryStorage, type Storage } from "@arca/storage"
import { assemble, type Parts } from "./assemble.ts"
import type { AuditBroker, AuditRequest, AuditResponse } from "./audit/index.ts"
import { background } from "./jobs.ts"
import { findMount, mountTable } from "./mounts.ts"
import { ROOT } from "./namespaces.ts"
import { serve } from "./pipeline.ts"
import { uuid } from "./random.ts"
import type { AnyEngine, Reply, Request, Server } from "./server.ts"
import { undeclared } from "./testing-replies.ts"

export interface Clock {
  readonly now: () => number
  readonly advance: (duration: string) => void
}

export interface Asked {
  readonly token?: string
  readonly namespace?: string
  readonly wrapTtl?: number
  readonly wrapFormat?: "jwt"
  readonly address?: string
  readonly headers?: Readonly<Record<string, string>>
}

/** A reply that a test reads: `data` and `auth` are there when the reply has them. */
export interface Told {
  readonly status: number
  readonly body: JsonObject
  readonly data: JsonObject
  readonly auth: JsonObject
  readonly errors: readonly string[]
  readonly warnings: readonly string[]
}

export interface TestServer {
  readonly server: Server
  readonly storage: Storage
  readonly clock: Clock
  readonly root: string
  readonly unsealKey: string
  /** Every record that the audit was given. */
  readonly audited: { readonly requests: AuditRequest[]; readonly responses: AuditResponse[] }
  /** Makes the audit refuse records of a kind, or accept them again. */
  refuseAudit(kind: "request" | "response" | "none"): void
  ask(operation: Operation, path: string, body?: JsonObject, asked?: Asked): Promise<Told>
  read(path: string, asked?: Asked): Promise<Told>
  list(path: string, asked?: Asked): Promise<Told>
  write(path: string, body?: JsonObject, asked?: Asked): Promise<Told>
  patch(path: string, body?: JsonObject, asked?: Asked): Promise<Told>
  delete(path: string, asked?: Asked): Promise<Told>
  /** A new token with the given policies. */
  token(policies: readonly string[], more?: JsonObject): Promise<string>
  /** Writes an ACL policy. */
  policy(name: string, text: string): Promise<void>
  /** One round of background work: what is due ends. */
  runJobs(): Promise<void>
}

export interface TestOptions {
  /** The store under the barrier. */
  readonly inner?: Storage
  readonly engines?: readonly AnyEngine[]
  readonly parts?: Partial<Parts>
  /** Opens the store that another server made, instead of initialising it. */
  readonly reopen?: { readonly root: string; readonly unsealKey: string }
}

export async function testServer(options: TestOptions = {}): Promise<TestServer> {
  let time = Date.UTC(2026, 0, 1) / 1000
  const clock: Clock = {
    now: () => time,
    advance: duration => {
      time += parseDuration(duration) ?? Number.NaN
    },
  }
  const recorder = auditRecorder()
  const server = assemble({
    inner: options.inner ?? memoryStorage({ clock: { now: clock.now, sleep: async () => {} } }),
    audit: recorder.broker,
    now: clock.now,
    random: randomBytes,
    engines: options.engines ?? [],
    ...options.parts,
  })
  const { root, unsealKey } = options.reopen ?? (await initialized(server))
  await server.seal.unseal({ key: unsealKey, reset: false, migrate: false })
  const ask = async (operation: Operation, path: string, body: JsonObject = {}, asked: Asked = {}): Promise<Told> => {
    const reply = told(await serve(server, requestOf(operation, path, body, { token: root, ...asked })))
    if (asked.namespace === undefined) await checkDeclared(server, operation, path, reply)
    return reply
  }
  const jobs = background(server)
  const vault: TestServer = {
    server,
    storage: server.storage,
    clock,
    root,
    unsealKey,
    audited: recorder.records,
    refuseAudit: recorder.refuse,
    ask,
    read: (path, asked) => ask("read", path, {}, asked),
    list: (path, asked) => ask("list", path.endsWith("/") ? path : `${path}/`, {}, asked),
    write: (path, body, asked) => ask("update", path, body, asked),
    patch: (path, body, asked) => ask("patch", path, body, asked),
    delete: (path, asked) => ask("delete", path, {}, asked),
    token: async (policies, more = {}) => {
      const { auth } = await ask("update", "auth/token/create", { policies: [...policies], ...more })
      return String(auth.client_token)
    },
    policy: async (name, text) => {
      await ask("update", `sys/policies/acl/${name}`, { policy: text })
    },
    runJobs: jobs.round,
  }
  return vault
}

async function initialized(server: Server): Promise<{ root: string; unsealKey: string }> {
  const { keys, root_token } = (await server.seal.init({ secret_shares: 1, secret_threshold: 1 })) as {
    keys: string[]
    root_token: string
  }
  return { root: root_token, unsealKey: keys[0] ?? "" }
}

function requestOf(operation: Operation, path: string, body: JsonObject, asked: Asked): Request {
  return {
    id: uuid(randomBytes),
    operation,
    path,
    namespace: asked.namespace ?? "",
    token: asked.token ?? "",
    body,
    wrapTtl: asked.wrapTtl,
    wrapFormat: asked.wrapFormat ?? "",
    headers: new Map(Object.entries(asked.headers ?? {}).map(([name, value]) => [name.toLowerCase(), [value]])),
    remoteAddress: asked.address ?? "127.0.0.1",
    remotePort: 40000,
    certificate: undefined,
  }
}

/** Fails where a reply is not what its route declares. */
async function checkDeclared(
  server: Server,
  operation: Operation,
  path: string,
  { status, body }: Told,
): Promise<void> {
  if (status >= 300 || operation === "help" || server.sealed()) return
  using view = server.storage.view()
  const entry = findMount(await mountTable(view, ROOT), path)
  const route = entry && server.registry.routes(entry)?.(path.slice(entry.path.length))?.route
  const [complaint] = undeclared(route, verbOf(operation), body)
  if (complaint !== undefined) throw new Error(`${operation} ${path}: ${complaint}`)
}

function told({ status, body }: Reply): Told {
  const object: JsonObject = isJsonObject(body) ? body : {}
  const texts = (value: Json | undefined) => (Array.isArray(value) ? value.map(String) : [])
  return {
    status,
    body: object,
    data: isJsonObject(object.data) ? object.data : {},
    auth: isJsonObject(object.auth) ? object.auth : {},
    errors: texts(object.errors),
    warnings: texts(object.warnings),
  }
}

/** An audit that keeps its records in memory, and refuses them when told to. */
function auditRecorder() {
  const records = { requests: [] as AuditRequest[], responses: [] as AuditResponse[] }
  let refused: "request" | "response" | "none" = "none"
  const broker: AuditBroker = {
    request: async record => {
      if (refused === "request") throw new Error("the audit refuses requests")
      records.requests.push(record)
    },
    response: async record => {
      if (refused === "response") throw new Error("the audit refuses responses")
      records.responses.push(record)
    },
    hash: () => undefined,
    devices: () => [],
    failing: () => undefined,
    enable: async () => {},
    disable: async () => false,
    auditHeaders: () => {},
    reload: async () => {},
    close: async () => {},
  }
  return { broker, records, refuse: (kind: typeof refused) => void (refused = kind) }
}
