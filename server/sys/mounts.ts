/** `sys/mounts`, `sys/auth`, `sys/remount`: which engines and auth methods there are, and how they are tuned. */

import {
  type Answer,
  type Fields,
  field,
  type Json,
  type JsonObject,
  type Mount,
  refuse,
  Unreadable,
  type Values,
} from "@arca/api"
import { revokeByPrefix } from "../lease-range.ts"
import { shownLockout, tunedLockout } from "../lockout.ts"
import {
  checkMountPath,
  conflicting,
  findMount,
  isProtected,
  type MountConfig,
  type MountEntry,
  type MountTable,
  mountFor,
  mountTable,
  retireMount,
  writeMounts,
} from "../mounts.ts"
import { uuid } from "../random.ts"
import { endRetired, finishRetiredAt } from "../retired.ts"
import type { AnyEngine, ServerContext } from "../server.ts"
import { API_VERSION } from "../version.ts"
import * as replies from "./replies.ts"
import { sysRoute } from "./route.ts"

const configFields = {
  default_lease_ttl: field.string("Default life of leases and tokens of this mount.", { plain: true }),
  max_lease_ttl: field.string("Longest life of leases and tokens of this mount.", { plain: true }),
  listing_visibility: field.string("`unauth` lists the mount to anyone; `hidden` is the default.", { plain: true }),
  audit_non_hmac_request_keys: field.commaList("Request keys whose values the audit writes in clear.", { plain: true }),
  audit_non_hmac_response_keys: field.commaList("Response keys whose values the audit writes in clear.", {
    plain: true,
  }),
  passthrough_request_headers: field.commaList("Request headers that the engine may see.", { plain: true }),
  allowed_response_headers: field.commaList("Response headers that the engine may set.", { plain: true }),
  token_type: field.string("Auth methods: the type of the tokens that logins earn.", { plain: true }),
  user_lockout_config: field.map("Auth methods: when guessing locks a name out.", { plain: true }),
} satisfies Fields

const tuneFields = {
  ...configFields,
  description: field.string("What the mount is for.", { plain: true }),
  options: field.pairs("Options of the engine, such as `version` of kv.", { plain: true }),
}

type ConfigInput = Partial<Values<typeof configFields>>

const path = field.string("Where it is mounted.", { pattern: ".+?" })

/** The kinds share all but their prefix. */
const kinds = {
  secret: { prefix: "", sys: "mounts", noun: "secrets engine", named: "secrets-engine" },
  auth: { prefix: "auth/", sys: "auth", noun: "auth method", named: "method" },
} as const

type Kind = keyof typeof kinds

/** Auth methods can be tuned as `sys/mounts/auth/<path>` as well. */
const kindOf = (kind: Kind, given: string): [Kind, string] =>
  kind === "secret" && given.startsWith("auth/") ? ["auth", given.slice("auth/".length)] : [kind, given]

const fullPath = (kind: Kind, given: string): string => `${kinds[kind].prefix}${given.replace(/\/+$/, "")}/`

/** A TTL in a mount's configuration: a duration, or `system` for the server's own. Vault's command line sends "" for what was not said. */
function ttlOf(text: string | undefined, before: number, refused = ""): number {
  if (text === undefined || text === "") return before
  if (text === "system") return 0
  const seconds = field.duration("").kind.read(text)
  if (typeof seconds !== "number") throw refuse.invalid(`${refused}time: invalid duration ${JSON.stringify(text)}`)
  return seconds
}

const VISIBILITY = new Set(["", "hidden", "unauth"])
const TOKEN_TYPES = new Set(["default-service", "default-batch", "service", "batch"])

