/** What service principals may do, by Azure's roles and groups, or the application whose secrets are given. */

import {
  type Context,
  field,
  isJsonObject,
  type Json,
  type JsonObject,
  parseJson,
  record,
  refuse,
  type Values,
} from "@arca/api"
import { listOf, objectOf, textOf } from "../answer.ts"
import { type Azure, azure, checkId, checkPath, escaped, filter, type Places } from "./azure.ts"
import { needConfig } from "./config.ts"

const AUDIENCES = [
  "AzureADMyOrg",
  "AzureADMultipleOrgs",
  "AzureADandPersonalMicrosoftAccount",
  "PersonalMicrosoftAccount",
]

const fields = {
  azure_roles: field.string('JSON: `[{"role_name": "Reader", "scope": "/subscriptions/…"}]`.', {
    default: "",
    plain: true,
  }),
  azure_groups: field.string('JSON: `[{"group_name": "developers"}]`.', { default: "", plain: true }),
  application_object_id: field.string("An application that is there already: its secrets are given.", {
    default: "",
    plain: true,
  }),
  application_id: field.string("The client id of that application.", { default: "", plain: true }),
  ttl: field.duration("How long credentials live; the mount's default when 0.", { default: 0 }),
  max_ttl: field.duration("How long renewals can keep them; the mount's longest when 0.", { default: 0 }),
  explicit_max_ttl: field.duration("When Azure ends the secret, whatever happens here; ten years when 0.", {
    default: 0,
  }),
  permanently_delete: field.bool("Delete applications for good, not into the recycle bin.", { default: false }),
  persist_app: field.bool("Make one application for the role, and give secrets of it.", { default: false }),
  sign_in_audience: field.string("Who may sign in to the applications.", { default: "", plain: true }),
  tags: field.commaList("Tags of the applications.", { default: [], plain: true }),
  /** Not a parameter: the name of the application that is kept for the role. */
  managed_app: field.string("The application that is kept for the role.", { default: "" }),
}

export const roles = record("role", "roles/", fields)
export type Role = Values<typeof fields>

/** What a write takes. */
const { application_id: _id, managed_app: _app, ...taken } = fields
export const parameters = taken

export interface AzureRole {
  readonly role_name: string
  readonly role_id: string
  readonly scope: string
}

export interface AzureGroup {
  readonly group_name: string
  readonly object_id: string
}

function objectsOf(text: string, what: string): JsonObject[] {
  if (text === "") return []
  let parsed: Json
  try {
    parsed = parseJson(text)
  } catch {
    throw refuse.invalid(`error parsing Azure ${what}: it is no JSON`)
  }
  if (Array.isArray(parsed) && parsed.every(isJsonObject)) return parsed
  throw refuse.invalid(`error parsing Azure ${what}: expected a list of objects`)
}

export const azureRolesOf = (role: Role): AzureRole[] =>
  objectsOf(role.azure_roles, "roles").map(one => ({
    role_name: textOf(one.role_name),
    role_id: textOf(one.role_id),
    scope: textOf(one.scope),
  }))

export const azureGroupsOf = (role: Role): AzureGroup[] =>
  objectsOf(role.azure_groups, "groups").map(one => ({
    group_name: textOf(one.group_name),
    object_id: textOf(one.object_id),
  }))

export const API = "api-version=2022-04-01"

/** A role as Azure knows it, by its id or its name. */
async function resolveRole(cloud: Azure, { role_id, role_name, scope }: AzureRole): Promise<AzureRole> {
  checkPath(scope, "scope")
  if (role_id !== "") {
    checkPath(role_id, "role_id")
    const { status, json } = await cloud.management("GET", `${escaped(role_id)}?${API}`, undefined, [404])
    if (status === 404) throw refuse.invalid(`no role found for role_id: '${role_id}'`)
    return { role_id: textOf(json.id), role_name: textOf(objectOf(json.properties).roleName), scope }
  }
  const path = `${cloud.subscription}/providers/Microsoft.Authorization/roleDefinitions?${API}&${filter("roleName", role_name)}`
  const found = listOf((await cloud.management("GET", path)).json.value).map(objectOf)
  const [only] = found
  if (only === undefined) throw refuse.invalid(`no role found for role_name: '${role_name}'`)
  if (found.length > 1)
    throw refuse.invalid(`multiple matches found for role_name: '${role_name}'. Specify role by ID instead.`)
  return { role_id: textOf(only.id), role_name: textOf(objectOf(only.properties).roleName), scope }
}

