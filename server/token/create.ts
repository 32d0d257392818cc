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
import { globMatches, type Role, roles } from "./roles.ts"

export const createFields = {
  id: field.string("The token itself (sudo only); a bad idea outside of tests.", { secret: true }),
  policies: field.stringList("Policies of the token; those of the caller when left out.", { plain: true }),
  meta: field.pairs("Words about the token, shown in the audit.", {}),
  no_parent: field.bool("Make an orphan (sudo only).", { default: false }),
  no_default_policy: field.bool("Leave the policy `default` off.", { default: false }),
  renewable: field.bool("Whether it can be renewed.", { default: true }),
  ttl: field.duration("The first life.", { alias: ["lease"] }),
  explicit_max_ttl: field.duration("A hard end of its life, renewals included.", { default: 0 }),
  period: field.duration("Each renewal gives this life again (sudo only).", { default: 0 }),
  num_uses: field.int("How many requests it is good for; 0 is no limit.", { default: 0 }),
  display_name: field.string("A name for the audit.", { default: "token", plain: true }),
  type: field.string("service or batch.", { default: "", choices: ["", "service", "batch"] }),
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
  if (parent.type === "batch") throw refuse.invalid("batch tokens cannot create more tokens")
  if (parent.numUses !== 0) throw refuse.invalid("restricted use token cannot generate child tokens")
  const role = roleName === "" ? undefined : await needRole(ctx, roleName)
  refuseWithoutSudo(input, ctx, role, orphan)
  if (input.num_uses < 0) throw refuse.invalid("number of uses cannot be negative")
  const draft = await draftOf(input, ctx, role, roleName, orphan)
  const grant: Grant = await issueToken(ctx.server, ctx.view, draft)
  return { grant }
}

async function needRole(ctx: ServerContext, name: string): Promise<Role> {
  const role = await roles.get(ctx.store, name)
  if (role === undefined) throw refuse.invalid(`unknown role ${name}`)
  return role
}

function refuseWithoutSudo(input: CreateInput, ctx: ServerContext, role: Role | undefined, orphan: boolean): void {
  const sudo = hasSudo(ctx)
  if (input.id !== undefined && !sudo) throw refuse.invalid("root or sudo privileges required to specify token id")
  if (input.id !== undefined && !/^[\w-]{1,128}$/.test(input.id)) {
    throw refuse.invalid("a token id may only hold letters, digits, '_' and '-'")
  }
  if (/^(hv[sbr]|[sbr])\./.test(input.id ?? ""))
    throw refuse.invalid("custom token id cannot have the prefix of a generated one")
  if (input.no_parent && !sudo && !orphan)
    throw refuse.invalid("root or sudo privileges required to create orphan token")
  if (input.period > 0 && !sudo && role === undefined) {
    throw refuse.invalid("root or sudo privileges required to create periodic token")
  }
  if (input.entity_alias && role === undefined) {
    throw refuse.invalid("'entity_alias' is only allowed in combination with token role")
  }
}

async function draftOf(
  input: CreateInput,
  ctx: ServerContext,
  role: Role | undefined,
  roleName: string,
  orphan: boolean,
): Promise<TokenDraft> {
  const { asker, namespace, server } = ctx
  const policies = policiesFor(input, ctx, role)
  const type = typeOf(input, role)
  const period = role?.token_period || input.period
  const explicitMaxTtl = smallest(role?.token_explicit_max_ttl ?? 0, input.explicit_max_ttl)
  if (type === "batch") refuseForBatch(input, period, explicitMaxTtl)
  const root = policies.includes("root")
  const life = lifeOf({
    ttl: input.ttl ?? 0,
    maxTtl: 0,
    explicitMaxTtl,
    period,
    mount: mountFor(ctx.mountEntry, server.limits),
    age: 0,
  })
  const endless = root && !input.ttl && period === 0 && explicitMaxTtl === 0
  if (root && !endless && asker.token?.expiresAt === 0 && life.ttl === 0)
    throw refuse.invalid("expiring root tokens need a ttl")
  if (root && endless && asker.token?.expiresAt !== 0)
    throw refuse.invalid("expiring root tokens cannot create non-expiring root tokens")
  const isOrphan = orphan || input.no_parent || role?.orphan === true
  return {
    namespace,
    type,
    policies,
    path: pathOf(role, roleName, orphan),
    meta: input.meta === undefined ? null : Object.fromEntries(input.meta),
    displayName: displayName(input.display_name),
    numUses: role?.token_num_uses || input.num_uses,
    parent: isOrphan ? undefined : asker.token,
    ttl: endless ? 0 : life.ttl,
    explicitMaxTtl,
    period,
    maxTtl: 0,
    renewable: input.renewable && (role?.renewable ?? true) && !endless,
    role: roleName,
    entityId: await entityIdFor(input, ctx, role),
    boundCidrs: role?.token_bound_cidrs ?? asker.token?.boundCidrs ?? [],
    mount: ctx.mountEntry.accessor,
    text: input.id,
    warnings: [
      ...life.warnings,
      ...(await unknownPolicies(ctx.view, namespace.id, policies)),
      ...(input.id === undefined ? [] : ["Supplying a custom ID for the token makes it as guessable as the ID is"]),
    ],
  }
}

