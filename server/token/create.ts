/** Making tokens by hand: `auth/token/create`, `create-orphan`, `create/:role`. */

import { type Fields, field, refuse, type Values } from "@arca/api"
import { decide } from "@arca/policy"
import { policyPath } from "../context.ts"
import { type Grant, issueToken, lifeOf, type TokenDraft, tidyPolicies, unknownPolicies } from "../grants.ts"
import { entityOfLogin } from "../identity.ts"
import { mountFor } from "../mounts.ts"
import { policyName } from "../policies.ts"
import { uuid } from "../random.ts"
import type { ServerAnswer } from "../reply.ts"
import type { ServerContext } from "../server.ts"
import type { TokenEntry } from "../tokens.ts"
import { globMatches, type Role, roles } from "./roles.ts"

export const createFields = {
  id: field.string("The token itself (sudo only); a bad idea outside of tests.", { secret: true }),
  policies: field.stringList("Policies of the token; those of the caller when left out.", { plain: true }),
  meta: field.pairs("Words about the token, shown in the audit.", {}),
  no_parent: field.bool("Make an orphan (sudo only).", { default: false }),
  no_default_policy: field.bool("Leave the policy `default` off.", { default: false }),
  renewable: field.bool("Whether it can be renewed.", { default: true }),
  ttl: field.signedDuration("The first life.", { alias: ["lease"] }),
  explicit_max_ttl: field.signedDuration("A hard end of its life, renewals included.", { default: 0 }),
  period: field.signedDuration("Each renewal gives this life again (sudo only).", { default: 0 }),
  num_uses: field.int("How many requests it is good for; 0 is no limit.", { default: 0 }),
  display_name: field.string("A name for the audit.", { default: "", plain: true }),
  type: field.string("service or batch.", {
    default: "",
    choices: ["", "service", "batch"],
    otherwise: "invalid 'token_type' value",
  }),
  entity_alias: field.string("With a role: the entity alias the token stands for.", {}),
} satisfies Fields

export type CreateInput = Values<typeof createFields>

/** Whether the caller has sudo on the path of this very request. */
function hasSudo(ctx: ServerContext): boolean {
  const path = policyPath(ctx.asker, ctx.namespace, ctx.request.fullPath)
  return decide(ctx.asker.acl, { path, operation: ctx.request.operation, sudoRequired: true }).allowed
}

export async function createToken(
  input: CreateInput,
  ctx: ServerContext,
  roleName: string,
  orphan: boolean,
): Promise<ServerAnswer> {
  const parent = ctx.asker.token
  if (parent === undefined) throw refuse.denied()
  const role = roleName === "" ? undefined : await needRole(ctx, roleName)
  if (parent.type === "batch") throw refuse.invalid("batch tokens cannot create more tokens")
  if (parent.numUses !== 0) throw refuse.invalid("restricted use token cannot generate child tokens")
  const type = typeOf(input, role)
  if (type === "batch") refuseForBatch(input, role)
  if (input.num_uses < 0) throw refuse.invalid("number of uses cannot be negative")
  if (input.entity_alias && role === undefined)
    throw refuse.invalid("'entity_alias' is only allowed in combination with token role")
  refuseNegative(input, ctx)
  const foreign = ctx.asker.home.id !== ctx.namespace.id
  const wish = { ctx, role, roleName, orphan, type, foreign, sudo: hasSudo(ctx) }
  if (foreign && !wish.sudo)
    throw refuse.invalid("root or sudo privileges required to directly generate a token in a child namespace")
  const draft = await draftOf(input, wish)
  const grant: Grant = await issueToken(ctx.server, ctx.view, draft)
  return { grant }
}

async function needRole(ctx: ServerContext, name: string): Promise<Role> {
  const role = await roles.get(ctx.store, name)
  if (role === undefined) throw refuse.invalid(`unknown role ${name}`)
  return role
}

