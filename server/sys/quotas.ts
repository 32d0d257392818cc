/** `sys/quotas`: rate limits. */

import { field, type JsonObject, refuse } from "@arca/api"
import { countTokens } from "../count-tokens.ts"
import { type LeaseQuota, leaseQuotas, leaseQuotaTable, writeLeaseQuotas } from "../lease-quotas.ts"
import { findMount, type MountEntry, mountTable } from "../mounts.ts"
import { locate, namespaceTable } from "../namespaces.ts"
import { quotaConfig, type RateLimit, rateLimits, writeQuotaConfig, writeRateLimits } from "../quotas.ts"
import type { ServerContext } from "../server.ts"
import * as replies from "./replies.ts"
import { sysRoute } from "./route.ts"

const name = field.name("Name of the quota.", { plain: true })

const shown = (quota: RateLimit): JsonObject => ({ ...quota, type: "rate-limit" })

const configFields = {
  enable_rate_limit_audit_logging: field.bool("Requests that a rate limit refuses stand in the audit.", {
    plain: true,
  }),
  enable_rate_limit_response_headers: field.bool("Not offered here.", { plain: true }),
  rate_limit_exempt_paths: field.stringList("Paths that no rate limit holds for.", { plain: true }),
}

export const quotaRoutes = [
  sysRoute("quotas/config", {
    summary: "What holds for all quotas.",
    operation: { read: "rate-limit-quotas-read-configuration", write: "rate-limit-quotas-configure" },
    replies: { read: replies.quotaConfig },
    fields: configFields,
    rootOnly: true,
    read: async (_, ctx) => {
      const config = await quotaConfig(ctx.view)
      return {
        data: {
          ...config,
          enable_rate_limit_response_headers: false,
          rate_limit_exempt_paths: [...config.rate_limit_exempt_paths],
        },
      }
    },
    write: async (input, ctx) => {
      if (input.enable_rate_limit_response_headers)
        throw refuse.invalid("enable_rate_limit_response_headers is not offered: no reply carries such headers")
      const before = await quotaConfig(ctx.view)
      writeQuotaConfig(ctx.view, {
        enable_rate_limit_audit_logging:
          input.enable_rate_limit_audit_logging ?? before.enable_rate_limit_audit_logging,
        rate_limit_exempt_paths: input.rate_limit_exempt_paths ?? before.rate_limit_exempt_paths,
      })
      return undefined
    },
  }),
  sysRoute("quotas/rate-limit", {
    summary: "The names of all rate limits.",
    operation: "rate-limit-quotas-list",
    rootOnly: true,
    list: async (_, ctx) => ({ data: { keys: (await rateLimits(ctx.view)).map(one => one.name).sort() } }),
  }),
  sysRoute("quotas/rate-limit/:name", {
    summary: "A rate limit: read, write, delete.",
    operation: "rate-limit-quotas-*",
    replies: { read: replies.rateLimit, write: {}, delete: {} },
    fields: {
      name,
      path: field.string("What it limits: a mount, a path of it, or all when left out.", { plain: true }),
      role: field.string("Only logins by this role.", { plain: true }),
      rate: field.float("Requests of one client address in a second.", { plain: true }),
      interval: field.duration("The span in which they are counted.", { plain: true }),
      block_interval: field.duration("How long a client is refused after too many.", { plain: true }),
      inheritable: field.bool("It also holds in namespaces below.", { plain: true }),
      type: field.string("Only rate-limit is known.", { plain: true }),
    },
    rootOnly: true,
    read: async ({ name: given }, ctx) => {
      const quota = (await rateLimits(ctx.view)).find(one => one.name === given)
      return quota && { data: shown(quota) }
    },
    write: async ({ name: given, ...input }, ctx) => {
      const all = await rateLimits(ctx.view)
      const before = all.find(one => one.name === given)
      const rate = input.rate ?? before?.rate ?? 0
      if (!(rate > 0)) throw refuse.invalid("'rate' is invalid")
      const path = await tidyPath(ctx, input.path ?? before?.path ?? "")
      const next: RateLimit = {
        name: given,
        path,
        role: input.role ?? before?.role ?? "",
        rate,
        interval: input.interval || before?.interval || 1,
        block_interval: input.block_interval ?? before?.block_interval ?? 0,
        inheritable: input.inheritable ?? before?.inheritable ?? path === "",
      }
      await checkPlace(ctx, next)
      const twin = all.find(one => one.name !== given && one.path === next.path && one.role === next.role)
      if (twin !== undefined)
        throw refuse.invalid(`quota rule with similar properties exists under the name ${JSON.stringify(twin.name)}`)
      writeRateLimits(ctx.view, [...all.filter(one => one.name !== given), next])
      return undefined
    },
    delete: async ({ name: given }, ctx) => {
      const all = await rateLimits(ctx.view)
      if (all.some(one => one.name === given))
        writeRateLimits(
          ctx.view,
          all.filter(one => one.name !== given),
        )
      return undefined
    },
  }),
]