const smallest = (a: number, b: number): number => (a > 0 && b > 0 ? Math.min(a, b) : a || b)

function pathOf(role: Role | undefined, roleName: string, orphan: boolean): string {
  if (role === undefined) return orphan ? "auth/token/create-orphan" : "auth/token/create"
  return `auth/token/create/${roleName}${role.path_suffix === "" ? "" : `/${role.path_suffix}`}`
}

const displayName = (wish: string): string => {
  const clean = wish.replaceAll(/[^\w-]+/g, "-").replaceAll(/^-+|-+$/g, "")
  return clean === "" || clean === "token" ? "token" : `token-${clean}`
}

function typeOf(input: CreateInput, role: Role | undefined): "service" | "batch" {
  if (role?.token_type === "service" || role?.token_type === "batch") return role.token_type
  if (input.type !== "") return input.type as "service" | "batch"
  return role?.token_type === "default-batch" ? "batch" : "service"
}

function refuseForBatch(input: CreateInput, period: number, explicitMaxTtl: number): void {
  if (explicitMaxTtl > 0) throw refuse.invalid("batch tokens cannot have an explicit max TTL")
  if (input.num_uses > 0) throw refuse.invalid("batch tokens cannot have limited use count")
  if (period > 0) throw refuse.invalid("batch tokens cannot be periodic")
  if (input.id !== undefined) throw refuse.invalid("batch tokens cannot have a custom ID")
}

/** The policies of the new token. Who wants no `default` has none, even if it was asked for by its name. */
function policiesFor(input: CreateInput, ctx: ServerContext, role: Role | undefined): string[] {
  const policies = grantedPolicies(input, ctx, role)
  return input.no_default_policy ? policies.filter(name => name !== "default") : policies
}

/** What was asked for, as far as the caller or the role may give it. A child has `default` only if its parent has. */
function grantedPolicies(input: CreateInput, ctx: ServerContext, role: Role | undefined): string[] {
  const withDefault = !input.no_default_policy && !(role?.token_no_default_policy ?? false)
  const own = ctx.asker.tokenPolicies
  const asked = (input.policies ?? []).map(policyName).filter(name => name !== "")
  if (role !== undefined) return policiesOfRole(asked, ctx, role, withDefault)
  const isRoot = own.includes("root")
  if (asked.length === 0) return tidyPolicies(own, false)
  if (asked.includes("root") && (!isRoot || ctx.namespace.path !== "")) {
    throw refuse.invalid("root tokens may not be created without parent token being root")
  }
  const bound = !isRoot && !hasSudo(ctx)
  if (bound && asked.some(name => !own.includes(name))) throw refuse.invalid("child policies must be subset of parent")
  if (asked.includes("response-wrapping")) throw refuse.invalid('policy "response-wrapping" cannot be given to a token')
  return tidyPolicies(asked, withDefault && (!bound || own.includes("default")))
}

function policiesOfRole(asked: readonly string[], ctx: ServerContext, role: Role, withDefault: boolean): string[] {
  const wished = asked.length > 0 ? asked : defaultsOf(role, ctx)
  const limited = role.allowed_policies.length > 0 || role.allowed_policies_glob.length > 0
  for (const name of wished) {
    const allowed =
      !limited ||
      name === "default" ||
      role.allowed_policies.map(policyName).includes(name) ||
      role.allowed_policies_glob.some(glob => globMatches(policyName(glob), name))
    if (name === "root" || !allowed) {
      const list = [...role.allowed_policies, ...role.allowed_policies_glob].join(", ")
      throw refuse.invalid(
        `token policies (${JSON.stringify(wished)}) must be subset of the role's allowed policies (${JSON.stringify(list)})`,
      )
    }
    const banned =
      role.disallowed_policies.map(policyName).includes(name) ||
      role.disallowed_policies_glob.some(glob => globMatches(policyName(glob), name))
    if (banned) throw refuse.invalid(`token policy ${JSON.stringify(name)} is disallowed by this role`)
    if (
      !limited &&
      !ctx.asker.tokenPolicies.includes(name) &&
      !ctx.asker.tokenPolicies.includes("root") &&
      name !== "default"
    ) {
      throw refuse.invalid("child policies must be subset of parent")
    }
  }
  const plus = withDefault && !role.disallowed_policies.map(policyName).includes("default")
  return tidyPolicies(wished, plus)
}

function defaultsOf(role: Role, ctx: ServerContext): string[] {
  if (role.allowed_policies.length > 0) return role.allowed_policies.map(policyName)
  return ctx.asker.tokenPolicies.filter(name => name !== "root")
}

async function entityIdFor(input: CreateInput, ctx: ServerContext, role: Role | undefined): Promise<string> {
  if (!input.entity_alias) return ctx.asker.token?.entityId ?? ""
  const name = input.entity_alias
  const allowed = role?.allowed_entity_aliases.some(glob => globMatches(glob.toLowerCase(), name.toLowerCase()))
  if (!allowed) throw refuse.invalid("invalid 'entity_alias' value")
  const alias = { accessor: ctx.mountEntry.accessor, name, metadata: {} }
  const world = { now: ctx.now, uuid: () => uuid(ctx.random) }
  return (await entityOfLogin(ctx.view, ctx.namespace.id, alias, world)).id
}
