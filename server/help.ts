/** `?help=1` and `path-help`: a path in words, from its declaration; at the top of a mount, all its paths. */

import {
  type Act,
  actsOf,
  defaultOf,
  type Field,
  holdsFor,
  type JsonObject,
  openapi,
  type Route,
  refuse,
  takenBy,
} from "@arca/api"
import type { MountEntry } from "./mounts.ts"
import type { Server } from "./server.ts"
import { described, documented } from "./sys/openapi.ts"

type AnyRoute = Route<never>

/** Help about a path of a mount, relative to its namespace. Refuses (404) a path that the engine does not have. */
export function helpOf(server: Server, entry: MountEntry, path: string): JsonObject {
  const mount = described(server, entry, false)
  const relative = path.slice(entry.path.length)
  const about = relative === "" ? undefined : documented(server, entry, relative)
  if (relative !== "" && about === undefined) throw refuse.noPath()
  const routes = about === undefined ? mount.routes : [about]
  const summary = server.registry.engine(entry.kind, entry.type)?.summary ?? entry.type
  return {
    help: about === undefined ? mountText(summary, mount.routes) : routeText(about, path),
    see_also: null,
    openapi: openapi([{ ...mount, routes }], { title: "Arca API", version: server.facts.apiVersion }),
  }
}

function mountText(summary: string, routes: readonly AnyRoute[]): string {
  const listed = routes
    .filter(route => !route.unlisted)
    .flatMap(route => route.paths.map(path => ({ path, summary: route.summary })))
    .sort((a, b) => (a.path < b.path ? -1 : 1))
  return (
    section("DESCRIPTION", [summary]) +
    section(
      "PATHS",
      listed.map(one => `    ${one.path}\n        ${one.summary}\n`),
    )
  )
}

/** The text of one route. */
export function routeText(route: AnyRoute, path: string): string {
  const acts = actsOf([{ ...route, paths: route.paths.slice(0, 1) }])
  return [
    `Request:        ${path}\nMatching Route: ${route.paths.join(", ")}\n\n${route.summary}\n\n`,
    route.description === undefined ? "" : section("DESCRIPTION", [route.description]),
    section("OPERATIONS", acts.map(operationText)),
    section("PARAMETERS", parametersOf(route, acts)),
  ].join("")
}

const section = (title: string, lines: readonly string[]): string =>
  lines.length === 0 ? "" : `## ${title}\n\n${lines.join("\n").trimEnd()}\n\n`

function operationText({ route, verb }: Act): string {
  const needs = holdsFor(route.open, verb)
    ? "no token"
    : `capability ${verb === "write" ? (route.exists ? "create or update" : "update") : verb}`
  return `    ${verb.padEnd(8)}${needs}${holdsFor(route.sudo, verb) ? " and sudo" : ""}`
}

function parametersOf(route: AnyRoute, acts: readonly Act[]): string[] {
  const named = new Map<string, Field<unknown> | undefined>()
  for (const act of acts) {
    const { path, query, body } = takenBy(act)
    for (const [name, field] of [...path, ...query, ...body]) named.set(name, field)
  }
  for (const [name, field] of Object.entries(route.fields)) named.set(name, field)
  return [...named].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, field]) => parameterText(name, field))
}

function parameterText(name: string, field: Field<unknown> | undefined): string {
  if (field === undefined) return `    ${name} (string)\n        A part of the path.\n`
  const { required, deprecated, choices = [], alias = [] } = field.options
  const shown = defaultOf(field)
  const more = [
    required ? "Required." : "",
    shown === undefined ? "" : `Default: ${typeof shown === "string" ? shown : JSON.stringify(shown)}.`,
    choices.length === 0 ? "" : `One of ${choices.filter(choice => choice !== "").join(", ")}.`,
    alias.length === 0 ? "" : `Older name: ${alias.join(", ")}.`,
  ].filter(text => text !== "")
  const summary = deprecated === undefined ? field.summary : `(DEPRECATED) ${field.summary}: ${deprecated}`
  return `    ${name} (${field.kind.name})\n        ${[summary, ...more].join(" ")}\n`
}
