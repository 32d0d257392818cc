/** Logins of machines: a role id that says which application, a secret id that proves it. */

import {
  type Answer,
  type Context,
  checkTokenFields,
  crud,
  engine,
  field,
  fieldRoutes,
  foldedNames,
  isJsonObject,
  type Json,
  type JsonObject,
  type Login,
  parseJson,
  record,
  refuse,
  route,
  termsOf,
  tokenFieldsAs,
  type Values,
} from "@arca/api"
import { isNetworkWithin, isWithinCidrs } from "../cidr.ts"
import { type SecretId, secretIds } from "./secret-ids.ts"

const roles = record("role", "role/", {
  bind_secret_id: field.bool("A login needs a secret id.", { default: true }),
  secret_id_bound_cidrs: field.networks("Networks from which secret ids may be used.", {
    default: [],
    plain: true,
    alias: ["bound_cidr_list"],
  }),
  secret_id_num_uses: field.int("How many logins a secret id is good for; 0 is no limit.", { default: 0 }),
  secret_id_ttl: field.duration("How long a secret id lives; 0 is for ever.", { default: 0 }),
  local_secret_ids: field.bool("Accepted for compatibility: every node is equal here.", { default: false }),
  role_id: field.string("The role's id; made when it is not given.", { secret: true }),
  ...tokenFieldsAs({ token_policies: "policies", token_period: "period" }),
})

type Role = Values<typeof roles.fields>

const role_name = field.name("Name of the role; case is folded.", { plain: true })
const fold = (name: string): string => name.toLowerCase()

/** Role ids to names. */
const byId = (id: string): string => `role-id/${Buffer.from(id).toString("base64url")}`

const uuid = (ctx: Context): string => {
  const hex = Buffer.from(ctx.random(16)).toString("hex")
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}

async function needRole(ctx: Context, name: string): Promise<Role> {
  const role = await roles.get(ctx.store, fold(name))
  if (role === undefined) throw refuse.unknown(`role ${JSON.stringify(name)} does not exist`)
  return role
}

/** Gives a role an id that no other has, and keeps the way back from it. */
async function claimId(ctx: Context, name: string, role: Role, before: string | undefined): Promise<Role> {
  const id = role.role_id || uuid(ctx)
  const owner = await ctx.store.get(byId(id))
  if (owner !== undefined && Buffer.from(owner).toString() !== name) throw refuse.invalid("role_id already in use")
  if (before !== undefined && before !== id) ctx.store.delete(byId(before))
  ctx.store.put(byId(id), Buffer.from(name))
  return { ...role, role_id: id }
}

function checkRole(role: Role): void {
  checkTokenFields(role)
  if (role.secret_id_num_uses < 0) throw refuse.invalid("secret_id_num_uses cannot be negative")
  if (!role.bind_secret_id && role.secret_id_bound_cidrs.length === 0 && role.token_bound_cidrs.length === 0) {
    throw refuse.invalid("at least one constraint should be enabled on the role")
  }
}

/** A login asks for no type, so a type to fall back to is the type. */
function withUsefulType(role: Role, ctx: Context): Role {
  const type = /^default-(.*)$/.exec(role.token_type)?.[1]
  if (type === undefined) return role
  ctx.warn(`${role.token_type} has no useful meaning; adjusting to ${type}`)
  return { ...role, token_type: type }
}

const INVALID = "invalid role or secret ID"

async function roleById(ctx: Context, id: string): Promise<{ name: string; role: Role } | undefined> {
  const name = await ctx.store.get(byId(id))
  if (name === undefined) return undefined
  const text = Buffer.from(name).toString()
  const role = await roles.get(ctx.store, text)
  return role && { name: text, role }
}

