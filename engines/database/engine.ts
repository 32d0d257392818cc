/** The database engine: users of databases, made when they are asked for and gone when their lease is. */

import { engine, field, listRoute, route } from "@arca/api"
import {
  commonFields,
  configNames,
  configOf,
  deleteConfig,
  driverFields,
  shownConfig,
  writeConfig,
} from "./connections.ts"
import { reloadPlugin, resetConnection } from "./open.ts"
import { dynamicRoutes, user } from "./roles.ts"
import { finishRootRotations, rotateRoot } from "./root-rotation.ts"
import { rotateDue, staticRoutes } from "./static-roles.ts"

const name = field.name("Name of the connection.", { plain: true })

export const database = engine({
  kind: "secret",
  type: "database",
  summary: "Users of databases that live as long as their lease, and passwords that change by themselves.",
  leases: [user],
  jobs: [
    { name: "rotate static roles", everySeconds: 2, run: rotateDue },
    { name: "finish root rotations", everySeconds: 15, run: finishRootRotations },
  ],
  routes: [
    listRoute("config", "List the connections.", (ctx, page) => configNames(ctx.store, page)),
    route("config/:name", {
      summary: "A connection to a database: read, write, delete.",
      description:
        "What it takes besides the fields of all depends on `plugin_name`; docs/reference/database.md has the list.",
      fields: { ...driverFields, ...commonFields },
      takesAny: true,
      exists: async (input, ctx) => (await configOf(ctx.store, input.name)) !== undefined,
      read: async (input, ctx) => {
        const config = await configOf(ctx.store, input.name)
        return config && { data: shownConfig(config) }
      },
      write: writeConfig,
      delete: (input, ctx) => deleteConfig(input.name, ctx),
    }),
    route("reset/:name", {
      summary: "Close a connection and open it anew.",
      fields: { name },
      write: (input, ctx) => resetConnection(input.name, ctx),
    }),
    route("reload/:plugin_name", {
      summary: "Close and open anew all connections of a plugin.",
      fields: { plugin_name: field.name("The plugin, such as `postgresql-database-plugin`.", { plain: true }) },
      write: (input, ctx) => reloadPlugin(input.plugin_name, ctx),
    }),
    route("rotate-root/:name", {
      summary: "Give the connection's own account a password that nobody else knows.",
      fields: { name },
      write: (input, ctx) => rotateRoot(input.name, ctx),
    }),
    ...dynamicRoutes,
    ...staticRoutes,
  ],
})
