/** Sessions of STS. Nobody can end one early, so there is nothing to undo: they are kept short instead. */

import {
  type Answer,
  type Context,
  isJsonObject,
  type Json,
  type JsonObject,
  leaseKind,
  parseJson,
  refuse,
} from "@arca/api"
import type { Credentials } from "@aws-sdk/client-sts"
import { listOf, objectOf } from "../answer.ts"
import { doing, iamClient, iamLibrary, stsClient, stsLibrary } from "./clients.ts"
import { nameFor, normalized } from "./names.ts"
import type { CredentialType, Role } from "./roles.ts"

export const session = leaseKind<{ is_sts: boolean }>({ name: "sts_session", renewable: false })

export interface SessionAsked {
  readonly roleName: string
  readonly role: Role
  readonly ttl: number | undefined
  readonly roleArn: string
  readonly roleSessionName: string
  readonly mfaCode: string
}

const HOUR = 3600

/** How long a session lives, in seconds: as asked for, within what role and mount allow. */
function secondsOf(ctx: Context, { role, ttl }: SessionAsked): number {
  const wished = ttl || role.default_sts_ttl || HOUR
  return Math.min(wished, role.max_sts_ttl || ctx.mount.maxTtl, ctx.mount.maxTtl)
}

/** The most that a session may do: the role's policies, and those of its groups. */
async function limitsOf(ctx: Context, role: Role): Promise<{ Policy?: string; PolicyArns?: { arn: string }[] }> {
  const groups = await groupPolicies(ctx, role.iam_groups)
  const documents = [...groups.documents, ...(role.policy_document === "" ? [] : [role.policy_document])]
  const arns = [...groups.arns, ...role.policy_arns]
  const [only] = documents
  const Policy = documents.length > 1 ? combined(documents) : only
  return {
    ...(Policy === undefined ? {} : { Policy }),
    ...(arns.length === 0 ? {} : { PolicyArns: arns.map(arn => ({ arn })) }),
  }
}

async function groupPolicies(
  ctx: Context,
  groups: readonly string[],
): Promise<{ documents: string[]; arns: string[] }> {
  const documents: string[] = []
  const arns: string[] = []
  if (groups.length === 0) return { documents, arns }
  const iam = await iamLibrary()
  const client = await iamClient(ctx)
  for (const GroupName of groups) {
    const attached = await doing(
      "Error reading a group's policies",
      client.send(new iam.ListAttachedGroupPoliciesCommand({ GroupName })),
    )
    arns.push(...(attached.AttachedPolicies ?? []).map(policy => policy.PolicyArn ?? ""))
    const inline = await doing(
      "Error reading a group's policies",
      client.send(new iam.ListGroupPoliciesCommand({ GroupName })),
    )
    for (const PolicyName of inline.PolicyNames ?? []) {
      const read = client.send(new iam.GetGroupPolicyCommand({ GroupName, PolicyName }))
      const { PolicyDocument = "" } = await doing("Error reading a group's policies", read)
      documents.push(decodeURIComponent(PolicyDocument))
    }
  }
  return { documents, arns }
}

/** One policy with the statements of all. */
function combined(documents: readonly string[]): string {
  const Statement = documents.flatMap((text): Json[] => {
    const statement = objectOf(parseJson(text)).Statement
    return isJsonObject(statement) ? [statement] : listOf(statement)
  })
  return JSON.stringify({ Version: "2012-10-17", Statement })
}

function answer(ctx: Context, given: Credentials | undefined, seconds: number, more: JsonObject = {}): Answer {
  if (given?.AccessKeyId === undefined) throw refuse.upstream("AWS answered without credentials")
  const left = given.Expiration === undefined ? seconds : Math.floor(given.Expiration.getTime() / 1000 - ctx.now)
  const ttl = Math.max(1, Math.min(seconds, left))
  return {
    data: {
      access_key: given.AccessKeyId,
      secret_key: given.SecretAccessKey ?? "",
      security_token: given.SessionToken ?? "",
      session_token: given.SessionToken ?? "",
      ttl,
      ...more,
    },
    lease: ctx.lease(session, { is_sts: true }, { ttl, maxTtl: ttl, renewable: false }),
  }
}

async function assumeRole(ctx: Context, asked: SessionAsked): Promise<Answer> {
  const { role, roleName } = asked
  const RoleArn = roleArnOf(asked)
  const { AssumeRoleCommand } = await stsLibrary()
  const DurationSeconds = secondsOf(ctx, asked)
  const Tags = [...role.session_tags].map(([Key, Value]) => ({ Key, Value }))
  const command = new AssumeRoleCommand({
    RoleArn,
    RoleSessionName: normalized(asked.roleSessionName) || (await nameFor(ctx, "IAM", roleName)),
    DurationSeconds,
    ...(await limitsOf(ctx, role)),
    ...(role.external_id === "" ? {} : { ExternalId: role.external_id }),
    ...(Tags.length === 0 ? {} : { Tags }),
  })
  const made = await doing("Error assuming role", (await stsClient(ctx)).send(command))
  return answer(ctx, made.Credentials, DurationSeconds, { arn: made.AssumedRoleUser?.Arn ?? "" })
}

function roleArnOf({ role, roleName, roleArn }: SessionAsked): string {
  const [only = ""] = role.role_arns
  if (roleArn === "" && role.role_arns.length === 1) return only
  if (roleArn === "") throw refuse.invalid("did not supply a role_arn parameter and unable to determine one")
  if (role.role_arns.includes(roleArn)) return roleArn
  throw refuse.invalid(
    `role_arn ${JSON.stringify(roleArn)} not in allowed role arns for Vault role ${JSON.stringify(roleName)}`,
  )
}

async function federationToken(ctx: Context, asked: SessionAsked): Promise<Answer> {
  const { GetFederationTokenCommand } = await stsLibrary()
  const limits = await limitsOf(ctx, asked.role)
  if (limits.Policy === undefined && limits.PolicyArns === undefined) {
    throw refuse.invalid(
      "must specify at least one of policy_arns or policy_document with federation_token credential_type",
    )
  }
  const DurationSeconds = secondsOf(ctx, asked)
  const Name = await nameFor(ctx, "STS", asked.roleName)
  const command = new GetFederationTokenCommand({ Name, DurationSeconds, ...limits })
  const made = await doing("Error generating STS keys", (await stsClient(ctx)).send(command))
  return answer(ctx, made.Credentials, DurationSeconds, { arn: made.FederatedUser?.Arn ?? "" })
}

async function sessionToken(ctx: Context, asked: SessionAsked): Promise<Answer> {
  const { GetSessionTokenCommand } = await stsLibrary()
  const DurationSeconds = secondsOf(ctx, asked)
  const SerialNumber = asked.role.mfa_serial_number
  const mfa = SerialNumber === "" ? {} : { SerialNumber, TokenCode: asked.mfaCode }
  const command = new GetSessionTokenCommand({ DurationSeconds, ...mfa })
  const made = await doing("Error generating STS keys", (await stsClient(ctx)).send(command))
  return answer(ctx, made.Credentials, DurationSeconds)
}

/** A session of a kind. */
export const issueSession: Readonly<
  Record<Exclude<CredentialType, "iam_user">, (ctx: Context, asked: SessionAsked) => Promise<Answer>>
> = { assumed_role: assumeRole, federation_token: federationToken, session_token: sessionToken }
