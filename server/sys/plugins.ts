/** `sys/plugins`: the engines and auth methods that can be mounted. All are built in; nothing can be added or reloaded. */

import { type Answer, field, type JsonObject, refuse } from "@arca/api"
import { mountTable } from "../mounts.ts"
import type { ServerContext } from "../server.ts"
import { API_VERSION } from "../version.ts"
import { sysRoute } from "./route.ts"

const KINDS = ["auth", "database", "secret"] as const

const namesOf = (ctx: ServerContext, kind: string): string[] =>
  ctx.server.registry.engines
    .filter(one => one.kind === kind && !one.singleton)
    .map(one => one.type)
    .sort()

const shown = (name: string, type: string): JsonObject => ({
  builtin: true,
  deprecation_status: "supported",
  name,
  type,
  version: BUILT_IN,
})

/** As `running_plugin_version` of mounts says it. */
const BUILT_IN = `v${API_VERSION}+builtin.vault`

const type = field.string("auth, database or secret.", { plain: true })
const name = field.name("Its name.", { plain: true })

function checkType(given: string | undefined): string {
  if (given !== undefined && (KINDS as readonly string[]).includes(given)) return given
  throw refuse.invalid(`unsupported plugin type ${JSON.stringify(given)}`)
}

function one(ctx: ServerContext, kind: string, wanted: string): JsonObject | undefined {
  if (!namesOf(ctx, kind).includes(wanted)) return undefined
  return {
    args: null,
    builtin: true,
    command: "",
    name: wanted,
    sha256: "",
    deprecation_status: "supported",
    version: BUILT_IN,
  }
}

/** Where engines are started anew: here alone, or on all nodes, which Vault answers with 202. */
function reloaded(ctx: ServerContext, scope: string, any: boolean): Answer {
  if (scope !== "" && scope !== "global") throw refuse.invalid("reload scope must be omitted or 'global'")
  return {
    data: { reload_id: ctx.request.id },
    ...(scope === "global" ? { status: 202 } : {}),
    ...(any ? {} : { warnings: ["no plugins were reloaded"] }),
  }
}

const builtIn = (): never => {
  throw refuse.invalid("all engines are built in: plugins cannot be registered, pinned or removed")
}

/** The mounts of this namespace that `wanted` is about: of an engine, or by their paths. */
async function mountsOf(ctx: ServerContext, wanted: { plugin: string; mounts: readonly string[] }): Promise<string[]> {
  const { all } = await mountTable(ctx.view, ctx.namespace)
  const paths = new Set(wanted.mounts.map(path => `${path.replace(/^\/+|\/+$/g, "")}/`))
  return all.filter(entry => entry.type === wanted.plugin || paths.has(entry.path)).map(entry => entry.path)
}

export const pluginRoutes = [
  sysRoute("plugins/catalog", {
    summary: "The engines and auth methods that can be enabled. All are built in.",
    operation: "plugins-catalog-list-plugins",
    rootOnly: true,
    replies: {
      read: {
        auth: field.stringList("Auth methods."),
        secret: field.stringList("Secrets engines."),
        database: field.stringList("Database drivers."),
        detailed: field.any("Each with name, type, version, builtin and deprecation_status."),
      },
    },
    read: (_, ctx) => ({
      data: {
        ...Object.fromEntries(KINDS.map(kind => [kind, namesOf(ctx, kind)])),
        detailed: KINDS.flatMap(kind => namesOf(ctx, kind).map(one => shown(one, kind))),
      },
    }),
  }),
  sysRoute("plugins/catalog/:type", {
    summary: "The engines of a type: auth, secret or database.",
    operation: "plugins-catalog-list-plugins-with-type",
    sudo: true,
    list: ({ type: kind }, ctx) => ({ data: { keys: namesOf(ctx, checkType(kind)) } }),
  }),
  sysRoute("plugins/catalog/:type/:name", {
    summary: "One engine. Registering and removing are refused.",
    operation: "plugins-catalog-*-plugin-configuration-with-type",
    fields: { type, name },
    sudo: true,
    read: ({ type: kind, name: wanted }, ctx) => {
      const found = one(ctx, checkType(kind), wanted)
      return found && { data: found }
    },
    write: builtIn,
    delete: builtIn,
  }),
  sysRoute("plugins/pins", {
    summary: "Versions that mounts are pinned to: none.",
    sudo: true,
    read: () => ({ data: { pinned_versions: [] } }),
  }),
  sysRoute("plugins/runtimes/catalog", {
    summary: "Containers that plugins could run in: none.",
    sudo: true,
    // Clients read the list with a plain GET, and take it for an error when there is no `runtimes`.
    read: () => ({ data: { runtimes: [] } }),
    list: () => ({ data: { keys: [], runtimes: [] } }),
  }),
  sysRoute("plugins/reload/backend", {
    summary:
      "Start engines anew. They have no state of their own, so there is nothing to do; what is named must be there.",
    fields: {
      plugin: field.string("Of which engine all mounts are meant.", { default: "", plain: true }),
      mounts: field.commaList("Or which mounts.", { default: [], plain: true }),
      scope: field.string("Accepted for compatibility.", { default: "", plain: true }),
    },
    write: async ({ plugin, mounts, scope }, ctx) => {
      if (plugin !== "" && mounts.length > 0) throw refuse.invalid("plugin and mounts cannot be set at the same time")
      if (plugin === "" && mounts.length === 0) throw refuse.invalid("plugin or mounts must be provided")
      const found = await mountsOf(ctx, { plugin, mounts })
      if (mounts.length > found.length) throw refuse.invalid("no such mount among those given")
      return reloaded(ctx, scope, found.length > 0)
    },
  }),
  sysRoute("plugins/reload/:type/:name", {
    summary: "The same for one engine.",
    fields: { type, name, scope: field.string("Accepted for compatibility.", { default: "", plain: true }) },
    write: async ({ type: kind, name: wanted, scope }, ctx) => {
      if (kind !== "unknown" && one(ctx, checkType(kind), wanted) === undefined)
        throw refuse.invalid(`plugin not found in the catalog: ${wanted}`)
      return reloaded(ctx, scope, (await mountsOf(ctx, { plugin: wanted, mounts: [] })).length > 0)
    },
  }),
]