function configOf(ctx: ServerContext, kind: Kind, type: string, input: ConfigInput, was?: MountConfig): MountConfig {
  const before = was ?? { default_lease_ttl: 0, max_lease_ttl: 0, force_no_cache: false }
  const refused = (which: string, text = "") => (was === undefined ? `unable to parse ${which} TTL of ${text}: ` : "")
  const { default_lease_ttl: givenDefault, max_lease_ttl: givenMax } = input
  const defaultTtl = ttlOf(givenDefault, before.default_lease_ttl, refused("default", givenDefault))
  const maxTtl = ttlOf(givenMax, before.max_lease_ttl, refused("max", givenMax))
  if (was !== undefined && maxTtl > 0 && defaultTtl > maxTtl)
    throw refuse.invalid(
      `backend max lease TTL of ${maxTtl} would be less than backend default lease TTL of ${defaultTtl}`,
    )
  if (defaultTtl > (maxTtl || ctx.server.limits.maxTtl)) {
    throw refuse.invalid(
      `given default lease TTL greater than ${maxTtl > 0 ? "given" : "system"} default max lease TTL of ${maxTtl || ctx.server.limits.maxTtl}s`,
    )
  }
  if (!VISIBILITY.has(input.listing_visibility ?? ""))
    throw refuse.invalid(`invalid listing_visibility ${input.listing_visibility}`)
  if (input.token_type !== undefined && kind !== "auth")
    throw refuse.invalid("'token_type' can only be modified on auth mounts")
  const token_type = input.token_type === "" ? "default-service" : input.token_type
  if (token_type !== undefined && !TOKEN_TYPES.has(token_type)) throw refuse.invalid("invalid value for 'token_type'")
  const { default_lease_ttl: _d, max_lease_ttl: _m, user_lockout_config: lockout, ...others } = input
  const rest = { ...others, token_type }
  const given = Object.fromEntries(
    Object.entries(rest).filter(([name, value]) => name in configFields && value !== undefined),
  )
  const user_lockout_config = tunedLockout(lockout, before.user_lockout_config, {
    type,
    allowed: ctx.server.registry.engine(kind, type)?.lockout !== undefined,
  })
  return {
    ...before,
    ...given,
    default_lease_ttl: defaultTtl,
    max_lease_ttl: maxTtl,
    ...(user_lockout_config === undefined ? {} : { user_lockout_config }),
  }
}

/** What Vault shows of the mounts that are always there. */
const OWN: ReadonlyMap<string, { config?: JsonObject; local?: boolean; seal_wrap?: boolean }> = new Map([
  ["system", { config: { passthrough_request_headers: ["Accept"] }, seal_wrap: true }],
  ["identity", { config: { passthrough_request_headers: ["Authorization"] } }],
  ["cubbyhole", { local: true }],
  ["token", {}],
])

/** Vault leaves out what nothing was said about, and what was taken back. */
const isEmptyList = (value: Json): boolean => Array.isArray(value) && value.length === 0

function shownConfig({ kind, type, config }: MountEntry): JsonObject {
  const { user_lockout_config: lockout, ...rest } = config
  return {
    ...OWN.get(type)?.config,
    ...(kind === "auth" ? { token_type: "default-service" } : {}),
    ...Object.fromEntries(Object.entries(rest as unknown as JsonObject).filter(([, value]) => !isEmptyList(value))),
    ...(lockout === undefined ? {} : { user_lockout_config: shownLockout(lockout) }),
  }
}

/** A mount as `sys/mounts` and `sys/auth` show it. TTLs are the mount's own; 0 is the server's. */
export function shownMount(entry: MountEntry): JsonObject {
  const own = OWN.get(entry.type)
  return {
    type: entry.type,
    description: entry.description,
    accessor: entry.accessor,
    local: own?.local ?? entry.local,
    seal_wrap: own?.seal_wrap ?? entry.seal_wrap,
    external_entropy_access: entry.external_entropy_access,
    options: entry.options && { ...entry.options },
    uuid: entry.uuid,
    plugin_version: "",
    running_plugin_version: `v${API_VERSION}+builtin.vault`,
    running_sha256: "",
    ...(own === undefined ? { deprecation_status: "supported" } : {}),
    config: shownConfig(entry),
  }
}

function shownTable(kind: Kind, table: MountTable): JsonObject {
  const { prefix } = kinds[kind]
  const shown = table.all
    .filter(entry => entry.kind === kind)
    .map(entry => [entry.path.slice(prefix.length), shownMount(entry)])
  return Object.fromEntries(shown)
}

async function needMount(
  ctx: ServerContext,
  kind: Kind,
  given: string,
  missing: (path: string) => string,
): Promise<{ table: MountTable; entry: MountEntry }> {
  const table = await mountTable(ctx.view, ctx.namespace)
  const entry = table.byPath.get(fullPath(kind, given))
  if (entry === undefined || entry.kind !== kind) throw refuse.invalid(missing(fullPath(kind, given)))
  return { table, entry }
}

const enableFields = {
  path,
  type: field.string("Which engine: `kv`, `userpass` ….", { plain: true }),
  description: field.string("What the mount is for.", { default: "", plain: true }),
  config: field.map("TTLs and the like, as `tune` takes them.", { default: {}, plain: true }),
  options: field.pairs("Options of the engine, such as `version` of kv.", { plain: true }),
  local: field.bool("Accepted for compatibility: every node is equal here.", { default: false }),
  seal_wrap: field.bool("Accepted for compatibility.", { default: false }),
  external_entropy_access: field.bool("Accepted for compatibility.", { default: false }),
  plugin_name: field.string("An older way to say the type.", { plain: true }),
  plugin_version: field.string("Engines are built in: any version but none is refused.", { plain: true }),
}

