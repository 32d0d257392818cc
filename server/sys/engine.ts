/** The server's own mount, `sys/`: its routes are gathered here, a file for each family. */

import type { AnyEngine } from "../server.ts"
import { auditRoutes } from "./audit.ts"
import { configRoutes } from "./config.ts"
import { leaseRoutes } from "./leases.ts"
import { lockedUserRoutes } from "./locked-users.ts"
import { metricsRoutes } from "./metrics.ts"
import { mountRoutes } from "./mounts.ts"
import { namespaceRoutes } from "./namespaces.ts"
import { openapiRoutes } from "./openapi.ts"
import { operationRoutes } from "./operation.ts"
import { policyRoutes } from "./policies.ts"
import { quotaRoutes } from "./quotas.ts"
import { sealRoutes } from "./seal.ts"
import { toolRoutes } from "./tools.ts"
import { uiRoutes } from "./ui.ts"
import { wrappingRoutes } from "./wrapping.ts"

export const systemEngine: AnyEngine = {
  kind: "secret",
  type: "system",
  summary: "The server itself.",
  singleton: true,
  routes: [
    ...mountRoutes,
    ...policyRoutes,
    ...auditRoutes,
    ...configRoutes,
    ...namespaceRoutes,
    ...quotaRoutes,
    ...operationRoutes,
    ...lockedUserRoutes,
    ...metricsRoutes,
    ...leaseRoutes,
    ...sealRoutes,
    ...wrappingRoutes,
    ...toolRoutes,
    ...uiRoutes,
    ...openapiRoutes,
  ],
}
