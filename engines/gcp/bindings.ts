/** Bindings: which roles an account has on which resources, as operators write them, and as policies of those resources. */

import { type JsonObject, refuse } from "@arca/api"
import { attribute, blocks, HclError, parseHcl, readStrings } from "@arca/hcl"
import { listOf, objectOf, textOf } from "../answer.ts"
import type { Google } from "./google.ts"

/** Resource to roles. */
export type Bindings = Readonly<Record<string, readonly string[]>>

/**
 * Reads `resource "//…" { roles = ["roles/viewer"] }`, in HCL, JSON or Base64 of either. Refuses (400) what cannot be read, and
 * resources that are not known.
 */
export function bindingsOf(text: string): Bindings {
  const plain = /^[A-Za-z0-9+/\s]+={0,2}\s*$/.test(text) ? Buffer.from(text, "base64").toString() : text
  try {
    const found = blocks(parseHcl(plain), "resource", 1).map(({ labels, body }): [string, string[]] => {
      const item = attribute(body, "roles")
      return [labels[0] ?? "", item === undefined ? [] : readStrings(item)]
    })
    if (found.length === 0) throw refuse.invalid("unable to parse any bindings from given bindings HCL")
    for (const [resource, roles] of found) {
      placeOf(resource)
      if (roles.length === 0) throw refuse.invalid(`resource ${JSON.stringify(resource)} has no roles`)
    }
    return Object.fromEntries(found.map(([resource, roles]) => [resource, [...new Set(roles)].sort()]))
  } catch (error) {
    if (error instanceof HclError) throw refuse.invalid(`unable to parse bindings: ${error.message}`)
    throw error
  }
}

/** How the policy of a resource is read and written. */
interface PolicyPlace {
  readonly host: string
  readonly get: readonly [method: "GET" | "POST", path: string]
  readonly set: readonly [method: "POST" | "PUT", path: string]
  /** Whether the policy stands in `policy` when it is written. */
  readonly wrapped: boolean
}

/** Version of the API, and the method that reads a policy. */
const SERVICES: Readonly<Record<string, readonly [version: string, method: "GET" | "POST"]>> = {
  "artifactregistry.googleapis.com": ["v1", "GET"],
  "bigtableadmin.googleapis.com": ["v2", "POST"],
  "cloudfunctions.googleapis.com": ["v1", "GET"],
  "cloudkms.googleapis.com": ["v1", "GET"],
  "cloudresourcemanager.googleapis.com": ["v3", "POST"],
  "iam.googleapis.com": ["v1", "POST"],
  "pubsub.googleapis.com": ["v1", "GET"],
  "run.googleapis.com": ["v2", "GET"],
  "secretmanager.googleapis.com": ["v1", "GET"],
  "spanner.googleapis.com": ["v1", "POST"],
}

/** Folders of a relative name, and the service that has them. */
const RELATIVE: readonly (readonly [RegExp, string])[] = [
  [/^(projects|folders|organizations)\/[^/]+$/, "cloudresourcemanager.googleapis.com"],
  [/^projects\/[^/]+\/serviceAccounts\/[^/]+$/, "iam.googleapis.com"],
  [/^projects\/[^/]+\/(topics|subscriptions|snapshots)\/[^/]+$/, "pubsub.googleapis.com"],
  [/^projects\/[^/]+\/secrets\/[^/]+$/, "secretmanager.googleapis.com"],
  [/^projects\/[^/]+\/locations\/[^/]+\/keyRings\/.+$/, "cloudkms.googleapis.com"],
]

const unknown = (resource: string) =>
  refuse.invalid(
    `the resource ${JSON.stringify(resource)} is not known: write //SERVICE/NAME, with one of storage.googleapis.com, ${Object.keys(SERVICES).join(", ")}`,
  )