/** The engine to mount. */
function engineOf(ctx: ServerContext, kind: Kind, type: string): AnyEngine {
  const engine = ctx.server.registry.engine(kind, type)
  if (engine === undefined) throw refuse.invalid(`plugin not found in the catalog: ${type}`)
  if (engine.singleton)
    throw refuse.invalid(
      kind === "auth"
        ? "token credential backend cannot be instantiated"
        : `mount type of ${JSON.stringify(type)} is not mountable`,
    )
  return engine
}

async function enable(kind: Kind, input: Values<typeof enableFields>, ctx: ServerContext): Promise<undefined> {
  const type =
    input.type === "plugin" || input.type === undefined ? (input.plugin_name ?? input.type ?? "") : input.type
  const config = readConfig(kind, input.config)
  if (type === "") throw refuse.invalid("backend type must be specified as a string")
  if (input.options?.has("version") && ctx.server.registry.engine(kind, type)?.versions === undefined)
    throw refuse.invalid(
      `${kind === "auth" ? "auth method" : "secrets engine"} ${JSON.stringify(type)} does not allow setting a version`,
    )
  const mountPath = fullPath(kind, input.path ?? "")
  const table = await mountTable(ctx.view, ctx.namespace)
  checkMountPath(table, mountPath, kind)
  const engine = engineOf(ctx, kind, type)
  if (input.plugin_version)
    throw refuse.invalid(
      `plugin version ${JSON.stringify(input.plugin_version)} is not available: engines are built in`,
    )
  const implied = engine.aliases?.[type]
  const entry = newMount(ctx, kind, mountPath, engine.type, {
    description: input.description,
    options: { ...Object.fromEntries(input.options ?? []), ...implied },
    config: {
      ...configOf(ctx, kind, engine.type, config),
      force_no_cache: input.config.force_no_cache === true,
    },
    local: input.local,
    seal_wrap: input.seal_wrap,
    external_entropy_access: input.external_entropy_access,
  })
  checkOptions(ctx, entry)
  writeMounts(ctx.view, ctx.namespace, [...table.all, entry])
  await engine.mounted?.(ctx.onMount(ctx.namespace, entry), undefined)
}

function checkOptions(ctx: ServerContext, entry: MountEntry): void {
  const versions = ctx.server.registry.engine(entry.kind, entry.type)?.versions
  const version = entry.options?.version
  if (versions === undefined || version === undefined || version === "1" || versions[version] !== undefined) return
  throw refuse.invalid(`invalid option "version" ${JSON.stringify(version)} for ${entry.type}`)
}

/** A secrets engine makes no tokens: what a new one is told about logins means nothing. */
const OF_LOGINS = new Set(["token_type", "user_lockout_config"])

/** The configuration of a new mount. Vault is stricter here than where it reads fields: the types must be right. */
function readConfig(kind: Kind, raw: JsonObject): ConfigInput {
  const input: Record<string, unknown> = {}
  const unconvertible = refuse.invalid(
    `unable to convert given ${kind === "auth" ? "auth" : "mount"} config information`,
  )
  if (typeof (raw.force_no_cache ?? false) !== "boolean") throw unconvertible
  for (const [name, declared] of Object.entries(configFields)) {
    const given = Object.hasOwn(raw, name) ? raw[name] : undefined
    if (given === undefined || given === null || (kind === "secret" && OF_LOGINS.has(name))) continue
    const value = declared.kind.read(given)
    const isList = declared.kind.openapi === "array"
    if (typeof given === "boolean" || value instanceof Unreadable) throw unconvertible
    if (isList && !Array.isArray(given) && typeof given !== "string") throw unconvertible
    input[name] = value
  }
  return input
}

/** A mount entry with names of its own. */
export function newMount(
  ctx: Pick<ServerContext, "random">,
  kind: Kind,
  mountPath: string,
  type: string,
  rest: Partial<MountEntry>,
): MountEntry {
  const suffix = Buffer.from(ctx.random(4)).toString("hex")
  return {
    path: mountPath,
    kind,
    type,
    uuid: uuid(ctx.random),
    accessor: `${kind === "auth" ? "auth_" : ""}${type}_${suffix}`,
    description: "",
    options: null,
    config: { default_lease_ttl: 0, max_lease_ttl: 0, force_no_cache: false },
    local: false,
    seal_wrap: false,
    external_entropy_access: false,
    ...rest,
  }
}

