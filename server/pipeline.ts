/**
 * A request is a transaction. Every stage in order, none hidden in another:
 *
 * gate → resolve → authenticate → authorize → audit the request → enforce → handle → grant → wrap → commit
 *      → audit the response → reply
 *
 * A denial is audited by the same line as a grant. Without a record there is no action; without a record of the response
 * the reply is withheld. A confined engine handles while the record is being written, and commits and replies after it. Anything thrown but a `Refusal` is a bug: the caller gets a request id, the log gets the text.
 */

import { createHash } from "node:crypto"
import {
  holdsFor,
  type JsonObject,
  type Match,
  Refusal,
  type Route,
  readInput,
  refuse,
  type Verb,
  verbOf,
} from "@arca/api"
import { UnknownTerm } from "@arca/crypto/keyring"
import { decide, type Verdict } from "@arca/policy"
import {
  Conflict,
  hasWrites,
  InvalidKey,
  type Maybe,
  StorageFailed,
  StorageUnavailable,
  ValueTooLarge,
  type View,
} from "@arca/storage"
import { AuditFailed } from "./audit/index.ts"
import { auditedRequest, auditedResponse, type Told, told } from "./audited.ts"
import { authenticate, type Caller, NOBODY, spend } from "./authenticate.ts"
import { contextOf, type Effects, grantLease, noEffects, policyPath, type Setting } from "./context.ts"
import { grantLogin } from "./grants.ts"
import { type Ground, groundOf } from "./ground.ts"
import { limited, shownKeys } from "./listing.ts"
import { type Course, observe } from "./metrics/observe.ts"
import { findMount, type MountEntry, type MountTable, mountTable } from "./mounts.ts"
import { type Located, locate, type Namespace } from "./namespaces.ts"
import { roleOf } from "./quotas.ts"
import { errorReply, jsonReply, type Outcome, replyOf, type ServerAnswer, wrappedEnvelope } from "./reply.ts"
import { revokeLease, revokeToken, undoPrepared } from "./revocation.ts"
import type { Reply, Request, Server, ServerContext, TooMany } from "./server.ts"
import type { TokenEntry } from "./tokens.ts"
import { type WrapFacts, wrap } from "./wrapping.ts"

/** From this try on a request waits for its turn: those that want the same thing then no longer undo each other's work. */
const PATIENT_TRY = 4
/** How often a request is run again because something it read was changed meanwhile. */
const MAX_TRIES = 50

/** Answers a request. Never rejects: whatever goes wrong becomes a reply. */
export async function serve(server: Server, request: Request): Promise<Reply> {
  const begun = server.inFlight.begin(request)
  const started = server.metrics.clock()
  const run: Run = {}
  try {
    const reply = await answer(server, request, run)
    observe(server, request, run, reply, started)
    return reply
  } finally {
    server.inFlight.end(begun)
    if (run.spent?.numUses === 1) await endSpent(server, run.spent)
  }
}

async function answer(server: Server, request: Request, run: Run): Promise<Reply> {
  try {
    if (server.sealed()) return errorReply(503, ["Vault is sealed"])
    return await untilNoConflict(server, request, run)
  } catch (error) {
    return faultReply(server, request, error)
  }
}

/** What outlives a repetition of the request. */
interface Run extends Course {
  /** Until the request's record was taken, nothing of it may be seen outside of its transaction. */
  recorded?: Promise<void>
  /** What the quotas said of it: a request counts once, however often it is run. */
  over?: { readonly by: TooMany | undefined }
  place?: Place
  open?: boolean
  outcome?: Outcome
  /** The token whose use this request has taken already, as it was before. */
  spent?: TokenEntry
}

async function untilNoConflict(server: Server, request: Request, run: Run): Promise<Reply> {
  for (let tries = 1; ; tries++) {
    using _turn = tries < PATIENT_TRY ? undefined : await server.turn()
    const { view: opened } = tries === 1 ? await server.together() : server.storage
    using view = opened(() => hintsOf(request))
    const effects = noEffects()
    try {
      return await attempt(server, request, view, effects, run)
    } catch (error) {
      await undo(server, effects)
      if (error instanceof UnknownTerm && tries === 1) {
        await server.seal.barrier.reload()
        continue
      }
      if (!(error instanceof Conflict)) throw error
      if (effects.acted || tries >= MAX_TRIES) {
        throw refuse.unavailable("the data this request depends on was changed by another one; please send it again")
      }
    }
  }
}

