/** The cluster's API: what is made and removed there. */

import { type Context, type Json, type JsonObject, refuse } from "@arca/api"
import { jsonOf, objectOf, textOf } from "../answer.ts"
import type { Cluster } from "./config.ts"

/** The kinds of a role that a service account can be bound to. */
export type RoleType = "Role" | "ClusterRole"

const RBAC = "/apis/rbac.authorization.k8s.io/v1"

/** A label of DNS (RFC 1123): what the cluster takes as a namespace, and what no path reads as anything else. */
const LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/
/** Labels with dots between: names of service accounts and generated objects. */
const SUBDOMAIN = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/

/** Refuses (400) what can be no namespace. */
export function checkNamespace(namespace: string): void {
  if (!LABEL.test(namespace)) throw refuse.invalid(`${JSON.stringify(namespace)} is no name of a Kubernetes namespace`)
}

export const isObjectName = (name: string): boolean => name.length <= 253 && SUBDOMAIN.test(name)

const accounts = (namespace: string): string => `/api/v1/namespaces/${namespace}/serviceaccounts`

/** Where objects of a kind are: those of a namespace, or of the whole cluster. */
const collection = (kind: "Role" | "RoleBinding" | "ClusterRole" | "ClusterRoleBinding", namespace: string): string =>
  kind.startsWith("Cluster")
    ? `${RBAC}/${kind.toLowerCase()}s`
    : `${RBAC}/namespaces/${namespace}/${kind.toLowerCase()}s`

/** An object of that name is there already, and belongs to somebody else. */
export class NameTaken extends Error {
  override readonly name = "NameTaken"
}

async function call(
  ctx: Context,
  { host, ca, token }: Cluster,
  method: string,
  path: string,
  body?: JsonObject,
): Promise<JsonObject> {
  const received = await ctx.outbound.fetch(host + path, {
    method,
    headers: { authorization: `Bearer ${token}`, accept: "application/json", "content-type": "application/json" },
    tls: ca === "" ? {} : { ca },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    accept: true,
  })
  const { status } = received
  const object = jsonOf(received)
  if (status >= 200 && status < 300) return object
  if (status === 404 && method === "DELETE") return object
  if (status === 409 && method === "POST") throw new NameTaken(`${path} was not made${reasonOf(object)}`)
  throw refuse.upstream(`${method} ${path} was answered with status ${status}${reasonOf(object)}`)
}

/** The cluster's own words, when it is a cluster that speaks: nothing else's answer is repeated. */
function reasonOf({ kind, apiVersion, message }: JsonObject): string {
  if (kind !== "Status" || apiVersion !== "v1" || typeof message !== "string") return ""
  return `: ${message.slice(0, 300)}`
}

/** What objects are made with. */
export interface Marks {
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
}

interface Owner {
  readonly kind: string
  readonly name: string
  readonly uid: string
}

/** The cluster removes what an owner owns when the owner goes. */
const ownedBy = (owner: Owner | undefined): JsonObject =>
  owner === undefined ? {} : { ownerReferences: [{ apiVersion: "rbac.authorization.k8s.io/v1", ...owner }] }

const LABELS = { "app.kubernetes.io/managed-by": "HashiCorp-Vault", "app.kubernetes.io/created-by": "arca" }

const metadata = (name: string, { labels, annotations }: Marks, owner?: Owner): JsonObject => ({
  name,
  labels: { ...labels, ...LABELS },
  annotations: { ...annotations },
  ...ownedBy(owner),
})

const uidOf = (made: JsonObject): string => textOf(objectOf(made.metadata).uid)

/** A service account, what it is bound to, and the role made for it, all of one name. */
export interface Making {
  readonly namespace: string
  readonly name: string
  readonly marks: Marks
  readonly roleType: RoleType
  /** The role to bind to; undefined: one is made with `rules`. */
  readonly roleName: string | undefined
  readonly rules: readonly Json[]
  readonly clusterWide: boolean
}

export const bindingKind = (clusterWide: boolean) => (clusterWide ? "ClusterRoleBinding" : "RoleBinding")

/**
 * Makes role (unless there is one), binding and service account. Throws `NameTaken` when one of that name is there already;
 * what was made until then is removed, and what was there stays.
 */