async function resolveGroup(cloud: Azure, { object_id, group_name }: AzureGroup): Promise<AzureGroup> {
  if (object_id !== "") {
    checkId(object_id, "a group")
    const { status, json } = await cloud.graph("GET", `/v1.0/groups/${object_id}`, undefined, [404])
    if (status === 404) throw refuse.invalid(`no group found for object_id: '${object_id}'`)
    return { object_id: textOf(json.id), group_name: textOf(json.displayName) }
  }
  const found = listOf((await cloud.graph("GET", `/v1.0/groups?${filter("displayName", group_name)}`)).json.value)
  const only = objectOf(found[0])
  if (found.length === 0) throw refuse.invalid(`no group found for group_name: '${group_name}'`)
  if (found.length > 1)
    throw refuse.invalid(`multiple matches found for group_name: '${group_name}'. Specify group by ObjectID instead.`)
  return { object_id: textOf(only.id), group_name: textOf(only.displayName) }
}

function refuseTwins(keys: readonly string[], what: string): void {
  const twin = keys.find((key, index) => keys.indexOf(key) !== index)
  if (twin !== undefined) throw refuse.invalid(`duplicate ${what}: '${twin}'`)
}

function checkTimes({ ttl, max_ttl, explicit_max_ttl }: Role): void {
  if (max_ttl > 0 && ttl > max_ttl) throw refuse.invalid("ttl cannot be greater than max_ttl")
  if (explicit_max_ttl > 0 && ttl > explicit_max_ttl)
    throw refuse.invalid("ttl cannot be greater than explicit_max_ttl")
  if (explicit_max_ttl > 0 && max_ttl > explicit_max_ttl)
    throw refuse.invalid("max_ttl cannot be greater than explicit_max_ttl")
}

export function check(role: Role): void {
  checkTimes(role)
  if (role.persist_app && role.application_object_id !== "" && role.managed_app === "")
    throw refuse.invalid("persist_app makes an application itself: leave application_object_id out")
  if (role.sign_in_audience !== "" && !AUDIENCES.includes(role.sign_in_audience))
    throw refuse.invalid(`Invalid value for sign_in_audience field. Valid values are: ${AUDIENCES.join(", ")}`)
  if (role.tags.some(tag => /\s/.test(tag))) throw refuse.invalid("whitespaces are not allowed in tags")
  if (role.tags.some(tag => tag.length > 256)) throw refuse.invalid("tags have 1 to 256 characters")
  if (role.application_object_id !== "" && role.permanently_delete)
    throw refuse.invalid("permanently_delete must be false if application_object_id is provided")
  const named = azureRolesOf(role).length + azureGroupsOf(role).length
  if (role.application_object_id === "" && named === 0) {
    throw refuse.invalid(
      "either Azure role definitions, group definitions, or an Application Object ID must be provided",
    )
  }
}

/** What a role names is looked up when it is written, so that a slip is seen then. */
export async function resolved(ctx: Context, places: Places, role: Role): Promise<Role> {
  const cloud = await azure(ctx, places, await needConfig(ctx.store))
  const azureRoles = await inOrder(azureRolesOf(role), one => resolveRole(cloud, one))
  refuseTwins(
    azureRoles.map(one => `${one.role_id}', '${one.scope}`),
    "role_id and scope",
  )
  const azureGroups = await inOrder(azureGroupsOf(role), one => resolveGroup(cloud, one))
  refuseTwins(
    azureGroups.map(one => one.object_id),
    "object_id",
  )
  return {
    ...role,
    azure_roles: azureRoles.length === 0 ? "" : JSON.stringify(azureRoles),
    azure_groups: azureGroups.length === 0 ? "" : JSON.stringify(azureGroups),
    application_id: await applicationId(cloud, role.application_object_id),
  }
}

async function inOrder<T, R>(items: readonly T[], act: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = []
  for (const item of items) results.push(await act(item))
  return results
}

async function applicationId(cloud: Azure, objectId: string): Promise<string> {
  if (objectId === "") return ""
  checkId(objectId, "an application")
  const { status, json } = await cloud.graph("GET", `/v1.0/applications/${objectId}`, undefined, [404])
  if (status === 404) throw refuse.invalid(`error loading Application: there is none with the object id '${objectId}'`)
  return textOf(json.appId)
}

export const nameField = field.lowerCase("Name of the role.", {
  default: "",
  plain: true,
  pattern: "\\w(?:[\\w.-]*\\w)?",
})
