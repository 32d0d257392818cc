/** The `token_*` parameters that every role of every auth method has, and what they mean for the token. */

import type { TokenTerms } from "./engine.ts"
import { field, type Values } from "./field.ts"
import { refuse } from "./refusal.ts"

/** Forms show them together. */
const group = "Tokens"

export const tokenFields = {
  token_ttl: field.duration("The token's first life.", { default: 0, group }),
  token_max_ttl: field.duration("The longest the token lives, renewals included.", {
    default: 0,
    group,
  }),
  token_policies: field.commaList("Policies of the token.", { default: [], plain: true, group }),
  token_bound_cidrs: field.addresses("Networks from which the token may be used.", {
    default: [],
    group,
    plain: true,
  }),
  token_explicit_max_ttl: field.duration("A hard end of the token's life, whatever the mount allows.", {
    default: 0,
    group,
  }),
  token_no_default_policy: field.bool("Leave the policy `default` off.", { default: false, group }),
  token_num_uses: field.int("How many requests the token is good for; 0 is no limit.", { default: 0, group }),
  token_period: field.duration("A periodic token: each renewal gives this life again, without an end.", {
    default: 0,
    group,
  }),
  token_type: field.string("service, batch, default, default-service or default-batch.", {
    default: "default",
    group,
    choices: ["default", "service", "batch", "default-service", "default-batch"],
    otherwise: "invalid 'token_type' value %q",
  }),
} as const

/** Names in lower case, each once, in order. */
export const foldedNames = (names: readonly string[]): string[] =>
  [...new Set(names.map(name => name.toLowerCase()))].sort()

type TokenFields = typeof tokenFields

/** The same fields, some of which also go by the names that they had in this method before they had the prefix. */
export function tokenFieldsAs(former: Readonly<Partial<Record<keyof TokenFields, string>>>): TokenFields {
  const renamed = Object.entries(former).map(([name, alias]) => {
    const one = tokenFields[name as keyof TokenFields]
    return [name, { ...one, options: { ...one.options, alias: [alias] } }]
  })
  return { ...tokenFields, ...Object.fromEntries(renamed) }
}

/** What a role's `token_*` fields ask of the token. */
export function termsOf(role: Values<typeof tokenFields>): TokenTerms {
  return {
    ttl: role.token_ttl,
    maxTtl: role.token_max_ttl,
    period: role.token_period,
    explicitMaxTtl: role.token_explicit_max_ttl,
    numUses: role.token_num_uses,
    boundCidrs: role.token_bound_cidrs,
    noDefaultPolicy: role.token_no_default_policy,
    type: role.token_type as TokenTerms["type"],
  }
}

const BATCH = "'token_type' cannot be 'batch' or 'default_batch' when set to generate"

/** Refuses a role whose token could not exist. */
export function checkTokenFields(role: Values<typeof tokenFields>): void {
  if (role.token_max_ttl > 0 && role.token_ttl > role.token_max_ttl) {
    throw refuse.invalid("'token_ttl' cannot be greater than 'token_max_ttl'")
  }
  if (role.token_num_uses < 0) throw refuse.invalid("'token_num_uses' cannot be negative")
  if (role.token_policies.some(name => name.trim().toLowerCase() === "root")) {
    throw refuse.invalid("root policy may not be used in a role")
  }
  if (role.token_type !== "batch" && role.token_type !== "default-batch") return
  if (role.token_period > 0) throw refuse.invalid(`${BATCH} periodic tokens`)
  if (role.token_num_uses > 0) {
    throw refuse.invalid(`${BATCH} tokens with limited use count`)
  }
}