/** `sys/quotas/lease-count`: how many leases and tokens there may be below a path. */
export const leaseQuotaRoutes = [
  sysRoute("quotas/lease-count", {
    summary: "The names of all lease counts.",
    operation: { list: "enterprise-stub-list-quotas-lease-count" },
    rootOnly: true,
    list: async (_, ctx) => ({ data: { keys: (await leaseQuotas(ctx.view)).map(one => one.name).sort() } }),
  }),
  sysRoute("quotas/lease-count/:name", {
    summary: "How many leases and tokens there may be below a path: read, write, delete.",
    operation: {
      read: "enterprise-stub-read-quotas-lease-count-name",
      write: "enterprise-stub-write-quotas-lease-count-name",
      delete: "enterprise-stub-delete-quotas-lease-count-name",
    },
    fields: {
      name,
      path: field.string("What it holds for: a namespace, a mount, a path of it, or all when left out.", {
        plain: true,
      }),
      max_leases: field.int("How many.", { plain: true }),
      inheritable: field.bool("It also holds in namespaces below.", { plain: true }),
      role: field.string("Only logins by this role; `path` is an auth mount that has roles.", { plain: true }),
      type: field.string("Only lease-count is known.", { plain: true }),
    },
    rootOnly: true,
    read: async ({ name: given }, ctx) => {
      const quota = (await leaseQuotas(ctx.view)).find(one => one.name === given)
      if (quota === undefined) return undefined
      return { data: { ...quota, counter: await ctx.server.leaseQuotas.count(quota), type: "lease-count" } }
    },
    write: async ({ name: given, ...input }, ctx) => {
      const table = await leaseQuotaTable(ctx.view)
      const before = table.quotas.find(one => one.name === given)
      const path = await tidyPath(ctx, input.path ?? before?.path ?? "")
      const next: LeaseQuota = {
        name: given,
        path,
        role: input.role ?? before?.role ?? "",
        max_leases: input.max_leases ?? before?.max_leases ?? 0,
        inheritable: input.inheritable ?? before?.inheritable ?? path === "",
      }
      await checkLeaseQuota(ctx, next)
      const others = table.quotas.filter(one => one.name !== given)
      const twin = others.find(one => one.path === path && one.role === next.role)
      if (twin !== undefined)
        throw refuse.invalid(`quota rule with similar properties exists under the name ${JSON.stringify(twin.name)}`)
      writeLeaseQuotas(ctx.view, { ...table, quotas: [...others, next] })
      // From the commit on new tokens are counted; then those from before are.
      ctx.afterCommit(() => countTokens(ctx.server))
      return undefined
    },
    delete: async ({ name: given }, ctx) => {
      const table = await leaseQuotaTable(ctx.view)
      const quotas = table.quotas.filter(one => one.name !== given)
      if (quotas.length === table.quotas.length) return undefined
      // Tokens that are made while there is no quota are not counted.
      writeLeaseQuotas(ctx.view, { quotas, tokensCounted: table.tokensCounted && quotas.length > 0 })
      return undefined
    },
  }),
]

/** Refuses a rate limit for what is not there, and one by role where logins have none: it would never hold. */
async function checkPlace(ctx: ServerContext, { path, role }: RateLimit): Promise<void> {
  const { namespace, path: inside } = locate(await namespaceTable(ctx.view), "", path)
  const mount = inside === "" ? undefined : findMount(await mountTable(ctx.view, namespace), inside)
  if (inside !== "" && mount === undefined)
    throw refuse.invalid(`invalid mount path ${JSON.stringify(path.replace(/\/*$/, "/"))}`)
  if (role === "") return
  const shown = JSON.stringify(mount?.path ?? path)
  if (mount?.kind !== "auth")
    throw refuse.invalid(
      `Mount path ${shown} is not a valid auth method and therefore unsuitable for use with role-based quotas`,
    )
  if (!hasRoles(ctx, mount)) throw refuse.invalid(`Mount path ${shown} does not support use with role-based quotas`)
}

async function checkLeaseQuota(ctx: ServerContext, { path, role, max_leases: most }: LeaseQuota): Promise<void> {
  if (most <= 0) throw refuse.invalid("'max_leases' must be a positive number")
  if (role === "") return
  const { namespace, path: inside } = locate(await namespaceTable(ctx.view), "", path)
  const mount = findMount(await mountTable(ctx.view, namespace), inside)
  if (mount?.kind !== "auth" || !hasRoles(ctx, mount))
    throw refuse.invalid(`'role' needs a 'path' that is an auth mount with roles; ${JSON.stringify(path)} is none`)
}

/** Whether logins of a mount name a role, or the method knows which one they are by. */
const hasRoles = ({ server }: ServerContext, mount: MountEntry): boolean =>
  server.registry.engine("auth", mount.type)?.role !== undefined ||
  server.registry.table(mount).some(route => Object.hasOwn(route.fields ?? {}, "role"))

/** A name without a folder, and the whole path of a mount or namespace, stand for what is below them: `auth/approle` is `auth/approle/`. */
async function tidyPath(ctx: ServerContext, path: string): Promise<string> {
  const clean = path.replace(/^\/+/, "").replace(/\/{2,}/g, "/")
  if (clean === "" || /[*/]$/.test(clean)) return clean
  const folder = `${clean}/`
  const table = await namespaceTable(ctx.view)
  const { namespace, path: inside } = locate(table, "", folder)
  const isMount = (await mountTable(ctx.view, namespace)).byPath.has(inside)
  return isMount || inside === "" || !clean.includes("/") ? folder : clean
}
