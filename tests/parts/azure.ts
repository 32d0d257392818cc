/**
 * A fake of the parts of Azure that the engine speaks to, by their REST reference (Microsoft Graph v1.0, Azure Resource Manager
 * authorization 2022-04-01, the OAuth 2.0 client credentials of Entra): applications, service principals, secrets, groups, role
 * definitions and assignments. Every host is a folder: `/graph.microsoft.com/v1.0/…`.
 *
 * No emulator of these was to be had, and Microsoft's own clients insist on https and on their own hosts: it is by the reference
 * alone.
 */

import { randomBytes, randomUUID } from "node:crypto"
import { type Answered, type Asked, type Fake, serveFake } from "./http-fake.ts"

interface Credential {
  keyId: string
  displayName: string
  hint: string
  secretText: string
}

interface Thing {
  id: string
  appId: string
  displayName: string
  passwordCredentials: Credential[]
}

export interface AzureFake extends Fake {
  /** Object id, client id and secret of the application that makes others. */
  readonly root: { readonly objectId: string; readonly clientId: string; readonly secret: string }
  readonly applications: Map<string, Thing>
  readonly principals: Map<string, Thing>
  /** Deleted things that can be brought back. */
  readonly bin: Set<string>
  /** Group id to the ids of its members. */
  readonly groups: Map<string, { displayName: string; members: Set<string> }>
  readonly assignments: Map<string, { roleDefinitionId: string; principalId: string }>
  /** The next request whose path ends so is answered with this status and code. */
  failNext(ending: string, status: number, code: string): void
}

export const SUBSCRIPTION = "11111111-2222-3333-4444-555555555555"
const READER = `/subscriptions/${SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/acdd72a7-3385-48ef-bd42-f606fba81ae7`

