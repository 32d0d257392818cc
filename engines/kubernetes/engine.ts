/** Tokens of Kubernetes service accounts, and accounts, bindings and roles that live as long as their lease. */

import { type Answer, type Context, engine, field, formatDuration, leaseKind, refuse, route } from "@arca/api"
import { usernameBy } from "../username.ts"
import {
  answers,
  checkNamespace,
  isObjectName,
  type Made,
  makeAccount,
  NameTaken,
  namespaceLabels,
  type RoleType,
  removeAccount,
  requestToken,
} from "./cluster.ts"
import { type Cluster, configRoutes, needCluster, type Pod } from "./config.ts"
import { ownPod } from "./pod.ts"
import { NAME_TEMPLATE, nameField, type Role, roleRoutes, roles } from "./roles.ts"
import { rulesOf, selectorOf } from "./selector.ts"

/** Names of objects are at most so long where they are used as labels, too. */
const LONGEST_NAME = 63

interface Asked {
  readonly name: string
  readonly kubernetes_namespace: string
  readonly cluster_role_binding: boolean
  readonly ttl: number
  readonly audiences: readonly string[]
}

/** The namespace of a request. Refuses (400) one that the role does not allow. */
async function namespaceFor(ctx: Context, cluster: Cluster, role: Role, asked: string): Promise<string> {
  const { allowed_kubernetes_namespaces: allowed, allowed_kubernetes_namespace_selector: selector } = role
  const [only = ""] = allowed
  if (asked === "" && selector === "" && allowed.length === 1 && only !== "*") return only
  if (asked === "")
    throw refuse.invalid("'kubernetes_namespace' is required unless the Vault role has a single namespace specified")
  checkNamespace(asked)
  if (allowed.includes("*") || allowed.includes(asked)) return asked
  if (selector !== "" && selectorOf(selector)(await namespaceLabels(ctx, cluster, asked))) return asked
  throw refuse.invalid(
    `kubernetes_namespace '${asked}' is not present in role's allowed_kubernetes_namespaces or does not match role's label selector allowed_kubernetes_namespace_selector`,
  )
}

/** How long a token shall live, in seconds: as asked for, within what role and mount allow. */
function lifeOf(ctx: Context, role: Role, asked: number): number {
  const wished = asked || role.token_default_ttl || ctx.mount.defaultTtl
  const most = role.token_max_ttl || ctx.mount.maxTtl
  const longest = Math.min(most, ctx.mount.maxTtl)
  if (wished <= longest) return wished
  const whose = longest === role.token_max_ttl ? "the role's token_max_ttl" : "Vault's max lease ttl"
  ctx.warn(
    `ttl of ${formatDuration(wished)} is greater than ${whose} of ${formatDuration(longest)}; capping accordingly`,
  )
  return longest
}

/** A name that the cluster takes: what is no letter, digit or dot becomes a dash. */
function objectName(ctx: Context, role: Role, roleName: string): string {
  const name = usernameBy(ctx, role.name_template || NAME_TEMPLATE, roleName, 253)
    .toLowerCase()
    .replaceAll("_", "-")
  if (isObjectName(name) && name.length <= LONGEST_NAME) return name
  throw refuse.failed(
    `the name_template makes names that Kubernetes does not take, such as ${JSON.stringify(name.slice(0, 80))}`,
  )
}

export const kubernetesWith = (pod: Pod) => {
  const account = leaseKind<Made>({
    name: "kube_token",
    renewable: false,
    revoke: async (made, ctx) => removeAccount(ctx, await needCluster(ctx, pod), made),
  })

  const issue = async (asked: Asked, ctx: Context): Promise<Answer> => {
    const role = await roles.get(ctx.store, asked.name)
    if (role === undefined) throw refuse.invalid(`role '${asked.name}' does not exist`)
    const cluster = await needCluster(ctx, pod)
    const namespace = await namespaceFor(ctx, cluster, role, asked.kubernetes_namespace)
    const roleType: RoleType = role.kubernetes_role_type === "ClusterRole" ? "ClusterRole" : "Role"
    const clusterWide = asked.cluster_role_binding
    if (clusterWide && roleType === "Role") throw refuse.invalid("a ClusterRoleBinding cannot ref a Role")
    const seconds = lifeOf(ctx, role, asked.ttl)
    const isMade = role.service_account_name === ""
    const name = isMade ? objectName(ctx, role, asked.name) : role.service_account_name
    const roleName = role.kubernetes_role_name || undefined
    await answers(ctx, cluster)
    // Durable before anything exists: should we die in between, the lease's job removes it.
    const lease = await ctx.prepare(account, {
      service_account_namespace: namespace,
      cluster_role_binding: clusterWide,
      created_service_account: isMade ? name : "",
      created_role_binding: isMade ? name : "",
      created_role: isMade && roleName === undefined ? name : "",
      created_role_type: roleType,
    })
    if (isMade) {
      const rules = roleName === undefined ? rulesOf(role.generated_role_rules) : []
      const marks = {
        labels: Object.fromEntries(role.extra_labels),
        annotations: Object.fromEntries(role.extra_annotations),
      }
      const making = { namespace, name, marks, roleType, roleName, rules, clusterWide }
      await makeAccount(ctx, cluster, making).catch(async (error: unknown) => {
        if (!(error instanceof NameTaken)) throw error
        await lease.forget()
        throw refuse.failed(`${error.message}: the name_template must make names that are used once`)
      })
    }
    const audiences = asked.audiences.length > 0 ? asked.audiences : role.token_default_audiences
    const made = await requestToken(ctx, cluster, { namespace, name }, { seconds, audiences })
    return {
      data: {
        service_account_namespace: namespace,
        service_account_name: name,
        service_account_token: made.token,
      },
      lease: lease.until(leaseSeconds(ctx, seconds, made.seconds), role.token_max_ttl, false),
    }
  }

  return engine({
    kind: "secret",
    type: "kubernetes",
    summary: "Tokens of Kubernetes service accounts that live as long as their lease.",
    leases: [account],
    routes: [
      ...configRoutes(pod),
      ...roleRoutes,
      route("creds/:name", {
        summary: "A token of a service account, made for it if the role says so.",
        operation: "generate-credentials",
        fields: {
          name: nameField,
          kubernetes_namespace: field.string("The namespace; needed unless the role allows one only.", {
            default: "",
            plain: true,
          }),
          cluster_role_binding: field.bool("Bind in the whole cluster. Needs the type ClusterRole.", {
            default: false,
          }),
          ttl: field.duration("How long the token lives.", { default: 0 }),
          audiences: field.commaList("Whom it is for.", { default: [], plain: true }),
        },
        write: (asked, ctx) => issue(asked, ctx),
        replies: {
          write: {
            service_account_namespace: field.string("The namespace."),
            service_account_name: field.string("The service account."),
            service_account_token: field.string("Its token.", { secret: true }),
          },
        },
      }),
    ],
  })
}

/** The cluster may let a token live longer or shorter than asked; a lease never outlives its token. */
function leaseSeconds(ctx: Context, asked: number, given: number): number {
  if (given === asked) return asked
  const than = given > asked ? "greater" : "less"
  const sequel = given < asked ? "; capping the lease TTL accordingly" : ""
  ctx.warn(
    `the created Kubernetes service account token TTL ${formatDuration(given)} is ${than} than the Vault lease TTL ${formatDuration(asked)}${sequel}`,
  )
  return Math.min(asked, given)
}

export const kubernetes = kubernetesWith(ownPod)
