/** Roles: which kind of credential, and what it may do. */

import {
  type Answer,
  type Context,
  errorList,
  field,
  isJsonObject,
  type Json,
  listRoute,
  parseJson,
  record,
  refuse,
  route,
  type Values,
} from "@arca/api"
import { emptyAsNull } from "../answer.ts"

export const CREDENTIAL_TYPES = ["iam_user", "assumed_role", "federation_token", "session_token"] as const
export type CredentialType = (typeof CREDENTIAL_TYPES)[number]

export const roles = record("role", "role/", {
  credential_type: field.commaList("`iam_user`, `assumed_role`, `federation_token` or `session_token`.", {
    default: [],
    plain: true,
  }),
  role_arns: field.commaList("Roles that may be assumed.", { default: [], plain: true }),
  policy_arns: field.commaList("Policies: attached to users, or the most that a session may do.", {
    default: [],
    plain: true,
  }),
  policy_document: field.string("A policy in JSON: of users, or the most that a session may do.", {
    default: "",
    plain: true,
  }),
  iam_groups: field.commaList("Groups that users join; of sessions, the groups' policies hold.", {
    default: [],
    plain: true,
  }),
  iam_tags: field.pairs("Tags of users.", { default: new Map<string, string>() }),
  session_tags: field.pairs("Tags of assumed sessions.", { default: new Map<string, string>() }),
  external_id: field.string("The external id that the role's trust policy asks for.", { default: "", plain: true }),
  default_sts_ttl: field.duration("How long sessions live unless asked otherwise; an hour when 0.", { default: 0 }),
  max_sts_ttl: field.duration("How long they may be asked for; the mount's longest when 0.", { default: 0 }),
  permissions_boundary_arn: field.string("A policy that bounds what users may do.", { default: "", plain: true }),
  user_path: field.string("The path of users.", { default: "", plain: true }),
  mfa_serial_number: field.string("The MFA device of the account, for session tokens.", { default: "", plain: true }),
})

export type Role = Values<typeof roles.fields>

/** One word to callers; two in roles of the older kind. */
const credentialType = field.string("`iam_user`, `assumed_role`, `federation_token` or `session_token`.", {
  plain: true,
})

const legacyFields = {
  policy: field.string("A policy in JSON.", { deprecated: "use policy_document with credential_type" }),
  arn: field.string("A role or policy.", { deprecated: "use role_arns or policy_arns with credential_type" }),
}

/** What Vault refuses beside them; it ignores the rest. */
const NOT_BESIDE_LEGACY = [
  "role_arns",
  "policy_arns",
  "policy_document",
  "default_sts_ttl",
  "max_sts_ttl",
  "user_path",
  "permissions_boundary_arn",
]

/** Older clients name neither type nor kind: the text tells, and is all that such a role has. */
function legacy(policy: string, arn: string, ctx: Context): Partial<Role> {
  if (policy !== "" && arn !== "") throw refuse.invalid("only one of policy or arn should be provided")
  if (ctx.body.credential_type !== undefined)
    throw refuse.invalid("cannot supply deprecated role or policy parameters with an explicit credential_type")
  ctx.warn("Detected use of legacy role or policy parameter. Please upgrade to use the new parameters.")
  const beside = NOT_BESIDE_LEGACY.find(name => ctx.body[name] !== undefined)
  if (beside !== undefined) throw refuse.invalid(`cannot supply deprecated role or policy parameters with ${beside}`)
  const text = policy || arn
  const resource = /^arn:[\w-]*:iam:[^:]*:[^:]*:(role|policy)\//.exec(text)?.[1]
  if (resource === "role") return { credential_type: ["assumed_role"], role_arns: [text] }
  if (resource === "policy") return { credential_type: ["iam_user"], policy_arns: [text] }
  const policy_document = compacted(text)
  if (policy_document === undefined) throw refuse.invalid(`unable to parse supplied data: ${JSON.stringify(text)}`)
  return { credential_type: ["iam_user", "federation_token"], policy_document }
}

/** A policy without its blanks; undefined when it is no JSON object. */
function compacted(text: string): string | undefined {
  try {
    const parsed: Json = parseJson(text)
    return isJsonObject(parsed) ? JSON.stringify(parsed) : undefined
  } catch {
    return undefined
  }
}

function compact(text: string): string {
  const policy = compacted(text)
  if (policy === undefined) throw refuse.invalid(`cannot parse policy document: ${JSON.stringify(text)}`)
  return policy
}