function typeOf(input: CreateInput, role: Role | undefined): "service" | "batch" {
  if (role?.token_type === "service" || role?.token_type === "batch") return role.token_type
  if (input.type !== "") return input.type as "service" | "batch"
  return role?.token_type === "default-batch" ? "batch" : "service"
}

function refuseForBatch(input: CreateInput, role: Role | undefined): void {
  // Vault forgets what the role says of these, and the token outlives it.
  const ofRole = (name: "explicit_max_ttl" | "num_uses" | "period"): number => role?.[`token_${name}`] ?? 0
  const bad = (["explicit_max_ttl", "num_uses", "period"] as const).find(name => input[name] !== 0 || ofRole(name) > 0)
  if (bad !== undefined) throw refuse.invalid(`batch tokens cannot have "${bad}" set`)
  if (input.id) throw refuse.invalid("batch tokens cannot have a custom ID")
}

function refuseNegative(input: CreateInput, ctx: ServerContext): void {
  const lives = {
    explicit_max_ttl: input.explicit_max_ttl,
    period: input.period,
    [Object.hasOwn(ctx.body, "ttl") ? "ttl" : "lease"]: input.ttl ?? 0,
  }
  const bad = Object.entries(lives).find(([, seconds]) => seconds < 0)
  if (bad !== undefined) throw refuse.invalid(`${bad[0]} must be positive`)
}

/** What a request for a token comes down to, beside what it says. */
interface Wish {
  readonly ctx: ServerContext
  readonly role: Role | undefined
  readonly roleName: string
  readonly orphan: boolean
  readonly type: "service" | "batch"
  readonly sudo: boolean
  /** The caller is of a namespace above: what its policies are called says nothing here. */
  readonly foreign: boolean
}

async function draftOf(input: CreateInput, wish: Wish): Promise<TokenDraft> {
  const { ctx, role, roleName, orphan, type, sudo } = wish
  const { asker, namespace } = ctx
  refuseId(input.id ?? "", ctx, sudo)
  const policies = policiesFor(input, wish)
  if (policies.includes("root") && type === "batch") throw refuse.invalid("batch tokens cannot be root tokens")
  if (input.no_parent && !sudo && role === undefined)
    throw refuse.invalid("root or sudo privileges required to create orphan token")
  if (input.period > 0 && !sudo) throw refuse.invalid("root or sudo privileges required to create periodic token")
  const life = lifeFor(input, wish, policies.includes("root"))
  const parent = orphan || role?.orphan === true || (role === undefined && input.no_parent) ? undefined : asker.token
  return {
    namespace,
    type,
    policies,
    path: pathOf(role, roleName, orphan),
    meta: input.meta === undefined || ctx.body.meta === null ? null : Object.fromEntries(input.meta),
    displayName: displayName(input.display_name),
    numUses: smallest(role?.token_num_uses ?? 0, input.num_uses),
    parent,
    ttl: life.ttl,
    explicitMaxTtl: life.explicitMaxTtl,
    period: life.period,
    maxTtl: 0,
    renewable: input.renewable && (role?.renewable ?? true) && life.ttl > 0,
    role: roleName,
    entityId: await entityIdFor(input, ctx, role, parent),
    boundCidrs: boundCidrsFor(ctx, role),
    mount: ctx.mountEntry.accessor,
    text: input.id || undefined,
    warnings: [
      ...life.warnings,
      ...(input.id ? ["Supplying a custom ID for the token makes it as guessable as the ID is"] : []),
      ...(await unknownPolicies(ctx.view, namespace.id, policies)),
    ],
  }
}

function refuseId(id: string, { namespace }: ServerContext, sudo: boolean): void {
  if (id === "") return
  if (!sudo) throw refuse.invalid("root or sudo privileges required to specify token id")
  if (namespace.path !== "") throw refuse.invalid("token IDs can only be manually specified in the root namespace")
  const prefix = /^(hvs|s)\./.exec(id)?.[0]
  if (prefix !== undefined) throw refuse.invalid(`custom token ID cannot have the '${prefix}' prefix`)
  if (id.includes(".")) throw refuse.invalid("custom token ID cannot have a '.' in the value")
  if (!/^[\w-]{1,128}$/.test(id))
    throw refuse.invalid("a token id may only hold letters, digits, '_' and '-', at most 128")
}