async function login(roleId: string | undefined, secretId: string | undefined, ctx: Context): Promise<{ auth: Login }> {
  if (roleId === undefined || roleId === "") throw refuse.invalid("missing role_id")
  const found = await roleById(ctx, roleId)
  if (found === undefined) {
    // The work of a look-up is done all the same: an unknown role takes as long as a wrong secret.
    await secretIds.find(ctx, "-", secretId ?? "")
    throw refuse.invalid(INVALID)
  }
  const { name, role } = found
  const secret = role.bind_secret_id ? await useSecretId(ctx, name, secretId) : undefined
  if (!isWithinCidrs(role.secret_id_bound_cidrs, ctx.request.remoteAddress)) throw refuse.invalid(INVALID)
  const terms = termsOf(role)
  const cidrs = secret !== undefined && secret.tokenCidrs.length > 0 ? secret.tokenCidrs : terms.boundCidrs
  const metadata = { ...secret?.metadata, role_name: name }
  return {
    auth: {
      displayName: "",
      policies: role.token_policies,
      metadata,
      terms: { ...terms, boundCidrs: cidrs },
      alias: { name: role.role_id ?? "", metadata },
      internal: { role_name: name },
    },
  }
}

/** Takes one use; it becomes durable with the token that the login earns, so no race can take it twice. */
async function useSecretId(ctx: Context, name: string, secretId: string | undefined): Promise<SecretId> {
  if (secretId === undefined || secretId === "") throw refuse.invalid("missing secret_id")
  const entry = await secretIds.find(ctx, name, secretId)
  if (entry === undefined) throw refuse.invalid(INVALID)
  if (!isWithinCidrs(entry.cidrs, ctx.request.remoteAddress)) throw refuse.invalid(INVALID)
  if (entry.uses === 1) await secretIds.delete(ctx, entry)
  if (entry.uses > 1) await secretIds.put(ctx, secretId, { ...entry, uses: entry.uses - 1, updatedAt: ctx.now })
  return entry
}

const secretIdFields = {
  role_name,
  metadata: field.string(
    "Carried into the token's metadata: a JSON object of strings (perhaps in base64), or `key=value,key=value`.",
    { default: "" },
  ),
  cidr_list: field.networks("Networks from which this secret id may be used; within the role's.", {
    default: [],
    plain: true,
  }),
  token_bound_cidrs: field.networks("Networks from which its tokens may be used; within the role's.", {
    default: [],
    plain: true,
  }),
  num_uses: field.int("How many logins it is good for; the role's number when left out."),
  ttl: field.duration("How long it lives; the role's when left out."),
}

type SecretIdInput = Values<typeof secretIdFields>

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

/** As Vault reads it: JSON, or pairs, either of them perhaps in base64. */
function metadataOf(given: string): Record<string, string> {
  const text = given.trim()
  if (text === "") return {}
  const plain = BASE64.test(text) ? Buffer.from(text, "base64").toString() : text
  return stringsOfJson(plain) ?? pairsOf(plain)
}

function stringsOfJson(text: string): Record<string, string> | undefined {
  let parsed: Json
  try {
    parsed = parseJson(text)
  } catch {
    return undefined
  }
  if (!isJsonObject(parsed)) return undefined
  const entries = Object.entries(parsed).map(([key, value]) => [key, value ?? ""] as const)
  if (!entries.every(([, value]) => typeof value === "string")) return undefined
  const [bare] = entries.find(([key, value]) => key !== "" && value === "") ?? []
  if (bare !== undefined)
    throw refuse.invalid(`failed to parse metadata: invalid value for key ${JSON.stringify(bare)}`)
  return fromEntries(entries)
}

function pairsOf(text: string): Record<string, string> {
  const pairs = text.split(",").map(pair => pair.split("=").map(part => part.trim()))
  if (pairs.some(({ length, 0: key, 1: value }) => length !== 2 || key === "" || value === ""))
    throw refuse.invalid("failed to parse metadata: failed to parse the input: invalid <key,value> format")
  return fromEntries(pairs.map(([key = "", value = ""]) => [key, value]))
}

const fromEntries = (entries: readonly (readonly [string, unknown])[]): Record<string, string> =>
  Object.fromEntries(entries.map(([key, value]) => [key, String(value)]))