export async function azureFake(): Promise<AzureFake> {
  const applications = new Map<string, Thing>()
  const principals = new Map<string, Thing>()
  const bin = new Set<string>()
  const groups = new Map([
    ["aaaaaaaa-0000-0000-0000-000000000001", { displayName: "developers", members: new Set<string>() }],
  ])
  const assignments = new Map<string, { roleDefinitionId: string; principalId: string }>()
  const tokens = new Set<string>()
  let failing: { ending: string; status: number; code: string } | undefined

  const error = (status: number, code: string, message: string): Answered => ({
    status,
    body: { error: { code, message } },
  })
  const missing = (): Answered => error(404, "Request_ResourceNotFound", "Resource does not exist.")

  const newSecret = (thing: Thing, displayName: string): Credential => {
    const secretText = `${randomBytes(3).toString("hex")}~${randomBytes(15).toString("hex")}`
    const credential = { keyId: randomUUID(), displayName, hint: secretText.slice(0, 3), secretText }
    thing.passwordCredentials.push(credential)
    return credential
  }
  const newThing = (things: Map<string, Thing>, appId: string, displayName: string): Thing => {
    const thing = { id: randomUUID(), appId, displayName, passwordCredentials: [] }
    things.set(thing.id, thing)
    return thing
  }
  const shown = ({ passwordCredentials, ...thing }: Thing) => ({
    ...thing,
    passwordCredentials: passwordCredentials.map(({ secretText: _, ...credential }) => credential),
  })

  const token = ({ body = {} }: Asked): Answered => {
    const all = [...applications.values(), ...principals.values()].filter(thing => thing.appId === body.client_id)
    const isRight = all.some(thing => thing.passwordCredentials.some(one => one.secretText === body.client_secret))
    if (!isRight || body.grant_type !== "client_credentials") {
      const error_description = "AADSTS7000215: Invalid client secret provided. Trace ID: 1234"
      return { status: 401, body: { error: "invalid_client", error_description } }
    }
    const access_token = randomBytes(12).toString("hex")
    tokens.add(access_token)
    return { status: 200, body: { access_token, expires_in: 3599, token_type: "Bearer" } }
  }

  /** `displayName eq 'x'` */
  const filtered = (things: Iterable<Thing>, query: URLSearchParams): Answered => {
    const [, property = "", value = ""] = /^(\w+) eq '(.*)'$/.exec(query.get("$filter") ?? "") ?? []
    const found = [...things].filter(
      thing => property === "" || Reflect.get(thing, property) === value.replaceAll("''", "'"),
    )
    return { status: 200, body: { value: found.map(shown) } }
  }

  const things = ({ method, path, query, body = {} }: Asked): Answered | undefined => {
    const [, folder = "", id = "", action = ""] =
      /^\/graph\.microsoft\.com\/v1\.0\/(applications|servicePrincipals)(?:\/([^/]+)(?:\/(\w+))?)?$/.exec(path) ?? []
    if (folder === "") return undefined
    const all = folder === "applications" ? applications : principals
    if (id === "" && method === "GET") return filtered(all.values(), query)
    if (id === "" && folder === "applications")
      return { status: 201, body: shown(newThing(all, randomUUID(), String(body.displayName))) }
    if (id === "") {
      const application = [...applications.values()].find(one => one.appId === body.appId)
      if (application === undefined)
        return error(400, "Request_BadRequest", "The appId does not reference a valid application object.")
      return { status: 201, body: shown(newThing(all, application.appId, application.displayName)) }
    }
    const thing = all.get(id)
    if (thing === undefined) return missing()
    if (method === "GET") return { status: 200, body: shown(thing) }
    if (method === "DELETE") {
      all.delete(id)
      bin.add(id)
      for (const group of groups.values()) group.members.delete(id)
      return { status: 204 }
    }
    if (action === "addPassword") {
      const { displayName } = body.passwordCredential as { displayName: string }
      return { status: 200, body: newSecret(thing, displayName) }
    }
    const index = thing.passwordCredentials.findIndex(one => one.keyId === body.keyId)
    if (index < 0) return error(400, "Request_BadRequest", "No password credential found with keyId.")
    thing.passwordCredentials.splice(index, 1)
    return { status: 204 }
  }

  const groupRoutes = ({ method, path, query, body = {} }: Asked): Answered | undefined => {
    const [, all = "", id = "", members = ""] =
      /^\/graph\.microsoft\.com\/v1\.0\/(groups)(?:\/([^/]+)(\/members\/\$ref)?)?$/.exec(path) ?? []
    if (all === "") return undefined
    if (id === "") {
      const name = /eq '(.*)'/.exec(query.get("$filter") ?? "")?.[1]
      const found = [...groups].filter(([, group]) => group.displayName === name)
      return {
        status: 200,
        body: { value: found.map(([key, group]) => ({ id: key, displayName: group.displayName })) },
      }
    }
    const group = groups.get(id)
    if (group === undefined) return missing()
    if (method === "GET") return { status: 200, body: { id, displayName: group.displayName } }
    if (members === "") return undefined
    group.members.add(String(body["@odata.id"]).split("/").at(-1) ?? "")
    return { status: 204 }
  }

  const management = ({ method, path, query, body = {} }: Asked): Answered | undefined => {
    const plain = decodeURIComponent(path.replace("/management.azure.com", ""))
    if (plain === path || query.get("api-version") !== "2022-04-01") return undefined
    const reader = { id: READER, properties: { roleName: "Reader" } }
    if (plain === READER) return { status: 200, body: reader }
    if (plain.endsWith("/roleDefinitions")) {
      const isReader = query.get("$filter") === "roleName eq 'Reader'"
      return { status: 200, body: { value: isReader ? [reader] : [] } }
    }
    if (plain.includes("/roleDefinitions/"))
      return error(404, "RoleDefinitionDoesNotExist", "The specified role definition does not exist.")
    if (method === "DELETE") return { status: assignments.delete(plain) ? 200 : 204 }
    const properties = body.properties as { roleDefinitionId: string; principalId: string }
    if (!principals.has(properties.principalId)) return error(400, "PrincipalNotFound", "Principal does not exist.")
    assignments.set(plain, properties)
    return { status: 201, body: { id: plain, properties } }
  }

  const fake = await serveFake(asked => {
    if (failing !== undefined && asked.path.endsWith(failing.ending)) {
      const { status, code } = failing
      failing = undefined
      return error(status, code, "made to fail")
    }
    if (/^\/login\.microsoftonline\.com\/[^/]+\/oauth2\/v2\.0\/token$/.test(asked.path)) return token(asked)
    if (!tokens.has(String(asked.headers.authorization).replace("Bearer ", "")))
      return error(401, "InvalidAuthenticationToken", "Access token is empty.")
    const [, deleted = ""] = /^\/graph\.microsoft\.com\/v1\.0\/directory\/deletedItems\/([^/]+)$/.exec(asked.path) ?? []
    if (deleted !== "") return bin.delete(deleted) ? { status: 204 } : missing()
    return things(asked) ?? groupRoutes(asked) ?? management(asked) ?? error(400, "BadRequest", "Unknown path")
  })
  const root = newThing(applications, randomUUID(), "manager")
  const { secretText: secret } = newSecret(root, "given by hand")
  return {
    ...fake,
    root: { objectId: root.id, clientId: root.appId, secret },
    applications,
    principals,
    bin,
    groups,
    assignments,
    failNext: (ending, status, code) => void (failing = { ending, status, code }),
  }
}