/**
 * Unmounts: its leases are revoked, and from the commit on nothing under the path answers. Its data is erased after that (`retired.ts`);
 * no other mount at the same path can ever see it.
 */
async function disable(kind: Kind, given: string, ctx: ServerContext): Promise<undefined> {
  const table = await mountTable(ctx.view, ctx.namespace)
  const entry = table.byPath.get(fullPath(kind, given))
  if (entry === undefined || entry.kind !== kind) {
    await finishRetiredAt(ctx.server, ctx.namespace, fullPath(kind, given))
    return
  }
  if (ctx.server.registry.engine(kind, entry.type)?.singleton) {
    throw refuse.invalid(
      kind === "auth" ? "token credential backend cannot be disabled" : `cannot unmount ${JSON.stringify(entry.path)}`,
    )
  }
  await revokeByPrefix(ctx.server, ctx.namespace, entry.path, {
    force: false,
    sparePrepared: true,
    tokens: kind === "auth" ? token => token.mount === entry.accessor : undefined,
  })
  writeMounts(
    ctx.view,
    ctx.namespace,
    table.all.filter(one => one.uuid !== entry.uuid),
  )
  retireMount(ctx.view, ctx.namespace, entry)
  ctx.afterCommit(() => endRetired(ctx.server, ctx.namespace.id, entry.uuid))
}

const UNTUNABLE = new Set(["sys/", "cubbyhole/"])

async function tune(
  kind: Kind,
  given: string,
  input: Partial<Values<typeof tuneFields>>,
  ctx: ServerContext,
): Promise<undefined> {
  const { table, entry } = await needMount(
    ctx,
    kind,
    given,
    path => `tune of path ${JSON.stringify(path)} failed: no mount entry found`,
  )
  if (UNTUNABLE.has(entry.path)) throw refuse.invalid(`cannot tune ${JSON.stringify(entry.path)}`)
  const options =
    input.options === undefined ? entry.options : { ...entry.options, ...Object.fromEntries(input.options) }
  if (entry.options?.version === "2" && options?.version === "1")
    throw refuse.invalid("cannot downgrade mount from version 2")
  const { description, options: _o, ...config } = input
  const next: MountEntry = {
    ...entry,
    description: description ?? entry.description,
    options,
    config: configOf(ctx, kind, entry.type, config, entry.config),
  }
  checkOptions(ctx, next)
  writeMounts(
    ctx.view,
    ctx.namespace,
    table.all.map(one => (one.uuid === entry.uuid ? next : one)),
  )
  const before: Mount = mountFor(entry, ctx.server.limits)
  await ctx.server.registry.engine(kind, entry.type)?.mounted?.(ctx.onMount(ctx.namespace, next), before)
}

async function shownTune(kind: Kind, given: string, ctx: ServerContext): Promise<{ data: JsonObject }> {
  const { entry } = await needMount(ctx, kind, given, path => `cannot fetch sysview for path ${JSON.stringify(path)}`)
  const { defaultTtl, maxTtl } = mountFor(entry, ctx.server.limits)
  const { user_lockout_config: lockout = {}, ...config } = shownConfig(entry)
  return {
    data: {
      description: entry.description,
      ...config,
      ...(lockout as JsonObject),
      default_lease_ttl: defaultTtl,
      max_lease_ttl: maxTtl,
      ...(entry.external_entropy_access ? { external_entropy_access: true } : {}),
      ...(Object.keys(entry.options ?? {}).length === 0 ? {} : { options: { ...entry.options } }),
    },
  }
}