/** What a request reads is what one like it has read: the same path with the same token, or any with the same token. */
const hintsOf = ({ operation, namespace, path, token }: Request): string[] => {
  const caller = createHash("sha256").update(token).digest("base64")
  return [`${operation} ${namespace} ${path} ${caller}`, `${namespace} ${path.split("/", 1)[0]} ${caller}`]
}

async function attempt(server: Server, request: Request, view: View, effects: Effects, run: Run): Promise<Reply> {
  const ground = await view.derived(groundOf, "ground")
  await server.followSeal.follow(server, ground.sealEpoch)
  await server.followAudit(server, ground)
  const { namespace, path } = whereabouts(ground, request)
  const place = resolve(server, await mountTable(view, namespace), namespace, path, request.operation)
  run.place = place
  run.open = isOpen(place, server, request)
  const unknown: Setting = {
    server,
    view,
    request,
    namespace: place.namespace,
    entry: place.entry ?? NO_MOUNT,
    caller: NOBODY,
    effects,
    fullPath: place.path,
    operation: request.operation,
  }
  run.over ??= { by: await server.quotas.admit(ground.limits, unknown, place) }
  const over = run.over.by
  if (over?.recorded === false) throw over.refusal
  const asked = server.metrics.clock()
  // Whoever asks too much is nobody, and is recorded as such where that is wished for.
  const caller = over ? NOBODY : await authenticate(server, view, request, place.namespace, run.spent?.id)
  server.metrics.sample("core.check_token", server.metrics.clock() - asked)
  if (mustSpend(caller, run)) await spendUse(server, caller.token, run)
  const setting = await settled({ ...unknown, caller }, place)
  const verdict = authorize(setting, place)
  const fault = over?.refusal ?? endedMeanwhile(caller, run) ?? refusalOf(place, caller, verdict, request)
  const subject = told(setting, place, verdict)
  run.recorded ??= server.audit.request(auditedRequest(setting, subject, fault))
  if (place.confined) run.recorded.catch(() => {})
  else await run.recorded
  try {
    if (fault !== undefined) throw fault
    const answer = await handle(setting, place, verdict)
    const outcome = await grant(setting, place, answer)
    return await conclude(setting, place, subject, outcome, run)
  } catch (error) {
    if (error instanceof Conflict || error instanceof AuditFailed || error instanceof UnknownTerm) throw error
    return await refused(setting, place, subject, error, run)
  }
}

/** Where a request leads: its namespace, mount and route. A missing one is a fault, told only after authorisation. */
export interface Place {
  readonly namespace: Namespace
  /** Relative to the namespace. */
  readonly path: string
  readonly entry: MountEntry | undefined
  readonly match: Match<ServerContext> | undefined
  readonly verb: Verb
  /** Whether the handler cannot reach out of its transaction. */
  readonly confined: boolean
}

function whereabouts({ namespaces }: Ground, request: Request): Located {
  const located = locate(namespaces, request.namespace, request.path)
  if (located.namespace.locked !== undefined && !located.path.startsWith("sys/namespaces/api-lock/")) {
    throw refuse.unavailable("API access to this namespace has been locked by an administrator")
  }
  return located
}

function resolve(
  server: Server,
  mounts: MountTable,
  namespace: Namespace,
  path: string,
  operation: Request["operation"],
): Place {
  const entry = findMount(mounts, path)
  const relative = path.slice(entry?.path.length)
  const found = entry && server.registry.routes(entry)?.(relative)
  const match = found !== undefined && isAstray(found, relative, operation) ? undefined : found
  const confined = entry !== undefined && server.registry.engine(entry.kind, entry.type)?.confined === true
  return { namespace, path, entry, match, verb: verbOf(operation), confined }
}

/**
 * Whether a path has a slash at its end that means nothing there: only lists, and what has one, are folders. Otherwise one
 * thing would have two paths, and a rule for one of them (a `deny` for all but it) would not hold for the other.
 */
function isAstray({ route, params }: Match<ServerContext>, path: string, operation: Request["operation"]): boolean {
  if (!path.endsWith("/") || operation === "list" || operation === "scan" || operation === "help") return false
  return !route.handlers.has("list") && !Object.values(params).some(value => value.endsWith("/"))
}

