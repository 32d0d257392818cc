/** The server's own mount, `sys/`: its routes are gathered here, a file for each family. */

import type { AnyEngine } from "../server.ts"
import { auditRoutes } from "./audit.ts"
import { configRoutes } from "./config.ts"
import { internalRoutes } from "./internal.ts"
import { leaseRoutes } from "./leases.ts"
import { lockedUserRoutes } from "./locked-users.ts"
import { loggerRoutes } from "./loggers.ts"
import { metricsRoutes } from "./metrics.ts"
import { mountRoutes } from "./mounts.ts"
import { namespaceRoutes } from "./namespaces.ts"
import { openapiRoutes } from "./openapi.ts"
import { operationRoutes } from "./operation.ts"
import { pluginRoutes } from "./plugins.ts"
import { policyRoutes } from "./policies.ts"
import { pprofRoutes } from "./pprof.ts"
import { leaseQuotaRoutes, quotaRoutes } from "./quotas.ts"
import { rollbackRoutes } from "./rollback.ts"
import { sealRoutes } from "./seal.ts"
import { storageRoutes } from "./storage.ts"
import { toolRoutes } from "./tools.ts"
import { uiRoutes } from "./ui.ts"
import { wrappingRoutes } from "./wrapping.ts"

/** The routes by what they are about: a page of the reference each. */
export const systemGroups = [
  {
    name: "mounts",
    title: "Mounts",
    summary: "Which engines and auth methods there are, where, and how they are tuned.",
    routes: mountRoutes,
  },
  {
    name: "policies",
    title: "Policies and capabilities",
    summary: "What tokens may do, and why.",
    routes: policyRoutes,
  },
  { name: "audit", title: "Audit", summary: "Who is told of every request.", routes: auditRoutes },
  {
    name: "config",
    title: "Configuration",
    summary: "What is configured while the server runs.",
    routes: configRoutes,
  },
  { name: "namespaces", title: "Namespaces", summary: "Servers within the server.", routes: namespaceRoutes },
  {
    name: "quotas",
    title: "Quotas",
    summary: "How much clients may ask.",
    routes: [...quotaRoutes, ...leaseQuotaRoutes],
  },
  { name: "operation", title: "Operation", summary: "What operators look at.", routes: operationRoutes },
  {
    name: "storage",
    title: "Snapshots",
    summary: "Backing the store up, and putting a backup back.",
    routes: [...storageRoutes, ...rollbackRoutes],
  },
  {
    name: "locked-users",
    title: "Locked users",
    summary: "Names that guessing has locked out.",
    routes: lockedUserRoutes,
  },
  {
    name: "plugins",
    title: "Plugins",
    summary: "The engines that can be mounted: all are built in.",
    routes: pluginRoutes,
  },
  {
    name: "pprof",
    title: "Profiles",
    summary: "Where the process spends its time and memory.",
    routes: pprofRoutes,
  },
  {
    name: "support",
    title: "Support",
    summary: "What support tools and older clients ask for.",
    routes: internalRoutes,
  },
  {
    name: "loggers",
    title: "Logs",
    summary: "How much is logged, and the log as it is written.",
    routes: loggerRoutes,
  },
  { name: "metrics", title: "Metrics", summary: "What is counted and measured.", routes: metricsRoutes },
  { name: "leases", title: "Leases", summary: "What ends by itself, and how it ends before.", routes: leaseRoutes },
  {
    name: "seal",
    title: "Keys and sealing",
    summary: "Sealing, rotating keys, replacing their shares, making a root token.",
    routes: sealRoutes,
  },
  {
    name: "wrapping",
    title: "Response wrapping",
    summary: "Replies that wait behind a token and can be taken once.",
    routes: wrappingRoutes,
  },
  { name: "tools", title: "Tools", summary: "Random bytes and hashes.", routes: toolRoutes },
  {
    name: "internal",
    title: "For consoles and generators",
    summary: "What the web console, the command line and generators of clients ask to find their way.",
    routes: [...uiRoutes, ...openapiRoutes],
  },
] as const satisfies readonly {
  readonly name: string
  readonly title: string
  readonly summary: string
  readonly routes: AnyEngine["routes"]
}[]

export const systemEngine: AnyEngine = {
  kind: "secret",
  type: "system",
  summary: "The server itself.",
  singleton: true,
  routes: systemGroups.flatMap((group): AnyEngine["routes"] => group.routes),
}