const routesFor = (kind: Kind) => {
  const { sys, noun, named } = kinds[kind]
  return [
    sysRoute(sys, {
      summary: `All ${noun}s.`,
      operation: kind === "auth" ? "auth-list-enabled-methods" : "mounts-list-secrets-engines",
      replies: { read: { "*": field.map(`${noun === "auth method" ? "An" : "A"} ${noun}, by its path.`) } },
      read: async (_, ctx) => ({ data: shownTable(kind, await mountTable(ctx.view, ctx.namespace)) }),
    }),
    sysRoute(`${sys}/:path/tune`, {
      summary: `How a mounted ${noun} is tuned.`,
      operation: { read: `${sys}-read-tuning-information`, write: `${sys}-tune-configuration-parameters` },
      replies: { read: replies.tuning, write: {} },
      fields: { path, ...tuneFields },
      ...(kind === "auth" ? { sudo: true } : {}),
      read: ({ path: given }, ctx) => shownTune(...kindOf(kind, given ?? ""), ctx),
      write: ({ path: given, ...input }, ctx) => tune(...kindOf(kind, given ?? ""), input, ctx),
    }),
    sysRoute(`${sys}/:path`, {
      summary: `Mount ${kind === "auth" ? "an" : "a"} ${noun}, look at it, unmount it with all its data.`,
      operation: {
        read: `${sys}-read-configuration`,
        write: `${sys}-enable-${named}`,
        delete: `${sys}-disable-${named}`,
      },
      replies: { read: replies.mount, write: {}, delete: {} },
      fields: enableFields,
      ...(kind === "auth" ? { sudo: true } : {}),
      read: async ({ path: given = "" }, ctx) => {
        const missing = `No ${kind === "auth" ? "auth engine" : "secret engine mount"} at ${given.replace(/\/*$/, "/")}`
        return { data: shownMount((await needMount(ctx, ...kindOf(kind, given), () => missing)).entry) }
      },
      write: (input, ctx) => enable(kind, input, ctx),
      delete: ({ path: given }, ctx) => disable(kind, given ?? "", ctx),
    }),
  ]
}

/** Moves a mount: its data stays where it is, only the path changes. Its leases, which carry the old path, are revoked. */
async function remount(from: string, to: string, ctx: ServerContext): Promise<Answer> {
  if (from === "" || to === "") throw refuse.invalid("both 'from' and 'to' path must be specified as a string")
  for (const [name, path] of Object.entries({ from, to })) {
    if (path.trim() !== path) throw refuse.invalid(`'${name}' path cannot contain trailing whitespace`)
  }
  const source = `${from.replace(/^\/+|\/+$/g, "")}/`
  const target = `${to.replace(/^\/+|\/+$/g, "")}/`
  const kind: Kind = source.startsWith("auth/") ? "auth" : "secret"
  if (kind === "auth" && !target.startsWith("auth/"))
    throw refuse.invalid(`cannot remount auth mount to non-auth mount ${JSON.stringify(target)}`)
  if (isProtected(source, kind)) throw refuse.invalid(`cannot remount ${JSON.stringify(source)}`)
  if (isProtected(target, kind))
    throw refuse.invalid(`cannot remount to destination ${kind === "auth" ? JSON.stringify(target) : target}`)
  const table = await mountTable(ctx.view, ctx.namespace)
  const entry = table.byPath.get(source)
  if (entry === undefined || findMount(table, source) !== entry)
    throw refuse.invalid(`no matching mount at ${JSON.stringify(source)}`)
  const taken = conflicting(table, target)
  if (taken !== undefined) throw refuse.invalid(`path already in use at ${JSON.stringify(taken.path)}`)
  checkMountPath(table, target, kind)
  await revokeByPrefix(ctx.server, ctx.namespace, entry.path, { force: false, tokens: undefined })
  writeMounts(ctx.view, ctx.namespace, [
    ...table.all.filter(one => one.uuid !== entry.uuid),
    { ...entry, path: target },
  ])
  const id = uuid(ctx.random)
  ctx.view.put(`core/remounts/${id}`, Buffer.from(JSON.stringify({ source, target })))
  const queued =
    "Mount move has been queued. Progress will be reported in Vault's server log, tagged with the returned migration_id"
  return { data: { migration_id: id }, warnings: [queued] }
}

export const mountRoutes = [
  ...routesFor("secret"),
  ...routesFor("auth"),
  sysRoute("remount", {
    summary: "Move a mount to another path.",
    operation: "remount",
    replies: { write: { migration_id: field.string("To ask how far it has come.") } },
    sudo: true,
    fields: {
      from: field.string("Where it is.", { default: "", plain: true }),
      to: field.string("Where it shall be.", { default: "", plain: true }),
    },
    write: ({ from, to }, ctx) => remount(from, to, ctx),
  }),
  sysRoute("remount/status/:migration_id", {
    summary: "Whether a move is done. Moves are done when they are answered.",
    operation: "remount-status",
    replies: {
      read: {
        migration_id: field.string("The move."),
        migration_info: field.map("source_mount, target_mount and status."),
      },
    },
    read: async ({ migration_id: id }, ctx) => {
      const stored = await ctx.view.get(`core/remounts/${id}`)
      if (stored === undefined) return undefined
      const { source, target } = JSON.parse(Buffer.from(stored).toString()) as { source: string; target: string }
      return {
        data: { migration_id: id, migration_info: { source_mount: source, target_mount: target, status: "success" } },
      }
    },
  }),
]