const NO_MOUNT: MountEntry = {
  path: "",
  kind: "secret",
  type: "",
  uuid: "none",
  accessor: "",
  description: "",
  options: null,
  config: { default_lease_ttl: 0, max_lease_ttl: 0, force_no_cache: false },
  local: false,
  seal_wrap: false,
  external_entropy_access: false,
}

/** Settles whether a write creates or updates: it decides which capability is asked for. */
function settled(setting: Setting, { match }: Place): Maybe<Setting> {
  const exists = setting.request.operation === "update" ? match?.route.exists : undefined
  return match === undefined || exists === undefined ? setting : settledBy(exists, setting, match)
}

async function settledBy(
  exists: NonNullable<Route<ServerContext>["exists"]>,
  setting: Setting,
  match: Match<ServerContext>,
): Promise<Setting> {
  const there = await exists(
    { ...match.params, ...safeInput(match, setting.request.body) } as never,
    contextOf(setting),
  )
  return there ? setting : { ...setting, operation: "create" }
}

/** The input as far as it can be read: whether something exists must not depend on the rest of the body. */
function safeInput(match: Match<ServerContext>, body: JsonObject): Record<string, unknown> {
  try {
    return readInput(match, body).input
  } catch {
    return match.params
  }
}

/** Whether a route asks for no token: by its declaration, or because the operator opted in. */
function isOpen({ match, verb }: Place, server: Server, request: Request): boolean {
  if (match === undefined) return false
  const { open, closedBy, openWhen } = match.route
  if (holdsFor(open, verb)) return closedBy === undefined || !namesAnother(request, closedBy)
  if (openWhen === undefined) return false
  return server.unauthenticated.has(openWhen) || (request.opened?.has(openWhen) ?? false)
}

const namesAnother = ({ body, token }: Request, field: string): boolean => {
  const named = body[field] ?? ""
  return named !== "" && named !== token
}

const ALLOWED = { allowed: true, root: false, sudo: false } as Verdict

function authorize(setting: Setting, place: Place): Verdict {
  const { caller, request } = setting
  // Help tells which engine is mounted where, so it is for callers with a token, whatever the token may do.
  if (request.operation === "help") return { ...ALLOWED, allowed: caller.token !== undefined }
  if (isOpen(place, setting.server, request)) return ALLOWED
  return decide(caller.acl, {
    path: policyPath(caller, place.namespace, place.path),
    operation: setting.operation,
    sudoRequired: place.match !== undefined && holdsFor(place.match.route.sudo, place.verb),
    parameters: request.body,
    ...(request.wrapTtl === undefined ? {} : { wrapTtlSeconds: request.wrapTtl }),
  })
}

/** Why the request is refused; denial comes before everything that would tell what exists. */
function refusalOf(place: Place, caller: Caller, verdict: Verdict, request: Request): Refusal | undefined {
  if (!verdict.allowed) return caller.token === undefined ? refuse.stranger(request.token) : refuse.denied()
  const { entry, match, verb, path, namespace } = place
  if (entry === undefined) return refuse.unknown(`no handler for route ${JSON.stringify(path)}. route entry not found.`)
  if (request.operation === "help") return undefined
  if (match === undefined) return refuse.noPath()
  if (match.route.rootOnly && namespace.path !== "") return refuse.invalid("operation unavailable in namespaces")
  if (match.route.handlers.has(verb)) return undefined
  // To Vault the folder of a thing is no path of its own, but where a path may hold any.
  const holdsAny = entry.type === "system" || match.route.paths.some(one => /\*[^/]*$/.test(one))
  return !holdsAny && (verb === "list" || verb === "scan") ? refuse.noPath() : refuse.unsupported()
}

/**
 * Whoever takes a token's last use ends it, at once: another request that had a use of it, and is slower, finds nobody behind it.
 * It is not told that it had none.
 */
const endedMeanwhile = (caller: Caller, { spent }: Run): Refusal | undefined =>
  spent === undefined || caller.token !== undefined
    ? undefined
    : refuse.unavailable("a use of the token was taken, but the token has ended before the request was answered")

const mustSpend = (caller: Caller, run: Run): caller is Caller & { readonly token: TokenEntry } =>
  caller.token !== undefined && caller.token.numUses !== 0 && run.spent === undefined && !run.open

/**
 * A use is spent by every request that presents the token, denied ones included; open paths ask for none. The use is taken in
 * a transaction of its own, after which the request starts over and sees the token as it is now.
 */