/** `//host/name`, a self link, or a name whose folders tell the service. */
function placeOf(resource: string): PolicyPlace {
  const full = /^(?:https:)?\/\/([a-z.]+)\/(.+)$/.exec(resource)
  const relative = RELATIVE.find(([pattern]) => pattern.test(resource))
  const host = full?.[1] === "www.googleapis.com" ? "storage.googleapis.com" : (full?.[1] ?? relative?.[1] ?? "")
  const name = full === null ? resource : (full[2] ?? "")
  // Nothing that a URL would read as directions or parameters.
  if (!/^[\w~.@:+-]+(\/[\w~.@:+-]+)*$/.test(name) || name.split("/").some(segment => /^\.{1,2}$/.test(segment)))
    throw unknown(resource)
  const bucket = /^(?:storage\/v1\/b|projects\/_\/buckets|buckets)\/([^/]+)$/.exec(name)?.[1]
  if (host === "storage.googleapis.com" && bucket !== undefined) return bucketPlace(bucket)
  const [version, method] = SERVICES[host] ?? []
  if (version === undefined || method === undefined) throw unknown(resource)
  const bare = name.replace(/^v\d+\w*\//, "")
  const query = method === "GET" ? "?options.requestedPolicyVersion=3" : ""
  return {
    host,
    get: [method, `/${version}/${bare}:getIamPolicy${query}`],
    set: ["POST", `/${version}/${bare}:setIamPolicy`],
    wrapped: true,
  }
}

const bucketPlace = (bucket: string): PolicyPlace => ({
  host: "storage.googleapis.com",
  get: ["GET", `/storage/v1/b/${bucket}/iam?optionsRequestedPolicyVersion=3`],
  set: ["PUT", `/storage/v1/b/${bucket}/iam`],
  wrapped: false,
})

interface Binding {
  readonly role: string
  readonly members: readonly string[]
  readonly condition?: JsonObject
}

const bindingsIn = (policy: JsonObject): Binding[] =>
  listOf(policy.bindings).map(one => {
    const { role, members, condition } = objectOf(one)
    return {
      role: textOf(role),
      members: listOf(members).map(textOf),
      ...(condition === undefined ? {} : { condition: objectOf(condition) }),
    }
  })

/** A policy in which a member has roles. Bindings with a condition are somebody else's. */
function added(bindings: readonly Binding[], member: string, roles: readonly string[]): Binding[] {
  const missing = roles.filter(
    role => !bindings.some(one => one.role === role && !one.condition && one.members.includes(member)),
  )
  const merged = bindings.map(one =>
    missing.includes(one.role) && !one.condition ? { ...one, members: [...one.members, member] } : one,
  )
  const fresh = missing.filter(role => !bindings.some(one => one.role === role && !one.condition))
  return [...merged, ...fresh.map(role => ({ role, members: [member] }))]
}

/** A policy in which a member has not those roles. */
const removed = (bindings: readonly Binding[], member: string, roles: readonly string[]): Binding[] =>
  bindings
    .map(one =>
      roles.includes(one.role) && !one.condition
        ? { ...one, members: one.members.filter(other => other !== member) }
        : one,
    )
    .filter(one => one.members.length > 0)

/** How often a policy is read again because somebody else changed it meanwhile. */
const MAX_TRIES = 5

/** Gives a service account roles, or takes them; other members and conditions stay. What is gone has no policy to change. */
export async function changeBindings(
  cloud: Google,
  email: string,
  bindings: Bindings,
  how: "add" | "remove",
): Promise<void> {
  for (const [resource, roles] of Object.entries(bindings)) await changePolicy(cloud, email, resource, roles, how)
}

async function changePolicy(
  cloud: Google,
  email: string,
  resource: string,
  roles: readonly string[],
  how: "add" | "remove",
): Promise<void> {
  const { host, get, set, wrapped } = placeOf(resource)
  const member = `serviceAccount:${email}`
  for (let tries = 1; ; tries++) {
    const asked = get[0] === "POST" ? { options: { requestedPolicyVersion: 3 } } : undefined
    const { status, json: policy } = await cloud.call(get[0], host, get[1], asked, how === "remove" ? [404] : [])
    if (status === 404) return
    const before = bindingsIn(policy)
    const after = how === "add" ? added(before, member, roles) : removed(before, member, roles)
    if (JSON.stringify(before) === JSON.stringify(after)) return
    const next: JsonObject = {
      ...policy,
      version: 3,
      bindings: after.map(({ role, members, condition }) => ({
        role,
        members: [...members],
        ...(condition === undefined ? {} : { condition }),
      })),
    }
    const conflict = tries < MAX_TRIES ? [409, 412] : []
    const written = await cloud.call(set[0], host, set[1], wrapped ? { policy: next } : next, conflict)
    if (written.status !== 409 && written.status !== 412) return
  }
}
