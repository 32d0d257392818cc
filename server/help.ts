/** `?help=1` and `path-help`: a route in words, from its declaration. */

import type { JsonObject, Route } from "@arca/api"
import type { ServerContext } from "./server.ts"

/** The text of one route, as `path-help` prints it. */
export function helpText(route: Route<ServerContext>, path: string): string {
  const lines = [`Request:        ${path}`, `Matching Route: ${route.paths.join(", ")}`, "", route.summary]
  if (route.description !== undefined) lines.push("", route.description)
  const fields = Object.entries(route.fields)
  if (fields.length > 0) lines.push("", "## PARAMETERS")
  for (const [name, { kind, summary, options }] of fields.sort(([a], [b]) => (a < b ? -1 : 1))) {
    lines.push(
      "",
      `    ${name} (${kind.name})${options.deprecated === undefined ? "" : ` (DEPRECATED: ${options.deprecated})`}`,
      `        ${summary}`,
    )
  }
  return `${lines.join("\n")}\n`
}

export function helpOf(route: Route<ServerContext>, path: string): JsonObject {
  return { help: helpText(route, path), see_also: null, openapi: null }
}
