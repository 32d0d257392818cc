/** `sys/internal/specs/openapi`: the API of the mounts that the caller can reach, in a form that generators read. */

import { type Described, field, type JsonObject, matcher, openapi, type Route, respelled } from "@arca/api"
import { type MountEntry, mountTable } from "../mounts.ts"
import type { Server, ServerContext } from "../server.ts"
import { bootRoutes } from "./boot.ts"
import { sysRoute } from "./route.ts"
import { seenMounts } from "./ui.ts"

/** The routes that are answered while sealed belong to `sys/` for anyone who reads about them. */
const bootOfSys = bootRoutes.map(route => respelled(route, path => path.slice("sys/".length)))
const findBoot = matcher(bootOfSys)

/** The route that answers at a path of a mount, relative to it, for anyone who reads about it. */
export function documented(server: Server, entry: MountEntry, relative: string): Route<never> | undefined {
  const found = server.registry.routes(entry)?.(relative)?.route
  return found ?? (entry.path === "sys/" ? findBoot(relative)?.route : undefined)
}

const TAGS: Readonly<Record<string, string>> = { "sys/": "system", "identity/": "identity" }

/** A mount for the document. `generic` replaces its path by a parameter, so that the document fits any mount. */
export function described(server: Server, entry: MountEntry, generic: boolean): Described {
  const { registry } = server
  const engine = registry.engine(entry.kind, entry.type)
  const isSystem = entry.path === "sys/"
  const version = engine?.versions === undefined ? "" : `-v${entry.options?.version ?? "1"}`
  const name = entry.path.replace(/^auth\//, "").replace(/\/$/, "")
  return {
    path: entry.path,
    routes: [...registry.table(entry), ...(isSystem ? bootOfSys : [])],
    prefix: isSystem ? "" : `${engine?.words ?? entry.type}${version}`,
    tag: TAGS[entry.path] ?? (entry.kind === "auth" ? "auth" : "secrets"),
    ...(generic && !engine?.singleton ? { parameter: `${name.replaceAll(/\W/g, "_")}_mount_path` } : {}),
  }
}

async function specification(
  { generic_mount_paths: generic, context }: { generic_mount_paths: boolean; context: string },
  ctx: ServerContext,
) {
  const seen = seenMounts(ctx, await mountTable(ctx.view, ctx.namespace))
  const document: JsonObject = openapi(
    seen.map(entry => described(ctx.server, entry, generic)),
    { title: "Arca API", version: ctx.server.facts.apiVersion, context },
  )
  return { bare: document }
}

const fields = {
  generic_mount_paths: field.bool("Name the mounts by parameters, so that the document fits any of their kind.", {
    default: false,
    verbs: ["read", "write"],
  }),
  context: field.string("Appended to the name of every operation.", { default: "", verbs: ["read", "write"] }),
} as const

export const openapiRoutes = [
  sysRoute("internal/specs/openapi", {
    summary: "The API of the mounts that the caller can reach, as an OpenAPI document.",
    fields,
    open: true,
    operation: {
      read: "internal-generate-open-api-document",
      write: "internal-generate-open-api-document-with-parameters",
    },
    read: specification,
    write: specification,
  }),
]