async function issue(input: SecretIdInput, ctx: Context, secretId: string): Promise<{ data: JsonObject }> {
  const role = await needRole(ctx, input.role_name ?? "")
  const name = fold(input.role_name ?? "")
  if (!role.bind_secret_id) throw refuse.invalid("bind_secret_id is not set on the role")
  const uses = limited(input.num_uses, role.secret_id_num_uses, "num_uses", "higher")
  const ttl = Math.min(limited(input.ttl, role.secret_id_ttl, "ttl", "longer"), ctx.mount.maxTtl)
  if (await secretIds.find(ctx, name, secretId)) throw refuse.invalid("SecretID is already registered")
  const entry: SecretId = {
    accessor: uuid(ctx),
    role: name,
    uses,
    ttl,
    createdAt: ctx.now,
    updatedAt: ctx.now,
    expiresAt: ttl === 0 ? 0 : ctx.now + ttl,
    metadata: metadataOf(input.metadata),
    cidrs: input.cidr_list,
    tokenCidrs: input.token_bound_cidrs,
  }
  refuseWider(input.cidr_list, role.secret_id_bound_cidrs)
  refuseWider(input.token_bound_cidrs, role.token_bound_cidrs)
  await secretIds.put(ctx, secretId, entry)
  return {
    data: { secret_id: secretId, secret_id_accessor: entry.accessor, secret_id_ttl: ttl, secret_id_num_uses: uses },
  }
}

/** What is asked for may be less than the role gives, not more; 0 is "no limit". */
function limited(asked: number | undefined, role: number, name: string, more: string): number {
  if (asked === undefined) return role
  if (asked < 0) throw refuse.invalid(`${name} cannot be negative`)
  if (role > 0 && (asked === 0 || asked > role))
    throw refuse.invalid(`${name} cannot be ${more} than the role's secret_id_${name}`)
  return asked
}

function refuseWider(asked: readonly string[], role: readonly string[]): void {
  if (role.length === 0) return
  const outside = asked.find(cidr => !isNetworkWithin(role, cidr))
  if (outside !== undefined)
    throw refuse.invalid(`CIDR block ${JSON.stringify(outside)} is not within those of the role`)
}

const time = (seconds: number): string => new Date(seconds * 1000).toISOString()

const shown = (entry: SecretId): JsonObject => ({
  secret_id_accessor: entry.accessor,
  secret_id_num_uses: entry.uses,
  secret_id_ttl: entry.ttl,
  creation_time: time(entry.createdAt),
  last_updated_time: time(entry.updatedAt),
  expiration_time: entry.expiresAt === 0 ? "0001-01-01T00:00:00Z" : time(entry.expiresAt),
  metadata: { ...entry.metadata },
  cidr_list: [...entry.cidrs],
  token_bound_cidrs: [...entry.tokenCidrs],
})

const secret_id = field.string("The secret id.", { secret: true, verbs: ["write", "delete"] })
const secret_id_accessor = field.string("The accessor of the secret id.", { verbs: ["write", "delete"] })

const rfc3339 = (summary: string) => field.time(`${summary} (RFC 3339)`)

/** What is answered about a new secret id: the only time that it is shown. */
const issued = {
  secret_id,
  secret_id_accessor: field.string("A name for it that proves nothing."),
  secret_id_ttl: field.int("Seconds it lives; 0 is for ever."),
  secret_id_num_uses: field.int("How many logins it is good for; 0 is no limit."),
}

/** What is known of a secret id. */
const known = {
  secret_id_accessor: issued.secret_id_accessor,
  secret_id_num_uses: field.int("How many logins are left; 0 is no limit."),
  secret_id_ttl: issued.secret_id_ttl,
  creation_time: rfc3339("When it was made"),
  last_updated_time: rfc3339("When it was used last"),
  expiration_time: rfc3339("When it ends; the year 1 is never"),
  metadata: field.pairs("Carried into the token's metadata."),
  cidr_list: field.stringList("Networks from which it may be used."),
  token_bound_cidrs: field.stringList("Networks from which its tokens may be used."),
}

async function bySecretId(ctx: Context, name: string, given: string | undefined): Promise<SecretId | undefined> {
  if (given === undefined || given === "") throw refuse.invalid("missing secret_id")
  await needRole(ctx, name)
  return secretIds.find(ctx, fold(name), given)
}

