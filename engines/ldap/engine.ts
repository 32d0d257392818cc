/** Accounts of a directory: made by LDIF, with passwords that change by themselves, or lent from a library. */

import { engine } from "@arca/api"
import { configRoute } from "./config.ts"
import { dynamicRoutes, entry } from "./dynamic.ts"
import { libraryRoutes, loan } from "./library.ts"
import { finishRootRotation, rotateRootRoute } from "./root.ts"
import { roles, staticRoutes } from "./static.ts"

export const ldap = engine({
  kind: "secret",
  type: "ldap",
  aliases: { openldap: {} },
  summary: "Accounts of a directory (OpenLDAP, Active Directory, RACF): short-lived, rotated, or lent.",
  leases: [entry, loan],
  jobs: [
    { name: "rotate static roles", everySeconds: 2, run: roles.rotateDue },
    { name: "finish root rotation", everySeconds: 15, run: finishRootRotation },
  ],
  routes: [configRoute, ...dynamicRoutes, ...staticRoutes, rotateRootRoute, ...libraryRoutes],
})