const boundCidrsFor = (ctx: ServerContext, role: Role | undefined): readonly string[] =>
  role !== undefined && role.token_bound_cidrs.length > 0 ? role.token_bound_cidrs : (ctx.asker.token?.boundCidrs ?? [])

interface TokenLife {
  /** 0 never ends: a root token's. */
  readonly ttl: number
  readonly explicitMaxTtl: number
  readonly period: number
  readonly warnings: readonly string[]
}

function lifeFor(input: CreateInput, { ctx, role }: Wish, root: boolean): TokenLife {
  const warnings: string[] = []
  const lesser = (what: string, ofRole = 0, asked = 0): number => {
    const least = smallest(ofRole, asked)
    if (ofRole > 0 && asked > 0)
      warnings.push(
        `${what} specified both during creation call and in role; using the lesser value of ${least} seconds`,
      )
    return least
  }
  const explicitMaxTtl = lesser("Explicit max TTL", role?.token_explicit_max_ttl, input.explicit_max_ttl)
  const period = lesser("Period", role?.token_period, input.period)
  const ttl = input.ttl ?? 0
  if (!root || period > 0 || ttl > 0) {
    const mount = mountFor(ctx.mountEntry, ctx.server.limits)
    const life = lifeOf({ ttl, maxTtl: 0, explicitMaxTtl, period, mount, age: 0 })
    return { ttl: life.ttl, explicitMaxTtl, period, warnings: [...warnings, ...life.warnings] }
  }
  // A root token ends where that is asked for, and nowhere else: the mount's limits do not hold for it.
  if (explicitMaxTtl === 0 && ctx.asker.token?.expiresAt !== 0)
    throw refuse.invalid("expiring root tokens cannot create non-expiring root tokens")
  return { ttl: explicitMaxTtl, explicitMaxTtl, period, warnings }
}

const smallest = (a: number, b: number): number => (a > 0 && b > 0 ? Math.min(a, b) : a || b)

function pathOf(role: Role | undefined, roleName: string, orphan: boolean): string {
  if (role === undefined) return orphan ? "auth/token/create-orphan" : "auth/token/create"
  return `auth/token/create/${roleName}${role.path_suffix === "" ? "" : `/${role.path_suffix}`}`
}

const displayName = (wish: string): string =>
  wish === "" ? "token" : `token-${wish.replaceAll(/[^A-Za-z0-9-]/gu, "-")}`.replace(/-$/, "")

/** The policies of the new token. Who wants no `default` has none, even if it was asked for by its name. */
function policiesFor(input: CreateInput, wish: Wish): string[] {
  const { ctx, role } = wish
  const granted = role !== undefined && restricts(role) ? policiesOfRole(input, ctx, role) : policiesAsked(input, wish)
  const policies = input.no_default_policy ? granted.filter(name => name !== "default") : granted
  if (policies.includes("response-wrapping")) throw refuse.invalid('cannot assign policy "response-wrapping"')
  if (policies.includes("root") && wish.foreign)
    throw refuse.invalid("root tokens may not be created from a parent namespace")
  // Vault lets root make root by a role. A role is what others may use, so here none ever makes it, whoever asks.
  if (policies.includes("root") && role !== undefined) throw refuse.invalid("root tokens may not be created by a role")
  if (policies.includes("root") && !ctx.asker.tokenPolicies.includes("root"))
    throw refuse.invalid("root tokens may not be created without parent token being root")
  return policies
}