async function spendUse(server: Server, token: TokenEntry, run: Run): Promise<never> {
  const spent = await spend(server, token)
  if (spent !== undefined) run.spent = spent
  throw new Conflict("a use of the token was spent")
}

async function handle(setting: Setting, place: Place, verdict: Verdict): Promise<ServerAnswer> {
  const { match, verb } = place
  const { request, effects, server } = setting
  if (request.operation === "help") return { bare: server.help(server, setting.entry, setting.fullPath) }
  if (match === undefined) throw refuse.absent()
  const handler = match.route.handlers.get(verb)
  if (handler === undefined) throw refuse.unsupported()
  const { input, warnings } = readInput(match, limited(request.body, verdict))
  const ctx = contextOf(setting)
  const handled = await setting.server.lockout.watch(ctx, place, () => handler(input as never, ctx))
  const answer = handled && shownKeys(setting, verdict, handled)
  if (answer === undefined) {
    if (verb === "read" || verb === "list" || verb === "scan") throw refuse.absent()
    // Where nothing is answered, nothing is said of what was ignored either: only beside a warning of the handler's own.
    if (effects.warnings.length > 0) effects.warnings.push(...warnings)
    return {}
  }
  effects.warnings.push(...(answer.warnings ?? []), ...(answer.grant?.warnings ?? []))
  // Vault makes a reply with a status of its own before it comes to what was ignored.
  if (answer.status === undefined) effects.warnings.push(...warnings)
  if ((verb === "list" || verb === "scan") && effects.warnings.length === 0 && isEmptyList(answer.data))
    throw refuse.absent()
  return answer
}

/** Vault answers a list without names like one of a folder that is not there. */
const isEmptyList = (data: JsonObject | undefined): boolean =>
  data !== undefined && Array.isArray(data.keys) && data.keys.length === 0 && Object.keys(data).length === 1

/** Turns what the handler asks for into a lease or a token, in the same transaction. */
const grant = (setting: Setting, place: Place, answer: ServerAnswer): Maybe<Outcome> =>
  answer.lease === undefined && answer.auth === undefined
    ? outcomeOf(setting, answer, answer.renewedLease, answer.grant)
    : granted(setting, place, answer)

async function granted(setting: Setting, place: Place, answer: ServerAnswer): Promise<Outcome> {
  const { server, view, namespace, entry, fullPath } = setting
  const lease = await grantLease(setting, answer)
  const role = () => roleOf(setting, place)
  const login = answer.auth && (await grantLogin(server, view, namespace, entry, fullPath, answer.auth, role))
  setting.effects.warnings.push(...(login?.warnings ?? []))
  return outcomeOf(setting, answer, lease ?? answer.renewedLease, answer.grant ?? login)
}

function outcomeOf({ effects }: Setting, answer: ServerAnswer, lease: Outcome["lease"], login: Outcome["grant"]) {
  return { answer, warnings: effects.warnings, lease, grant: login }
}

async function conclude(setting: Setting, place: Place, subject: Told, outcome: Outcome, run: Run): Promise<Reply> {
  const { server, view, effects, request, entry, fullPath } = setting
  refuseLeaseOnLastUse(outcome, run)
  // What is wrapped is answered by another path later, where nothing stands at the top level.
  const shape = request.wrapTtl === undefined ? fullPath : ""
  const { auth, status } = outcome.answer
  // Vault does not say it where no token is asked for, as at logins, nor in replies with a status of their own.
  const isOpen = holdsFor(place.match?.route.open, place.verb)
  const mountType = isOpen || auth !== undefined || status !== undefined ? "" : entry.type
  const plain = replyOf(request.id, shape, mountType, outcome)
  const wrapped = await wrapReply(setting, plain, outcome)
  if (hasWrites(view)) {
    await run.recorded
    await server.storage.commit(view)
  }
  for (const act of effects.after) await act()
  try {
    await bothTaken(run, server.audit.response(auditedResponse(setting, place, subject, outcome, wrapped)))
  } catch (error) {
    await takeBack(server, outcome, wrapped)
    throw error
  }
  run.outcome = outcome
  effects.prepared.clear()
  effects.unrecorded.length = 0
  for (const act of effects.last) await act()
  if (wrapped === undefined) return plain
  return jsonReply(200, wrappedEnvelope(wrapped, plain.status === 404 ? [] : outcome.warnings))
}

/** Waits for both records: those of a request that only read leave in one write. */
async function bothTaken(run: Run, response: Promise<void>): Promise<void> {
  await response
  await run.recorded
}

