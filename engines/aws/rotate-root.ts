/**
 * Replacing the managing account's own access key. AWS shows a new key once, so which keys there were is written down first: one
 * that came meanwhile and is not ours was lost, and can be deleted.
 */

import { type Answer, type Context, refuse, route, type Store } from "@arca/api"
import type { IAMClient } from "@aws-sdk/client-iam"
import { doing, iamClient, iamLibrary, isMissing, told } from "./clients.ts"
import { type Root, root } from "./root.ts"

async function needRoot(store: Store): Promise<Root> {
  const found = await root.get(store)
  if (found === undefined) throw refuse.invalid("no configuration found for config/root")
  return found
}

const change = (ctx: Context, next: (before: Root) => Root): Promise<Root> =>
  ctx.durably(async store => {
    const changed = next(await needRoot(store))
    root.put(store, changed)
    return changed
  })

async function deleteKey(client: IAMClient, UserName: string, AccessKeyId: string): Promise<void> {
  const { DeleteAccessKeyCommand } = await iamLibrary()
  await client.send(new DeleteAccessKeyCommand({ UserName, AccessKeyId })).catch((error: unknown) => {
    if (!isMissing(error)) throw told(error, "error deleting old access key")
  })
}

async function rotateRoot(ctx: Context): Promise<Answer> {
  const given = await needRoot(ctx.store)
  if (given.access_key === "" || given.secret_key === "")
    throw refuse.invalid("Cannot call config/rotate-root when either access_key or secret_key is empty")
  const { CreateAccessKeyCommand, GetUserCommand, ListAccessKeysCommand } = await iamLibrary()
  const client = await iamClient(ctx, given)
  const { User } = await doing("error calling GetUser", client.send(new GetUserCommand({})))
  const UserName = User?.UserName ?? ""
  const listed = client.send(new ListAccessKeysCommand({ UserName }))
  const { AccessKeyMetadata = [] } = await doing("error calling ListAccessKeys", listed)
  const keys = AccessKeyMetadata.map(key => key.AccessKeyId ?? "")
  for (const lost of keys) {
    const isOurs = lost === given.access_key || given.keys_before.includes(lost)
    if (lost === given.stale_key || (given.keys_before.length > 0 && !isOurs)) await deleteKey(client, UserName, lost)
  }
  await change(ctx, before => ({ ...before, keys_before: keys }))
  const made = client.send(new CreateAccessKeyCommand({ UserName }))
  const { AccessKey } = await doing("error calling CreateAccessKey", made)
  const { AccessKeyId: access_key = "", SecretAccessKey: secret_key = "" } = AccessKey ?? {}
  if (access_key === "" || secret_key === "") throw refuse.upstream("AWS answered CreateAccessKey without a key")
  await change(ctx, before => ({ ...before, access_key, secret_key, stale_key: given.access_key, keys_before: [] }))
  // With the key that goes: the new one may not be known everywhere for some seconds.
  await deleteKey(client, UserName, given.access_key)
  await change(ctx, before => ({ ...before, stale_key: "" }))
  return { data: { access_key } }
}

export const rotateRootRoute = route("config/rotate-root", {
  summary: "Replace the access key that manages IAM by one that nobody else knows.",
  operation: "rotate-root-iam-credentials",
  write: (_, ctx) => rotateRoot(ctx),
})
