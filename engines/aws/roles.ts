/** Roles: which kind of credential, and what it may do. */

import {
  type Answer,
  type Context,
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

/** Older clients name neither type nor kind: the text tells. */
function legacy(policy: string, arn: string, ctx: Context): Partial<Role> {
  if (policy !== "" && arn !== "") throw refuse.invalid("only one of policy or arn should be provided")
  if (ctx.body.credential_type !== undefined)
    throw refuse.invalid("cannot supply deprecated role or policy parameters with an explicit credential_type")
  ctx.warn("Detected use of legacy role or policy parameter. Please upgrade to use the new parameters.")
  const text = policy || arn
  const resource = /^arn:[\w-]*:iam:[^:]*:[^:]*:(role|policy)\//.exec(text)?.[1]
  if (resource === "role") return { credential_type: ["assumed_role"], role_arns: [text] }
  if (resource === "policy") return { credential_type: ["iam_user"], policy_arns: [text] }
  return { credential_type: ["iam_user", "federation_token"], policy_document: compact(text) }
}

function compact(text: string): string {
  let parsed: Json
  try {
    parsed = parseJson(text)
  } catch {
    throw refuse.invalid("cannot parse policy document: it is no JSON")
  }
  if (!isJsonObject(parsed)) throw refuse.invalid("cannot parse policy document: it is no JSON object")
  return JSON.stringify(parsed)
}

const isArn = (text: string, resource: "role" | "policy"): boolean =>
  new RegExp(`^arn:[\\w-]*:iam:[^:]*:[^:]*:${resource}/\\S+$`).test(text)

/** All that is wrong with a role, in Vault's words. */
function complaints(role: Role): string[] {
  const types = role.credential_type
  const has = (...wanted: CredentialType[]): boolean => wanted.some(type => types.includes(type))
  const only = (name: string, given: boolean, ...wanted: CredentialType[]): string[] =>
    given && !has(...wanted) ? [`${name} parameter only valid for ${wanted.join(" and ")} credential types`] : []
  const unknown = types.filter(type => !CREDENTIAL_TYPES.some(known => known === type))
  return [
    ...(types.length === 0 ? ["did not supply credential_type"] : []),
    ...unknown.map(type => `unrecognized credential type: ${type}`),
    ...only("default_sts_ttl", role.default_sts_ttl > 0, "assumed_role", "federation_token", "session_token"),
    ...only("max_sts_ttl", role.max_sts_ttl > 0, "assumed_role", "federation_token", "session_token"),
    ...(role.max_sts_ttl > 0 && role.default_sts_ttl > role.max_sts_ttl
      ? ['"default_sts_ttl" value must be less than or equal to "max_sts_ttl" value']
      : []),
    ...only("user_path", role.user_path !== "", "iam_user"),
    ...(role.user_path !== "" && !/^\/([\x21-\x7f]{0,510}\/)?$/.test(role.user_path)
      ? ["The specified value for user_path is invalid: it must begin and end with a slash"]
      : []),
    ...(role.permissions_boundary_arn !== "" && !has("iam_user")
      ? ["cannot supply permissions_boundary_arn when credential_type isn't iam_user"]
      : []),
    ...(role.permissions_boundary_arn !== "" && !isArn(role.permissions_boundary_arn, "policy")
      ? ["invalid permissions_boundary_arn parameter: it is no ARN of a policy"]
      : []),
    ...(role.role_arns.length > 0 && !has("assumed_role")
      ? ["cannot supply role_arns when credential_type isn't assumed_role"]
      : []),
    ...only("session_tags", role.session_tags.size > 0, "assumed_role"),
    ...only("external_id", role.external_id !== "", "assumed_role"),
    ...only("mfa_serial_number", role.mfa_serial_number !== "", "session_token"),
  ]
}

const name = field.nameWithAt("Name of the role.", { plain: true })

async function write(wanted: string, policy: string, arn: string, ctx: Context): Promise<Answer | undefined> {
  const merged = roles.merge(await roles.get(ctx.store, wanted), ctx.body)
  const old = policy === "" && arn === "" ? {} : legacy(policy, arn, ctx)
  const { policy_document } = { ...merged, ...old }
  const role: Role = { ...merged, ...old, policy_document: policy_document === "" ? "" : compact(policy_document) }
  const wrong = complaints(role)
  if (wrong.length > 0) throw refuse.invalid(`error(s) validating supplied role data: ${wrong.join("; ")}`)
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
      const shown = { ...roles.shown(role), credential_type: role.credential_type.join(",") }
      return { data: shown }
    },
    write: (input, ctx) => write(input.name, input.policy ?? "", input.arn ?? "", ctx),
    delete: (input, ctx) => {
      roles.delete(ctx.store, input.name)
      return undefined
    },
  }),
]
