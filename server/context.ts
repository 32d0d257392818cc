/** The context of a handler: what it may read, write and ask for, and what it leaves for the pipeline to do. */

import {
  type Answer,
  type Context,
  type JsonObject,
  type LeaseKind,
  type LeaseTerms,
  type Mount,
  type Operation,
  type PreparedLease,
  type RequestFacts,
  refuse,
  type Store,
  type Term,
} from "@arca/api"
import { decide } from "@arca/policy"
import { countReads, type View } from "@arca/storage"
import type { Caller } from "./authenticate.ts"
import { lifeOf } from "./grants.ts"
import { type Asked, eraseLease, type LeaseEntry, PREPARED_SECONDS, readLease, writeLease } from "./leases.ts"
import { type MountEntry, mountFor, mountStore, mountTable } from "./mounts.ts"
import { type Namespace, namespaceTable, ROOT } from "./namespaces.ts"
import { passwordBy } from "./password-policies.ts"
import { base62 } from "./random.ts"
import type { Request, Server, ServerContext } from "./server.ts"
import { transact } from "./transact.ts"

/** What a handler leaves behind beside its writes. */
export interface Effects {
  readonly warnings: string[]
  /** Leases that the handler asked for, by id; they become durable with the reply. */
  readonly leases: Map<string, LeaseEntry>
  /** Durable already, each standing for something outside: to be revoked if the request fails. */
  readonly prepared: Map<string, LeaseEntry>
  /** Whether something was made durable outside of the request's own transaction: running it again would do it twice. */
  acted: boolean
  readonly after: (() => Promise<void> | void)[]
  /** To be done when everything else is, just before the reply leaves. */
  readonly last: (() => Promise<void> | void)[]
  /** To be done when the response could not be recorded, and what it says is lost. */
  readonly unrecorded: (() => Promise<void>)[]
}

export const noEffects = (): Effects => ({
  warnings: [],
  leases: new Map(),
  prepared: new Map(),
  acted: false,
  after: [],
  last: [],
  unrecorded: [],
})

export interface Setting {
  readonly server: Server
  readonly view: View
  readonly request: Request
  readonly namespace: Namespace
  readonly entry: MountEntry
  readonly caller: Caller
  readonly effects: Effects
  /** Relative to the namespace. */
  readonly fullPath: string
  readonly operation: Operation
}

export const contextOf = (setting: Setting): ServerContext => new RequestContext(setting)

/** What few handlers ask for is made when one does. */
class RequestContext implements ServerContext {
  readonly #setting: Setting
  readonly now: number
  #store: View | undefined
  #mount: Mount | undefined
  #request: RequestFacts | undefined
  #caller: Context["caller"] | undefined

  constructor(setting: Setting) {
    this.#setting = setting
    this.now = setting.server.now()
  }

  get server() {
    return this.#setting.server
  }
  get view() {
    return this.#setting.view
  }
  get namespace() {
    return this.#setting.namespace
  }
  get mountEntry() {
    return this.#setting.entry
  }
  get asker() {
    return this.#setting.caller
  }
  get full() {
    return this.#setting.request
  }
  get body() {
    return this.#setting.request.body
  }
  get clock() {
    return this.#setting.server.now
  }
  get random() {
    return this.#setting.server.random
  }
  get outbound() {
    return this.#outward().server.outbound
  }

  get store(): View {
    const { view, namespace, entry } = this.#setting
    this.#store ??= mountStore(view, namespace, entry)
    return this.#store
  }

  get mount(): Mount {
    this.#mount ??= mountFor(this.#setting.entry, this.#setting.server.limits)
    return this.#mount
  }

  get request(): RequestFacts {
    this.#request ??= requestFacts(this.#setting)
    return this.#request
  }

  get caller(): Context["caller"] {
    this.#caller ??= callerFacts(this.#setting.caller)
    return this.#caller
  }

