/** Token roles: what tokens made through them are like, whoever makes them. */

import { crud, field, foldedNames, optional, record, refuse, type Values } from "@arca/api"
import { tidyPolicies } from "../grants.ts"
import { mountFor } from "../mounts.ts"
import { policyName } from "../policies.ts"
import type { ServerContext } from "../server.ts"

export const roles = record("role", "token-role/", {
  allowed_policies: field.commaList("Policies that tokens may have; none listed: those of the caller.", {
    default: [],
    plain: true,
  }),
  disallowed_policies: field.commaList("Policies that tokens may not have.", { default: [], plain: true }),
  allowed_policies_glob: field.commaList("Globs of policies that tokens may have.", { default: [], plain: true }),
  disallowed_policies_glob: field.commaList("Globs of policies that tokens may not have.", {
    default: [],
    plain: true,
  }),
  orphan: field.bool("Tokens have no parent.", { default: false }),
  renewable: field.bool("Tokens can be renewed.", { default: true }),
  path_suffix: field.string("Ends the path of the tokens, to revoke them by prefix.", { default: "", plain: true }),
  allowed_entity_aliases: field.commaList("Entity aliases that tokens may be made for; globs allowed.", {
    default: [],
    plain: true,
  }),
  token_period: field.duration("Each renewal gives this life again.", { default: 0, alias: ["period"] }),
  token_explicit_max_ttl: field.duration("A hard end of the token's life.", {
    default: 0,
    alias: ["explicit_max_ttl"],
  }),
  token_bound_cidrs: field.addresses("Networks from which tokens may be used.", {
    default: [],
    plain: true,
    alias: ["bound_cidrs"],
  }),
  token_num_uses: field.int("How many requests a token is good for; 0 is no limit.", { default: 0 }),
  token_no_default_policy: field.bool("Leave the policy `default` off.", { default: false }),
  token_type: field.string("service, batch, default-service or default-batch.", {
    default: "default-service",
    choices: ["service", "batch", "default-service", "default-batch"],
    otherwise: "invalid 'token_type' value %q",
  }),
})

export type Role = Values<typeof roles.fields>

/** Where a client sends a field under both its names, Vault says which counts. */
const RENAMED = ["period", "bound_cidrs", "explicit_max_ttl"]

function check(role: Role, ctx: ServerContext): Role {
  const { body } = ctx
  if (body.token_type === null) throw refuse.invalid("Invalid 'token_type' value: null")
  if ([...role.allowed_policies, ...role.allowed_policies_glob].some(name => policyName(name) === "root"))
    throw refuse.invalid("root policy may not be used in a token role")
  if (role.path_suffix !== "" && !/^\w[\w.-]+\w$/.test(role.path_suffix)) {
    throw refuse.invalid("given role path suffix contains invalid characters; must match \\w[\\w-.]+\\w")
  }
  if (role.path_suffix.includes(".."))
    throw refuse.invalid("error registering path suffix: path cannot contain parent references")
  for (const name of RENAMED.filter(one => Object.hasOwn(body, one) && Object.hasOwn(body, `token_${one}`)))
    ctx.warn(`Both 'token_${name}' and deprecated '${name}' value supplied, ignoring the deprecated value`)
  const max = mountFor(ctx.mountEntry, ctx.server.limits).maxTtl
  if (role.token_explicit_max_ttl > max) {
    ctx.warn(
      `Given explicit max TTL of ${role.token_explicit_max_ttl} is greater than system/mount allowed value of ${max} seconds; until this is fixed attempting to create tokens against this role will result in an error`,
    )
  }
  if (role.token_type === "batch") refuseForBatch(role)
  return {
    ...role,
    allowed_policies: tidyPolicies(role.allowed_policies, false),
    allowed_policies_glob: tidyPolicies(role.allowed_policies_glob, false),
    disallowed_policies: foldedNames(role.disallowed_policies),
    disallowed_policies_glob: foldedNames(role.disallowed_policies_glob),
    allowed_entity_aliases: foldedNames(role.allowed_entity_aliases),
  }
}

/** What a batch token cannot have. */
function refuseForBatch(role: Role): void {
  const bad = [
    !role.orphan && "non-orphan tokens",
    role.token_period > 0 && "periodic tokens",
    role.renewable && "renewable tokens",
    role.token_explicit_max_ttl > 0 && "tokens with an explicit max TTL",
  ].find(one => one !== false)
  if (bad !== undefined) throw refuse.invalid(`'token_type' cannot be 'batch' when role is set to generate ${bad}`)
}

export const roleRoutes = crud<typeof roles.fields, ServerContext>("roles", roles, {
  summary: "A role for making tokens.",
  replies: {
    name: field.string("Its name."),
    ...roles.fields,
    ...optional({ token_bound_cidrs: roles.fields.token_bound_cidrs, token_num_uses: roles.fields.token_num_uses }),
    period: field.duration("The same as `token_period`, for older clients."),
    explicit_max_ttl: field.duration("The same as `token_explicit_max_ttl`."),
    bound_cidrs: field.stringList("The same as `token_bound_cidrs`.", { optional: true }),
  },
  check,
  show: (role, _, name) => {
    const { token_bound_cidrs: cidrs = null, token_num_uses: uses = null, ...shown } = roles.shown(role)
    return {
      name,
      ...shown,
      allowed_entity_aliases: role.allowed_entity_aliases.length > 0 ? role.allowed_entity_aliases : null,
      period: role.token_period,
      explicit_max_ttl: role.token_explicit_max_ttl,
      // Vault leaves these out while they say nothing.
      ...(role.token_bound_cidrs.length > 0 ? { token_bound_cidrs: cidrs, bound_cidrs: cidrs } : {}),
      ...(role.token_num_uses > 0 ? { token_num_uses: uses } : {}),
    }
  },
})

/** `*` at either end or both, nothing else: how Vault's role globs read. */
export function globMatches(glob: string, text: string): boolean {
  const start = glob.startsWith("*")
  const end = glob.length > 1 && glob.endsWith("*")
  const middle = glob.slice(start ? 1 : 0, end ? -1 : undefined)
  if (glob === "*") return true
  if (start && end) return text.includes(middle)
  if (start) return text.endsWith(middle)
  return end ? text.startsWith(middle) : text === glob
}