export async function makeAccount(ctx: Context, cluster: Cluster, making: Making): Promise<void> {
  const { namespace, name, marks, roleType, clusterWide } = making
  const done: string[] = []
  const make = async (folder: string, body: JsonObject): Promise<JsonObject> => {
    const made = await call(ctx, cluster, "POST", folder, body)
    done.unshift(`${folder}/${name}`)
    return made
  }
  try {
    const role = making.roleName === undefined ? await makeRole(make, making) : undefined
    const kind = bindingKind(clusterWide)
    const bound = await make(collection(kind, namespace), {
      metadata: metadata(name, marks, role),
      subjects: [{ kind: "ServiceAccount", name, namespace }],
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: roleType, name: making.roleName ?? name },
    })
    const owner = role ?? { kind, name, uid: uidOf(bound) }
    await make(accounts(namespace), { metadata: metadata(name, marks, owner) })
  } catch (error) {
    if (error instanceof NameTaken) for (const path of done) await call(ctx, cluster, "DELETE", path)
    throw error
  }
}

type Make = (folder: string, body: JsonObject) => Promise<JsonObject>

async function makeRole(make: Make, { namespace, name, marks, roleType: kind, rules }: Making): Promise<Owner> {
  const made = await make(collection(kind, namespace), { metadata: metadata(name, marks), rules: [...rules] })
  return { kind, name, uid: uidOf(made) }
}

/** What a lease made; empty names for what it did not. */
export type Made = {
  readonly service_account_namespace: string
  readonly cluster_role_binding: boolean
  readonly created_service_account: string
  readonly created_role_binding: string
  readonly created_role: string
  readonly created_role_type: string
}

/** Removes what was made; what is gone already is no failure. */
export async function removeAccount(ctx: Context, cluster: Cluster, made: Made): Promise<void> {
  const namespace = made.service_account_namespace
  const remove = async (folder: string, name: string): Promise<void> => {
    if (name !== "") await call(ctx, cluster, "DELETE", `${folder}/${name}`)
  }
  // The binding first: from then on the account can do nothing.
  await remove(collection(bindingKind(made.cluster_role_binding), namespace), made.created_role_binding)
  await remove(accounts(namespace), made.created_service_account)
  const roleType: RoleType = made.created_role_type === "ClusterRole" ? "ClusterRole" : "Role"
  await remove(collection(roleType, namespace), made.created_role)
}

/** A token of a service account (the TokenRequest API), and how long the cluster lets it live, in seconds. */
export async function requestToken(
  ctx: Context,
  cluster: Cluster,
  account: { namespace: string; name: string },
  wanted: { seconds: number; audiences: readonly string[] },
): Promise<{ token: string; seconds: number }> {
  const path = `${accounts(account.namespace)}/${account.name}/token`
  const { status } = await call(ctx, cluster, "POST", path, {
    apiVersion: "authentication.k8s.io/v1",
    kind: "TokenRequest",
    spec: {
      expirationSeconds: wanted.seconds,
      ...(wanted.audiences.length > 0 ? { audiences: [...wanted.audiences] } : {}),
    },
  })
  const token = textOf(objectOf(status).token)
  const claims = claimsOf(token)
  if (claims === undefined) throw refuse.upstream("the cluster answered a token request without a token")
  return { token, seconds: claims.exp - claims.iat }
}

function claimsOf(token: string): { exp: number; iat: number } | undefined {
  try {
    const { exp, iat } = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString())
    return typeof exp === "number" && typeof iat === "number" ? { exp, iat } : undefined
  } catch {
    return undefined
  }
}

/** Whether the cluster answers, and knows our token: asked before anything is written down that would have to be undone. */
export const answers = (ctx: Context, cluster: Cluster): Promise<JsonObject> => call(ctx, cluster, "GET", "/version")

/** The labels of a namespace. */
export async function namespaceLabels(ctx: Context, cluster: Cluster, namespace: string): Promise<JsonObject> {
  const { metadata: found } = await call(ctx, cluster, "GET", `/api/v1/namespaces/${namespace}`)
  return objectOf(objectOf(found).labels)
}