  /** The setting, for what leads out of the transaction: engines that said they never would are held to it. */
  #outward(): Setting {
    const { server, entry } = this.#setting
    if (server.registry.engine(entry.kind, entry.type)?.confined)
      throw new TypeError(`the engine "${entry.type}" is declared as confined to its store, and reaches out of it`)
    return this.#setting
  }

  permits(operation: Operation, path: string): boolean {
    const { caller, namespace, entry } = this.#setting
    return permitted(caller, namespace, entry.path + path, operation)
  }

  warn(text: string): void {
    this.#setting.effects.warnings.push(text)
  }

  log(level: "debug" | "info" | "warn" | "error", text: string): void {
    const { server, entry, request } = this.#setting
    const name = `${entry.kind === "auth" ? "auth" : "secrets"}.${entry.type}`
    server.log.named(name)[level](text, { mount: entry.path, request: request.id })
  }

  prepare<D extends JsonObject>(kind: LeaseKind<D>, data: D): Promise<PreparedLease> {
    return prepareLease(this.#outward(), kind, data)
  }

  lease<D extends JsonObject>(kind: LeaseKind<D>, data: D, term: Term): LeaseTerms {
    return draftLease(this.#setting, kind, data, term)
  }

  password(policy?: string): Promise<string> {
    const { view, namespace, server } = this.#setting
    return passwordBy(view, namespace.id, policy, server.random)
  }

  resource<T>(key: string, open: () => Promise<T>, close: (value: T) => Promise<void>): Promise<T> {
    const { server, entry } = this.#outward()
    return server.resources.use(`${entry.uuid}/${key}`, open, close)
  }

  closeResources(prefix: string): Promise<void> {
    const { server, entry } = this.#outward()
    return server.resources.close(`${entry.uuid}/${prefix}`)
  }

  durably<T>(change: (store: Store) => Promise<T>): Promise<T> {
    const { server, namespace, entry, effects } = this.#outward()
    effects.acted = true
    return transact(server, own => change(mountStore(own, namespace, entry)))
  }

  afterCommit(act: () => Promise<void> | void): void {
    this.#setting.effects.after.push(act)
  }

  atLast(act: () => Promise<void> | void): void {
    this.#setting.effects.last.push(act)
  }

  ifUnrecorded(act: () => Promise<void>): void {
    this.#setting.effects.unrecorded.push(act)
  }

  onMount(namespace: Namespace, entry: MountEntry): ServerContext {
    return contextOf({ ...this.#setting, namespace, entry, fullPath: entry.path })
  }
}

const requestFacts = ({ request, entry, operation, fullPath }: Setting): RequestFacts => ({
  id: request.id,
  operation,
  path: fullPath.slice(entry.path.length),
  fullPath,
  remoteAddress: request.remoteAddress,
  wrapTtl: request.wrapTtl ?? 0,
  headers: passedHeaders(entry, request),
  certificate: request.certificate,
})

function callerFacts({ token, tokenPolicies, identityPolicies, identity }: Caller): Context["caller"] {
  return {
    displayName: token?.displayName ?? "",
    accessor: token?.accessor ?? "",
    policies: [...tokenPolicies, ...identityPolicies],
    entityId: identity?.entity.id ?? "",
    tokenType: token?.type ?? "",
    metadata: token?.meta ?? {},
    tokenKey: token?.type === "service" ? token.id : "",
  }
}

const NO_HEADERS: ReadonlyMap<string, readonly string[]> = new Map()

/** The request's headers that the mount asked for; the server's own credentials never pass. */
function passedHeaders(entry: MountEntry, request: Request): ReadonlyMap<string, readonly string[]> {
  const wanted = entry.config.passthrough_request_headers
  if (wanted === undefined || wanted.length === 0) return NO_HEADERS
  const passed = new Map<string, readonly string[]>()
  for (const name of wanted.map(one => one.toLowerCase())) {
    const values = request.headers.get(name)
    if (values === undefined || name === "x-vault-token") continue
    if (name === "authorization" && request.token !== "" && values.some(value => value.includes(request.token)))
      continue
    passed.set(name, values)
  }
  return passed
}

/** A path as the caller's policies write it: from the namespace of its token. */
export const policyPath = (caller: Caller, namespace: Namespace, path: string): string =>
  namespace.path.slice(caller.home.path.length) + path

export function permitted(caller: Caller, namespace: Namespace, path: string, operation: Operation): boolean {
  return decide(caller.acl, { path: policyPath(caller, namespace, path), operation, sudoRequired: false }).allowed
}

function newLease(
  setting: Setting,
  kind: LeaseKind<never>,
  data: LeaseEntry["data"],
  state: "prepared" | "active",
): LeaseEntry {
  const { server, namespace, entry, caller } = setting
  const suffix = namespace.id === ROOT.id ? "" : `.${namespace.id}`
  const now = server.now()
  const { token } = caller
  return {
    id: `${setting.fullPath}/${base62(server.random, 24)}${suffix}`,
    namespace: namespace.id,
    mount: entry.uuid,
    kind: kind.name,
    data,
    state,
    token: token === undefined ? "" : `${token.namespace}/${token.id}`,
    issuedAt: now,
    expiresAt: now + PREPARED_SECONDS,
    dueAt: now + PREPARED_SECONDS,
    maxTtl: 0,
    ttl: 0,
    renewable: kind.renewable ?? true,
    lastRenewal: 0,
    attempts: 0,
    ...(token === undefined ? {} : { asked: askedBy(setting) }),
  }
}

/** Who asks for a lease, and which policies let them. */
function askedBy({ caller, namespace, request, fullPath, operation }: Setting): Asked {
  const { token, tokenPolicies, identityPolicies, identity } = caller
  const asked = { path: policyPath(caller, namespace, fullPath), operation, sudoRequired: false }
  return {
    display_name: token?.displayName ?? "",
    accessor: token?.accessor ?? "",
    entity_id: identity?.entity.id ?? "",
    policies: [...tokenPolicies, ...identityPolicies],
    allowed_by: decide(caller.acl, asked).policies.map(policy => policy.name),
    remote_address: request.remoteAddress,
    request_id: request.id,
  }
}

async function prepareLease(
  setting: Setting,
  kind: LeaseKind<never>,
  data: LeaseEntry["data"],
): Promise<PreparedLease> {
  await setting.server.leaseQuotas.admit(setting.view, { namespace: setting.namespace, path: setting.fullPath })
  const lease = newLease(setting, kind, data, "prepared")
  await transact(setting.server, async view => {
    await mustBeMounted(view, setting)
    writeLease(view, lease)
  })
  setting.effects.prepared.set(lease.id, lease)
  setting.effects.acted = true
  keepPrepared(setting, lease)
  return {
    id: lease.id,
    until: (ttl, maxTtl, renewable) => ({
      id: lease.id,
      ttl,
      maxTtl,
      ...(renewable === undefined ? {} : { renewable }),
    }),
    forget: () => forgetPrepared(setting, lease),
  }
}

/** A mount that was disabled meanwhile, or its namespace deleted, gets no new leases: its data may be erased at any moment. */
async function mustBeMounted(view: View, { namespace, entry }: Setting): Promise<void> {
  const home = (await namespaceTable(view)).byId.get(namespace.id)
  const isThere = home !== undefined && !home.deleting
  if (isThere && (await mountTable(view, namespace)).all.some(({ uuid }) => uuid === entry.uuid)) return
  throw refuse.unavailable(`the mount at ${entry.path} was disabled`)
}

async function forgetPrepared({ server, effects }: Setting, lease: LeaseEntry): Promise<void> {
  effects.prepared.delete(lease.id)
  await transact(server, async view => {
    const current = await readLease(view, lease.namespace, lease.id)
    if (current !== undefined) eraseLease(view, current)
  })
}

/** As long as its request is being answered, a prepared lease is not undone, however long the outside takes. */
function keepPrepared({ server, effects }: Setting, lease: LeaseEntry): void {
  const again = async (before: LeaseEntry): Promise<void> => {
    if (!effects.prepared.has(lease.id) || server.sealed()) return
    const kept: LeaseEntry = { ...before, dueAt: server.now() + PREPARED_SECONDS }
    effects.prepared.set(lease.id, kept)
    await transact(server, async view => {
      const current = await readLease(view, lease.namespace, lease.id)
      if (current?.state === "prepared") writeLease(view, kept, current)
    })
    later(kept)
  }
  const later = (current: LeaseEntry): void => {
    const failed = (error: unknown) => server.log.error("could not keep a prepared lease", { error: String(error) })
    setTimeout(() => void again(current).catch(failed), (PREPARED_SECONDS / 3) * 1000).unref()
  }
  later(lease)
}

function draftLease(setting: Setting, kind: LeaseKind<never>, data: LeaseEntry["data"], term: Term): LeaseTerms {
  const lease = newLease(setting, kind, data, "active")
  setting.effects.leases.set(lease.id, lease)
  return { ...term, id: lease.id }
}

/** Writes the lease of an answer as active, for as long as it may live. Undefined when the answer has none. */
export async function grantLease(setting: Setting, answer: Answer): Promise<LeaseEntry | undefined> {
  const { effects, server, entry, caller, view } = setting
  if (answer.lease === undefined) return undefined
  const prepared = effects.prepared.has(answer.lease.id) ? await stillPrepared(setting, answer.lease.id) : undefined
  const draft = prepared ?? effects.leases.get(answer.lease.id)
  if (draft === undefined) throw new Error("the answer names a lease that was never prepared")
  if (prepared === undefined)
    await server.leaseQuotas.admit(view, { namespace: setting.namespace, path: setting.fullPath })
  const { ttl, maxTtl } = answer.lease
  const life = lifeOf({ ttl, maxTtl, explicitMaxTtl: 0, period: 0, mount: mountFor(entry, server.limits), age: 0 })
  effects.warnings.push(...life.warnings)
  const now = server.now()
  const endsBy = batchEnd(caller)
  const expiresAt = Math.min(now + life.ttl, endsBy ?? Number.POSITIVE_INFINITY)
  const lease: LeaseEntry = {
    ...draft,
    state: "active",
    maxTtl,
    ttl: Math.round(expiresAt - now),
    expiresAt,
    endsBy,
    dueAt: expiresAt,
    renewable: answer.lease.renewable ?? draft.renewable,
  }
  writeLease(view, lease, prepared)
  return lease
}

/** A prepared lease as it is now, and must be at the commit: of a request that stalled for too long the expiry job undoes it. */
async function stillPrepared({ server, view, namespace }: Setting, id: string): Promise<LeaseEntry> {
  using latest = server.storage.view()
  const current = await readLease(latest, namespace.id, id)
  if (current?.state !== "prepared")
    throw refuse.unavailable("the request took so long that what it made was undone; please send it again")
  countReads(view, latest)
  return current
}

/** A batch token cannot be revoked, so what it leased ends with it at the latest. */
const batchEnd = ({ token }: Caller): number | undefined =>
  token?.type === "batch" && token.expiresAt > 0 ? token.expiresAt : undefined