/** What was asked for, as far as the caller may give it. A child has `default` only if its parent has. */
function policiesAsked(input: CreateInput, { ctx, role, sudo, foreign }: Wish): string[] {
  const own = ctx.asker.tokenPolicies.filter(name => role === undefined || name !== "root")
  if (foreign) return tidyPolicies(input.policies ?? [], !input.no_default_policy)
  const withDefault = !input.no_default_policy && role?.token_no_default_policy !== true
  // What root makes by a role and names no policies for has `default` alone, unless that is not wanted either.
  if (input.policies === undefined || input.policies.length === 0)
    return tidyPolicies(own, withDefault && own.length < ctx.asker.tokenPolicies.length)
  const asked = tidyPolicies(input.policies, false)
  const free = (sudo && role === undefined) || ctx.asker.tokenPolicies.includes("root")
  if (!free && asked.some(name => !own.includes(name))) throw refuse.invalid("child policies must be subset of parent")
  return tidyPolicies(asked, withDefault && (free || own.includes("default")))
}

/** Whether a role says itself which policies its tokens may have: then those of the caller do not matter. */
const restricts = (role: Role): boolean =>
  [role.allowed_policies, role.disallowed_policies, role.allowed_policies_glob, role.disallowed_policies_glob].some(
    names => names.length > 0,
  )

function policiesOfRole(input: CreateInput, ctx: ServerContext, role: Role): string[] {
  const folded = (names: readonly string[]): string[] => names.map(policyName)
  const matches = (names: readonly string[], globs: readonly string[], name: string): boolean =>
    folded(names).includes(name) || [...folded(names), ...folded(globs)].some(glob => globMatches(glob, name))
  const banned = (name: string): boolean => matches(role.disallowed_policies, role.disallowed_policies_glob, name)
  const withDefault = !input.no_default_policy && !role.token_no_default_policy && !banned("default")
  const limited = role.allowed_policies.length > 0 || role.allowed_policies_glob.length > 0
  const asked = input.policies !== undefined && input.policies.length > 0
  const usual = limited ? role.allowed_policies : ctx.asker.tokenPolicies.filter(name => name !== "root")
  const policies = tidyPolicies(asked ? (input.policies ?? []) : usual, withDefault)
  const allowed = tidyPolicies(role.allowed_policies, withDefault)
  const globs = tidyPolicies(role.allowed_policies_glob, false)
  const outside = policies.some(name => !allowed.includes(name) && !globs.some(glob => globMatches(glob, name)))
  if (asked && limited && outside) {
    throw refuse.invalid(
      `token policies (${quoted(policies)}) must be subset of the role's allowed policies (${quoted(allowed)}) or glob policies (${quoted(globs)})`,
    )
  }
  const held = ctx.asker.tokenPolicies
  if (!limited && !held.includes("root") && policies.some(name => name !== "default" && !held.includes(name)))
    throw refuse.invalid("child policies must be subset of parent")
  const disallowed = policies.find(banned)
  if (disallowed !== undefined)
    throw refuse.invalid(`token policy ${JSON.stringify(disallowed)} is disallowed by this role`)
  return policies
}

/** A list as Go prints it: `["a" "b"]`. */
const quoted = (names: readonly string[]): string => `[${names.map(name => JSON.stringify(name)).join(" ")}]`

/** An orphan is nobody's: it has its maker's entity as little as its maker's end. */
async function entityIdFor(
  input: CreateInput,
  ctx: ServerContext,
  role: Role | undefined,
  parent: TokenEntry | undefined,
): Promise<string> {
  if (!input.entity_alias) return parent?.entityId ?? ""
  const name = input.entity_alias
  const allowed = role?.allowed_entity_aliases.some(glob => globMatches(glob.toLowerCase(), name.toLowerCase()))
  if (!allowed) throw refuse.invalid("invalid 'entity_alias' value")
  const alias = { accessor: ctx.mountEntry.accessor, name, metadata: {} }
  const world = { now: ctx.now, uuid: () => uuid(ctx.random) }
  return (await entityOfLogin(ctx.view, ctx.namespace.id, alias, world)).id
}