const isArn = (text: string, resource: "role" | "policy"): boolean =>
  new RegExp(`^arn:[\\w-]*:iam:[^:]*:[^:]*:${resource}/\\S+$`).test(text)

const USER_PATH = "^\\/([\\x21-\\x7F]{0,510}\\/)?$"

/** All that is wrong with a role, in Vault's words. */
function complaints(role: Role): string[] {
  const types = role.credential_type
  const has = (...wanted: CredentialType[]): boolean => wanted.some(type => types.includes(type))
  const unless = (fine: boolean, words: string): string[] => (fine ? [] : [words])
  const onlySessions = (name: "default_sts_ttl" | "max_sts_ttl"): string[] =>
    unless(
      role[name] === 0 || has("assumed_role", "federation_token", "session_token"),
      `${name} parameter only valid for assumed_role, federation_token, and session_token credential types`,
    )
  const onlyAssumed = (name: string, given: boolean): string[] =>
    unless(!given || has("assumed_role"), `cannot supply ${name} when credential_type isn't assumed_role`)
  const bounded = role.permissions_boundary_arn !== ""
  const isPolicy = isArn(role.permissions_boundary_arn, "policy")
  return [
    ...unless(types.length > 0, "did not supply credential_type"),
    ...types
      .filter(type => !CREDENTIAL_TYPES.some(known => known === type))
      .map(type => `unrecognized credential type: ${type}`),
    ...onlySessions("default_sts_ttl"),
    ...onlySessions("max_sts_ttl"),
    ...unless(
      role.max_sts_ttl === 0 || role.default_sts_ttl <= role.max_sts_ttl,
      '"default_sts_ttl" value must be less than or equal to "max_sts_ttl" value',
    ),
    ...unless(role.user_path === "" || has("iam_user"), "user_path parameter only valid for iam_user credential type"),
    ...unless(
      role.user_path === "" || new RegExp(USER_PATH).test(role.user_path),
      `the specified value for user_path is invalid. It must match ${JSON.stringify(USER_PATH)} regexp`,
    ),
    ...unless(!bounded || isPolicy, "invalid permissions_boundary_arn parameter: it is no ARN of a policy"),
    ...unless(
      !bounded || !isPolicy || has("iam_user"),
      "cannot supply permissions_boundary_arn when credential_type isn't iam_user",
    ),
    ...unless(
      !has("session_token") || (role.policy_document === "" && role.policy_arns.length === 0),
      "cannot supply a policy or role when using credential_type session_token",
    ),
    ...onlyAssumed("role_arns", role.role_arns.length > 0),
    ...onlyAssumed("session_tags", role.session_tags.size > 0),
    ...onlyAssumed("external_id", role.external_id !== ""),
  ]
}

const name = field.nameWithAt("Name of the role.", { plain: true })

async function merged(wanted: string, ctx: Context): Promise<Role> {
  const { credential_type: given, ...body } = ctx.body
  const role = roles.merge(await roles.get(ctx.store, wanted), body)
  const { policy_document } = role
  return {
    ...role,
    // A role has one type: two are known of older ones only.
    credential_type: given === undefined ? role.credential_type : [String(given ?? "")],
    policy_document: policy_document === "" ? "" : compact(policy_document),
  }
}

async function write(wanted: string, policy: string, arn: string, ctx: Context): Promise<Answer | undefined> {
  const role =
    policy === "" && arn === ""
      ? await merged(wanted, ctx)
      : { ...roles.merge(undefined, {}), ...legacy(policy, arn, ctx) }
  const wrong = complaints(role)
  if (wrong.length > 0)
    throw refuse.invalid(`error(s) validating supplied role data: ${JSON.stringify(errorList(wrong))}`)
  roles.put(ctx.store, wanted, role)
  return undefined
}

export const roleRoutes = [
  listRoute("roles", "List the roles.", (ctx, page) => roles.list(ctx.store, page)),
  route("roles/:name", {
    summary: "A role: which kind of credential, and what it may do. Read, write, delete.",
    item: "Role",
    operation: "*-role",
    fields: { name, ...roles.fields, credential_type: credentialType, ...legacyFields },
    read: async (input, ctx) => {
      const role = await roles.get(ctx.store, input.name)
      if (role === undefined) return undefined
      const shown = { ...emptyAsNull(roles.shown(role)), credential_type: role.credential_type.join(",") }
      return { data: shown }
    },
    write: (input, ctx) => write(input.name, input.policy ?? "", input.arn ?? "", ctx),
    delete: (input, ctx) => {
      roles.delete(ctx.store, input.name)
      return undefined
    },
  }),
]
