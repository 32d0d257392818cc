/** Service principals of Azure, and secrets of applications, that live as long as their lease. */

import { type Answer, type Context, engine, field, leaseKind, refuse, route } from "@arca/api"
import { randomName } from "../username-template.ts"
import { azure as connect, type Places } from "./azure.ts"
import { configRoute, needConfig } from "./config.ts"
import { tidyPersisted } from "./persisted.ts"
import { addSecret, assignmentPath, makePrincipal, removePrincipal, removeSecrets, uuid } from "./principals.ts"
import { roleRoutes } from "./role-routes.ts"
import { azureGroupsOf, azureRolesOf, nameField, type Role, roles } from "./roles.ts"
import { finishRotation, rotateRootRoute } from "./rotate-root.ts"

const TEN_YEARS = 10 * 365 * 86400

export const azureWith = (places: Places) => {
  const renew = async ({ role }: { readonly role: string }, ctx: Context): Promise<void> => {
    if ((await roles.get(ctx.store, role)) === undefined)
      throw refuse.invalid(`unable to renew: role '${role}' does not exist`)
  }

  const principal = leaseKind<{ role: string; app_name: string; assignments: string[]; permanently_delete: boolean }>({
    name: "service_principal",
    renew,
    revoke: async ({ app_name: appName, assignments, permanently_delete: forGood }, ctx) => {
      const cloud = await connect(ctx, places, await needConfig(ctx.store))
      await removePrincipal(cloud, { appName, assignments, forGood })
    },
  })

  const secret = leaseKind<{ role: string; object_id: string; name: string }>({
    name: "static_service_principal",
    renew,
    revoke: async ({ object_id, name }, ctx) => {
      const cloud = await connect(ctx, places, await needConfig(ctx.store))
      await removeSecrets(cloud, object_id, credential => credential.name === name)
    },
  })

  /** Azure ends secrets by itself; a lease ends no later. */
  const lives = (ctx: Context, { explicit_max_ttl, max_ttl }: Role) => ({
    endsAt: ctx.now + (explicit_max_ttl || TEN_YEARS),
    maxTtl: explicit_max_ttl > 0 && (max_ttl === 0 || explicit_max_ttl < max_ttl) ? explicit_max_ttl : max_ttl,
  })

  const issuePrincipal = async (ctx: Context, name: string, role: Role): Promise<Answer> => {
    const { endsAt, maxTtl } = lives(ctx, role)
    const appName = `vault-${uuid(ctx)}`
    const azureRoles = azureRolesOf(role)
    const ids = azureRoles.map(() => uuid(ctx))
    const cloud = await connect(ctx, places, await needConfig(ctx.store))
    // Whether Azure answers, and knows us: asked before anything is written down that would have to be undone.
    await cloud.graph("GET", "/v1.0/applications?$top=1")
    // Durable before anything exists: it is all found by the names that we chose, whatever dies in between.
    const lease = await ctx.prepare(principal, {
      role: name,
      app_name: appName,
      assignments: azureRoles.map((one, index) => assignmentPath(one.scope, ids[index] ?? "")),
      permanently_delete: role.permanently_delete,
    })
    const made = await makePrincipal(ctx, cloud, {
      appName,
      signInAudience: role.sign_in_audience,
      tags: role.tags,
      roles: azureRoles,
      groups: azureGroupsOf(role),
      assignments: ids,
      endsAt,
    })
    return { data: { client_id: made.clientId, client_secret: made.secret }, lease: lease.until(role.ttl, maxTtl) }
  }

  const issueSecret = async (ctx: Context, name: string, role: Role): Promise<Answer> => {
    const { endsAt, maxTtl } = lives(ctx, role)
    const object_id = role.application_object_id
    const cloud = await connect(ctx, places, await needConfig(ctx.store))
    await cloud.graph("GET", `/v1.0/applications/${object_id}`)
    const secretName = `vault-${randomName(24, ctx.random)}`
    const lease = await ctx.prepare(secret, { role: name, object_id, name: secretName })
    const client_secret = await addSecret(ctx, cloud, object_id, secretName, endsAt)
    return { data: { client_id: role.application_id, client_secret }, lease: lease.until(role.ttl, maxTtl) }
  }

  const issue = async (name: string, ctx: Context): Promise<Answer> => {
    const role = await roles.get(ctx.store, name)
    if (role === undefined) throw refuse.invalid(`role '${name}' does not exist`)
    return role.application_object_id === "" ? issuePrincipal(ctx, name, role) : issueSecret(ctx, name, role)
  }

  return engine({
    kind: "secret",
    type: "azure",
    summary: "Service principals of Azure that live as long as their lease.",
    leases: [principal, secret],
    jobs: [
      { name: "finish root rotation", everySeconds: 15, run: ctx => finishRotation(ctx, places) },
      { name: "remove applications of no role", everySeconds: 60, run: ctx => tidyPersisted(ctx, places) },
    ],
    routes: [
      configRoute,
      rotateRootRoute(places),
      ...roleRoutes(places),
      route("creds/:role", {
        summary: "Make a service principal, or a secret of an application, that lives as long as its lease.",
        operation: "request-service-principal-credentials",
        fields: { role: nameField },
        read: ({ role }, ctx) => issue(role, ctx),
        replies: {
          read: {
            client_id: field.string("The application's client id."),
            client_secret: field.string("Its secret.", { secret: true }),
          },
        },
      }),
    ],
  })
}

export const azure = azureWith(host => `https://${host}`)
