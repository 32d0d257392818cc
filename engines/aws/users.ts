/** IAM users that live as long as their lease. */

import { type Answer, type Context, leaseKind, refuse } from "@arca/api"
import type { IAMClient } from "@aws-sdk/client-iam"
import { doing, iamClient, iamLibrary, isMissing, isTaken, madeNothing, told } from "./clients.ts"
import { nameFor } from "./names.ts"
import type { Role } from "./roles.ts"
import { lease } from "./root.ts"

export const user = leaseKind<{ username: string }>({
  name: "access_keys",
  revoke: async ({ username }, ctx) => deleteUser(await iamClient(ctx), username),
  terms: (_, ctx) => lifeOf(ctx),
})

async function lifeOf(ctx: Context): Promise<{ ttl: number; maxTtl: number }> {
  const { lease: ttl = 0, lease_max: maxTtl = 0 } = (await lease.get(ctx.store)) ?? {}
  return { ttl, maxTtl }
}

export async function issueUser(ctx: Context, roleName: string, role: Role): Promise<Answer> {
  const username = await nameFor(ctx, "IAM", roleName)
  const client = await iamClient(ctx)
  const { ttl, maxTtl } = await lifeOf(ctx)
  // Durable before the user exists: should we die in between, the lease's job removes it.
  const prepared = await ctx.prepare(user, { username })
  await createUser(client, username, role).catch(async (error: unknown) => {
    // AWS answered, and made nothing: there is nothing to undo, least of all somebody else's user of that name.
    if (madeNothing(error)) await prepared.forget()
    throw isTaken(error)
      ? refuse.failed(`the user ${username} is there already: the username_template must make names that are used once`)
      : told(error, "Error creating IAM user")
  })
  await equip(client, username, roleName, role)
  const { CreateAccessKeyCommand } = await iamLibrary()
  const made = client.send(new CreateAccessKeyCommand({ UserName: username }))
  const { AccessKey } = await doing("Error creating access keys", made)
  if (AccessKey === undefined) throw refuse.upstream("AWS answered without an access key")
  return {
    data: {
      access_key: AccessKey.AccessKeyId ?? "",
      secret_key: AccessKey.SecretAccessKey ?? "",
      security_token: null,
      session_token: null,
    },
    lease: prepared.until(ttl, maxTtl),
  }
}

async function createUser(client: IAMClient, username: string, role: Role): Promise<void> {
  const { CreateUserCommand } = await iamLibrary()
  const boundary = role.permissions_boundary_arn
  await client.send(
    new CreateUserCommand({
      UserName: username,
      Path: role.user_path || "/",
      ...(boundary === "" ? {} : { PermissionsBoundary: boundary }),
    }),
  )
}

/** Gives a user what its role says. */
async function equip(client: IAMClient, UserName: string, roleName: string, role: Role): Promise<void> {
  const { AddUserToGroupCommand, AttachUserPolicyCommand, PutUserPolicyCommand, TagUserCommand } = await iamLibrary()
  for (const PolicyArn of role.policy_arns) {
    await doing("Error attaching user policy", client.send(new AttachUserPolicyCommand({ UserName, PolicyArn })))
  }
  if (role.policy_document !== "") {
    const policy = { UserName, PolicyName: roleName, PolicyDocument: role.policy_document }
    await doing("Error putting user policy", client.send(new PutUserPolicyCommand(policy)))
  }
  for (const GroupName of role.iam_groups) {
    await doing("Error adding user to group", client.send(new AddUserToGroupCommand({ UserName, GroupName })))
  }
  const Tags = [...role.iam_tags].map(([Key, Value]) => ({ Key, Value }))
  if (Tags.length > 0) await doing("Error adding tags to user", client.send(new TagUserCommand({ UserName, Tags })))
}

/** Removes a user with all that it has. What is gone already is no failure. */
async function deleteUser(client: IAMClient, UserName: string): Promise<void> {
  const iam = await iamLibrary()
  const remove = async (call: Promise<unknown>): Promise<void> => {
    await call.catch((error: unknown) => {
      if (!isMissing(error)) throw told(error, `Error removing IAM user ${UserName}`)
    })
  }
  for await (const { AccessKeyMetadata = [] } of pages(iam.paginateListAccessKeys({ client }, { UserName }))) {
    for (const { AccessKeyId } of AccessKeyMetadata)
      await remove(client.send(new iam.DeleteAccessKeyCommand({ UserName, AccessKeyId })))
  }
  for await (const { AttachedPolicies = [] } of pages(iam.paginateListAttachedUserPolicies({ client }, { UserName }))) {
    for (const { PolicyArn } of AttachedPolicies)
      await remove(client.send(new iam.DetachUserPolicyCommand({ UserName, PolicyArn })))
  }
  for await (const { PolicyNames = [] } of pages(iam.paginateListUserPolicies({ client }, { UserName }))) {
    for (const PolicyName of PolicyNames)
      await remove(client.send(new iam.DeleteUserPolicyCommand({ UserName, PolicyName })))
  }
  for await (const { Groups = [] } of pages(iam.paginateListGroupsForUser({ client }, { UserName }))) {
    for (const { GroupName } of Groups)
      await remove(client.send(new iam.RemoveUserFromGroupCommand({ UserName, GroupName })))
  }
  await remove(client.send(new iam.DeleteUserCommand({ UserName })))
}

/** The pages of a listing; none when what is listed is gone. */
async function* pages<T>(listing: AsyncIterable<T>): AsyncIterable<T> {
  try {
    yield* listing
  } catch (error) {
    if (!isMissing(error)) throw told(error, "Error listing what an IAM user has")
  }
}