/** A token's last use ends the token, and with it any lease it gets: better none than one that is dead on arrival. */
function refuseLeaseOnLastUse({ answer }: Outcome, run: Run): void {
  if (answer.lease === undefined || run.spent?.numUses !== 1) return
  throw refuse.failed(
    "Secret cannot be returned; token had one use left, so leased credentials were immediately revoked.",
  )
}

function wrapReply(setting: Setting, plain: Reply, outcome: Outcome): Maybe<WrapFacts | undefined> {
  const { request, server, view, namespace, fullPath } = setting
  if (outcome.answer.wrapped !== undefined) return outcome.answer.wrapped
  if (request.wrapTtl === undefined || request.operation === "help") return undefined
  // What an engine says of a thing that is not there tells about it as well: it is wrapped like the thing.
  const absent = plain.status === 404
  if (plain.raw !== undefined || (plain.status >= 300 && !absent)) return undefined
  if (plain.body === undefined && outcome.answer.data === undefined && !absent) return undefined
  return wrap(server, view, namespace, plain.body ?? null, {
    ttl: request.wrapTtl,
    path: fullPath,
    format: request.wrapFormat,
    wrappedAccessor: outcome.grant?.entry.accessor ?? "",
    status: absent ? 404 : undefined,
  })
}

/** The response could not be recorded: nobody gets what was issued. */
async function takeBack(server: Server, outcome: Outcome, wrapped: WrapFacts | undefined): Promise<void> {
  if (outcome.lease && outcome.answer.lease)
    await revokeLease(server, outcome.lease).catch(logged(server, "revoke an unrecorded lease"))
  if (outcome.grant?.entry.type === "service") {
    await revokeToken(server, outcome.grant.entry).catch(logged(server, "revoke an unrecorded token"))
  }
  if (wrapped) await revokeToken(server, wrapped.entry).catch(logged(server, "revoke an unrecorded wrapping token"))
}

const logged = (server: Server, act: string) => (error: unknown) =>
  server.log.error(`could not ${act}`, { error: String(error) })

/** A refusal (or a bug) while handling: recorded like any response, then told. */
async function refused(setting: Setting, place: Place, subject: Told, thrown: unknown, run: Run): Promise<Reply> {
  const { server, effects, request } = setting
  await undo(server, effects)
  const error = asRefusal(thrown)
  const reply = faultReply(server, request, error)
  const text = error instanceof Refusal ? error.errors.join("; ") : "internal error"
  await bothTaken(run, server.audit.response(auditedResponse(setting, place, subject, undefined, undefined, text)))
  return reply
}

/** Takes back what was made for a request that did not succeed. A lease that cannot be revoked now the expiry job will. */
async function undo(server: Server, effects: Effects): Promise<void> {
  for (const act of effects.unrecorded.splice(0)) await act().catch(logged(server, "take back what nobody was told"))
  for (const lease of effects.prepared.values()) {
    await undoPrepared(server, lease).catch(logged(server, "undo what a failed request had done"))
  }
  effects.prepared.clear()
}

async function endSpent(server: Server, token: TokenEntry): Promise<void> {
  await revokeToken(server, token).catch(logged(server, "revoke a spent token"))
}

/** A name that no store could keep is the caller's mistake, wherever it comes to light. */
const asRefusal = (error: unknown): unknown =>
  error instanceof InvalidKey
    ? refuse.invalid("a path or name in the request is too long to be kept, or holds an empty segment")
    : error

function faultReply(server: Server, request: Request, thrown: unknown): Reply {
  const error = asRefusal(thrown)
  if (error instanceof Refusal) {
    if (error.internal !== undefined) server.log.warn(error.internal, { request: request.id })
    return errorReply(error.status, error.errors, error.headers)
  }
  if (error instanceof StorageUnavailable || error instanceof ValueTooLarge) {
    server.log.warn(error.message, { request: request.id })
    return error instanceof ValueTooLarge
      ? errorReply(413, ["the value is too large for the storage"])
      : errorReply(503, [`the storage did not answer in time (request ${request.id})`])
  }
  server.log.error(error instanceof Error ? (error.stack ?? error.message) : String(error), { request: request.id })
  if (error instanceof StorageFailed)
    return errorReply(500, [`the storage has failed; the server's log says how (request ${request.id})`])
  return errorReply(500, [`internal error (request ${request.id})`])
}