/** What is done with the secret id of an accessor. Vault answers 404 with the reason in `data`, where clients read it. */
async function withAccessor(
  ctx: Context,
  name: string,
  given: string | undefined,
  act: (entry: SecretId) => Promise<Answer | undefined> | Answer,
): Promise<Answer | undefined> {
  if (given === undefined || given === "") throw refuse.invalid("missing secret_id_accessor")
  await needRole(ctx, name)
  const entry = await secretIds.byAccessor(ctx, fold(name), given)
  if (entry !== undefined) return act(entry)
  const error = `failed to find accessor entry for secret_id_accessor: ${JSON.stringify(given)}`
  return { status: 404, data: { error } }
}

async function destroy(ctx: Context, entry: SecretId | undefined): Promise<undefined> {
  if (entry !== undefined) await secretIds.delete(ctx, entry)
}

const manageRole = crud("role", roles, {
  summary: "A role: read, write, delete.",
  param: "role_name",
  nameField: role_name,
  fold,
  check: async (merged, ctx, existing) => {
    if (existing !== undefined && Object.hasOwn(ctx.body, "local_secret_ids"))
      throw refuse.invalid("local_secret_ids can only be modified during role creation")
    const role = withUsefulType(merged, ctx)
    checkRole(role)
    const name = fold(/^role\/([^/]+)\/?$/.exec(ctx.request.path)?.[1] ?? "")
    return claimId(ctx, name, role, existing?.role_id)
  },
  show: role => {
    const { role_id: _, ...rest } = roles.shown(role)
    return { ...rest, secret_id_bound_cidrs: role.secret_id_bound_cidrs.length > 0 ? role.secret_id_bound_cidrs : null }
  },
  deleting: async (name, ctx) => {
    const role = await roles.get(ctx.store, name)
    if (role?.role_id !== undefined) ctx.store.delete(byId(role.role_id))
    await secretIds.deleteAll(ctx, name)
  },
})

