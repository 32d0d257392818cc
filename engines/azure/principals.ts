/** Applications with their service principals, and secrets of applications: all under names that we chose. */

import { setTimeout } from "node:timers/promises"
import { type Context, Refusal, refuse } from "@arca/api"
import { listOf, objectOf, textOf } from "../answer.ts"
import { type Azure, escaped, filter } from "./azure.ts"
import { API, type AzureGroup, type AzureRole } from "./roles.ts"

/** What a new application gets. `assignments` are our own ids of role assignments, one for each role. */
export interface Making {
  readonly appName: string
  readonly signInAudience: string
  readonly tags: readonly string[]
  readonly roles: readonly AzureRole[]
  readonly groups: readonly AzureGroup[]
  readonly assignments: readonly string[]
  /** When its secret ends, in seconds since 1970; undefined: it gets none. */
  readonly endsAt: number | undefined
}

export interface Made {
  /** The id of the application's object; `clientId` is what it signs in by. */
  readonly objectId: string
  readonly clientId: string
  readonly secret: string
}

/** A random id, version 4 (RFC 9562). */
export function uuid(ctx: Context): string {
  const bytes = Buffer.from(ctx.random(16))
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5")
}

export const assignmentPath = (scope: string, id: string): string =>
  `${scope}/providers/Microsoft.Authorization/roleAssignments/${id}`

/** Azure knows new objects everywhere only after some seconds: tries again while it says that there are none. */
async function whenKnown<T>(act: () => Promise<T>): Promise<T> {
  for (const pause of [500, 1000, 2000, 4000, 8000, 0]) {
    try {
      return await act()
    } catch (error) {
      const isEarly =
        error instanceof Refusal &&
        /PrincipalNotFound|Request_ResourceNotFound|does not reference a valid application|local tenant/.test(
          error.message,
        )
      if (!isEarly || pause === 0) throw error
      await setTimeout(pause)
    }
  }
  throw refuse.upstream("Azure does not know what it made")
}

const time = (seconds: number): string => new Date(seconds * 1000).toISOString()

export async function makePrincipal(ctx: Context, cloud: Azure, making: Making): Promise<Made> {
  const app = await cloud.graph("POST", "/v1.0/applications", {
    displayName: making.appName,
    ...(making.signInAudience === "" ? {} : { signInAudience: making.signInAudience }),
    ...(making.tags.length === 0 ? {} : { tags: [...making.tags] }),
  })
  const clientId = textOf(app.json.appId)
  const principal = await whenKnown(() => cloud.graph("POST", "/v1.0/servicePrincipals", { appId: clientId }))
  const principalId = textOf(principal.json.id)
  const secret = making.endsAt === undefined ? "" : await principalSecret(ctx, cloud, principalId, making.endsAt)
  for (const [index, role] of making.roles.entries()) {
    const path = assignmentPath(role.scope, making.assignments[index] ?? "")
    const properties = { roleDefinitionId: role.role_id, principalId, principalType: "ServicePrincipal" }
    await whenKnown(() => cloud.management("PUT", `${escaped(path)}?${API}`, { properties }))
  }
  for (const group of making.groups) {
    const member = { "@odata.id": cloud.objectUrl(principalId) }
    await whenKnown(() => cloud.graph("POST", `/v1.0/groups/${group.object_id}/members/$ref`, member))
  }
  return { objectId: textOf(app.json.id), clientId, secret }
}

async function principalSecret(ctx: Context, cloud: Azure, principalId: string, endsAt: number): Promise<string> {
  const passwordCredential = { displayName: "vault", startDateTime: time(ctx.now), endDateTime: time(endsAt) }
  const path = `/v1.0/servicePrincipals/${principalId}/addPassword`
  const { json } = await whenKnown(() => cloud.graph("POST", path, { passwordCredential }))
  return textOf(json.secretText)
}

/** Removes an application by its name, with its principal, its memberships and its role assignments. */
export async function removePrincipal(
  cloud: Azure,
  { appName, assignments, forGood }: { appName: string; assignments: readonly string[]; forGood: boolean },
): Promise<void> {
  for (const path of assignments) await cloud.management("DELETE", `${escaped(path)}?${API}`, undefined, [404])
  const folders = ["servicePrincipals", "applications"]
  for (const folder of folders) {
    const { json } = await cloud.graph("GET", `/v1.0/${folder}?${filter("displayName", appName)}`)
    for (const one of listOf(json.value)) await remove(cloud, folder, textOf(objectOf(one).id), forGood)
  }
}

async function remove(cloud: Azure, folder: string, id: string, forGood: boolean): Promise<void> {
  await cloud.graph("DELETE", `/v1.0/${folder}/${id}`, undefined, [404])
  if (forGood) await cloud.graph("DELETE", `/v1.0/directory/deletedItems/${id}`, undefined, [404])
}

/** Gives an application a secret under a name. */
export async function addSecret(
  ctx: Context,
  cloud: Azure,
  objectId: string,
  name: string,
  endsAt: number,
): Promise<string> {
  const passwordCredential = { displayName: name, startDateTime: time(ctx.now), endDateTime: time(endsAt) }
  const { json } = await cloud.graph("POST", `/v1.0/applications/${objectId}/addPassword`, { passwordCredential })
  return textOf(json.secretText)
}

/** Takes secrets from an application: those that `isMeant` of its credentials. What is gone already is no failure. */
export async function removeSecrets(
  cloud: Azure,
  objectId: string,
  isMeant: (credential: { name: string; hint: string }) => boolean,
): Promise<void> {
  const path = `/v1.0/applications/${objectId}`
  const { json } = await cloud.graph("GET", path, undefined, [404])
  for (const credential of listOf(json.passwordCredentials).map(objectOf)) {
    if (!isMeant({ name: textOf(credential.displayName), hint: textOf(credential.hint) })) continue
    await cloud.graph("POST", `${path}/removePassword`, { keyId: textOf(credential.keyId) }, [404])
  }
}

/** The object of the application that we are ourselves. */
export async function ownApplication(cloud: Azure, clientId: string): Promise<string> {
  const { json } = await cloud.graph("GET", `/v1.0/applications?${filter("appId", clientId)}`)
  const found = listOf(json.value)
  if (found.length === 1) return textOf(objectOf(found[0]).id)
  throw refuse.upstream(found.length === 0 ? "no application found" : "multiple applications found")
}