export const approle = engine({
  kind: "auth",
  type: "approle",
  words: "app-role",
  summary: "Logins of machines: a role id that says which application, a secret id that proves it.",
  lockout: (_, body) => (typeof body.role_id === "string" ? body.role_id : undefined),
  restored: secretIds.deleteCounted,
  role: async (path, { role_id: id }, ctx) =>
    path === "login" && typeof id === "string" ? (await roleById(ctx, id))?.name : undefined,
  renew: async (internal, ctx) => {
    const role = await roles.get(ctx.store, String(internal.role_name))
    if (role === undefined) throw refuse.invalid("the role does not exist any more")
    return { terms: termsOf(role), policies: role.token_policies }
  },
  jobs: [{ name: "tidy secret ids", everySeconds: 3600, run: async ctx => void (await secretIds.tidy(ctx, 10_000)) }],
  routes: [
    route("login", {
      summary: "Log in with a role id and a secret id.",
      issues: "token",
      fields: { role_id: field.string("The role's id."), secret_id },
      open: true,
      write: ({ role_id: id, secret_id: secret }, ctx) => login(id, secret, ctx),
    }),
    ...manageRole,
    route("role/:role_name/role-id", {
      summary: "The id of a role: read it, or choose it.",
      replies: { read: { role_id: field.string("The id.") }, write: {} },
      fields: { role_name, role_id: field.string("The id to be.", { plain: false }) },
      read: async ({ role_name: name }, ctx) => {
        const role = await roles.get(ctx.store, fold(name))
        return role && { data: { role_id: role.role_id ?? "" } }
      },
      write: async ({ role_name: name, role_id: id }, ctx) => {
        const role = await needRole(ctx, name)
        if (id === undefined || id === "") throw refuse.invalid("missing role_id")
        roles.put(ctx.store, fold(name), await claimId(ctx, fold(name), { ...role, role_id: id }, role.role_id))
        return undefined
      },
    }),
    route("role/:role_name/secret-id", {
      summary: "Make a secret id; list the accessors of those there are.",
      replies: { write: issued },
      fields: secretIdFields,
      write: (input, ctx) => issue(input, ctx, uuid(ctx)),
      list: async ({ role_name: name }, ctx) => {
        if ((await roles.get(ctx.store, fold(name))) === undefined)
          throw refuse.invalid(`role ${JSON.stringify(name)} does not exist`)
        return { data: { keys: await secretIds.accessors(ctx, fold(name)) } }
      },
    }),
    route("role/:role_name/custom-secret-id", {
      summary: "Register a secret id of one's own choice.",
      replies: { write: issued },
      fields: { ...secretIdFields, secret_id },
      write: ({ secret_id: secret, ...input }, ctx) => {
        if (secret === undefined || secret === "") throw refuse.invalid("missing secret_id")
        return issue(input, ctx, secret)
      },
    }),
    route("role/:role_name/secret-id/lookup", {
      summary: "What is known of a secret id.",
      replies: { write: known },
      fields: { role_name, secret_id },
      write: async ({ role_name: name, secret_id: secret }, ctx) => {
        const entry = await bySecretId(ctx, name, secret)
        return entry && { data: shown(entry) }
      },
    }),
    route("role/:role_name/secret-id/destroy", {
      summary: "Destroy a secret id.",
      replies: { write: {}, delete: {} },
      fields: { role_name, secret_id },
      write: async ({ role_name: name, secret_id: secret }, ctx) => destroy(ctx, await bySecretId(ctx, name, secret)),
      delete: async ({ role_name: name, secret_id: secret }, ctx) => destroy(ctx, await bySecretId(ctx, name, secret)),
    }),
    route("role/:role_name/secret-id-accessor/lookup", {
      summary: "What is known of the secret id with an accessor.",
      operation: "look-up-secret-id-by-accessor",
      replies: { write: known },
      fields: { role_name, secret_id_accessor },
      write: ({ role_name: name, secret_id_accessor: accessor }, ctx) =>
        withAccessor(ctx, name, accessor, entry => ({ data: shown(entry) })),
    }),
    route("role/:role_name/secret-id-accessor/destroy", {
      summary: "Destroy the secret id with an accessor.",
      operation: "destroy-secret-id-by-accessor",
      replies: { write: {}, delete: {} },
      fields: { role_name, secret_id_accessor },
      write: ({ role_name: name, secret_id_accessor: accessor }, ctx) =>
        withAccessor(ctx, name, accessor, entry => destroy(ctx, entry)),
      delete: ({ role_name: name, secret_id_accessor: accessor }, ctx) =>
        withAccessor(ctx, name, accessor, entry => destroy(ctx, entry)),
    }),
    route("role/:role_name/local-secret-ids", {
      summary: "Whether secret ids stay on one cluster.",
      replies: { read: { local_secret_ids: roles.fields.local_secret_ids } },
      read: async ({ role_name: name }, ctx) => ({
        data: { local_secret_ids: (await needRole(ctx, name)).local_secret_ids },
      }),
    }),
    ...fieldRoutes(
      "role",
      roles,
      {
        policies: "token_policies",
        period: "token_period",
        "bind-secret-id": "bind_secret_id",
        "bound-cidr-list": "bound_cidr_list",
        "secret-id-bound-cidrs": "secret_id_bound_cidrs",
        "secret-id-num-uses": "secret_id_num_uses",
        "secret-id-ttl": "secret_id_ttl",
        "token-bound-cidrs": "token_bound_cidrs",
        "token-max-ttl": "token_max_ttl",
        "token-num-uses": "token_num_uses",
        "token-ttl": "token_ttl",
      },
      {
        fold,
        param: "role_name",
        nameField: role_name,
        nullable: ["bound_cidr_list", "secret_id_bound_cidrs", "token_bound_cidrs"],
        check: (role, _, existing) => {
          checkRole(role)
          // Set by themselves, policies are tidied; set with the rest they are kept as they came.
          const tidy =
            role.token_policies === existing?.token_policies ? role.token_policies : foldedNames(role.token_policies)
          return { ...role, token_policies: tidy }
        },
      },
    ),
    route("tidy/secret-id", {
      summary: "Erase secret ids that are over. (It also happens by itself, every hour.)",
      write: async (_, ctx) => {
        await secretIds.tidy(ctx, 10_000)
        return {
          status: 202,
          warnings: [
            "Tidy operation successfully started. Any information from the operation will be printed to Vault's server logs.",
          ],
        }
      },
    }),
  ],
})
