/** The pages of engines, auth methods and `sys/`: a section for each route. */

import {
  type Act,
  answeredBy,
  defaultOf,
  type Field,
  type Fields,
  holdsFor,
  type Route,
  respelled,
  takenBy,
  type Verb,
} from "@arca/api"
import type { AnyEngine } from "../../server/server.ts"
import { bootRoutes } from "../../server/sys/boot.ts"
import { systemGroups } from "../../server/sys/engine.ts"
import { blocks, code, contents, GENERATED, type Page, table } from "./markdown.ts"

type AnyRoute = Route<never>

/** Pages for every engine and auth method, and for each group of the server's own routes. */
export function apiPages(engines: readonly AnyEngine[]): Page[] {
  return [...engines.filter(engine => engine.type !== "system").flatMap(enginePages), ...systemPages()]
}

function enginePages(engine: AnyEngine): Page[] {
  const isAuth = engine.kind === "auth"
  const folder = isAuth ? "auth" : "secrets"
  const tables: [name: string, routes: readonly AnyRoute[]][] =
    engine.versions === undefined
      ? [[engine.type, engine.routes]]
      : [["1", engine.routes] as const, ...Object.entries(engine.versions)].map(([version, routes]) => [
          `${engine.type}-v${version}`,
          routes,
        ])
  return tables.map(([name, routes]) => {
    const mount = `${isAuth ? "auth/" : ""}${engine.type}/`
    const where = engine.singleton
      ? `It is always there, at \`${mount}\`.`
      : `Paths are below its mount; \`${mount}\` stands for it here. ${enabling(engine, name)}`
    return {
      path: `${folder}/${name}.md`,
      title: name,
      summary: engine.summary,
      part: isAuth ? "Auth methods" : "Secrets engines",
      text: page(name, blocks(engine.summary, where), mount, routes),
    }
  })
}

const enabling = (engine: AnyEngine, name: string): string => {
  const line = engine.kind === "auth" ? `arca auth enable ${engine.type}` : `arca secrets enable ${name}`
  return `\`${line}\` mounts one.`
}

function systemPages(): Page[] {
  const boot = {
    name: "status",
    title: "Status, initialisation, unsealing",
    summary: "What is answered while the server is sealed.",
    routes: bootRoutes.map(route => respelled(route, path => path.slice("sys/".length))),
  }
  return [boot, ...systemGroups].map(({ name, title, summary, routes }) => ({
    path: `sys/${name}.md`,
    title,
    summary,
    part: "The server itself (`sys/`)",
    text: page(title, summary, "sys/", routes),
  }))
}

function page(title: string, intro: string, mount: string, routes: readonly AnyRoute[]): string {
  const listed = routes.filter(route => !route.unlisted)
  const headings = listed.map((route): [string, string] => [headingOf(mount, route), route.summary])
  return `${blocks(
    `# ${title}`,
    GENERATED,
    intro,
    contents(headings),
    ...listed.map(route => section(mount, route)),
  )}\n`
}

const headingOf = (mount: string, route: AnyRoute): string => mount + (route.paths[0] ?? "").replaceAll(/[:*]/g, ":")

const METHODS: Readonly<Record<Verb, string>> = {
  read: "GET",
  list: "LIST",
  scan: "SCAN",
  write: "POST",
  delete: "DELETE",
  patch: "PATCH",
}

function section(mount: string, route: AnyRoute): string {
  const path = route.paths[0] ?? ""
  const verbs = [...route.handlers.keys()]
  const acts = verbs.map((verb): Act => ({ route, path, verb }))
  const others = route.paths.slice(1).map(one => code(mount + one.replaceAll(/[:*]/g, ":")))
  return blocks(
    `## ${headingOf(mount, route)}`,
    route.summary,
    route.description,
    route.deprecated === undefined ? undefined : `**Deprecated**: ${route.deprecated}.`,
    table(
      ["method", "command", "capability"],
      acts.map(act => [code(METHODS[act.verb]), code(commandOf(mount, act)), capabilityOf(act)]),
    ),
    others.length === 0 ? undefined : `Also as ${others.join(", ")}.`,
    notesOf(route),
    parametersOf(acts),
    route.takesAny ? "The body is kept as it is sent: any keys and values." : undefined,
    route.issues === undefined ? undefined : "Answers a token, in `auth`.",
    repliesOf(acts),
  )
}

/** The line that does it: required parameters are shown, those of the path in capitals. */
function commandOf(mount: string, act: Act): string {
  const path = mount + act.path.replaceAll(/[:*](\w+)/g, (_, name: string) => name.toUpperCase())
  const { body, query } = takenBy(act)
  const needed = [...body, ...query].filter(([, field]) => field.options.required).map(([name]) => ` ${name}=…`)
  const more = body.length > needed.length ? " …" : ""
  const flag = act.verb === "write" && body.length === 0 && !act.route.takesAny ? " -f" : ""
  return `arca ${act.verb}${flag} ${path}${needed.join("")}${more}`
}

function capabilityOf({ route, verb }: Act): string {
  if (holdsFor(route.open, verb)) return "none"
  const own = verb === "write" ? (route.exists === undefined ? "update" : "create, or update where it exists") : verb
  return `${own}${holdsFor(route.sudo, verb) ? " and sudo" : ""}`
}

function notesOf(route: AnyRoute): string | undefined {
  const notes = [
    route.rootOnly ? "Only in the root namespace." : "",
    route.openWhen === undefined
      ? ""
      : `Without a token where the operator allows it: \`ARCA_UNAUTHED_ENDPOINTS=${route.openWhen}\`.`,
  ].filter(note => note !== "")
  return notes.length === 0 ? undefined : notes.join(" ")
}

/** One table for all verbs; a parameter says which take it where not all do that could. */
function parametersOf(acts: readonly Act[]): string {
  const rows = new Map<string, { field: Field<unknown> | undefined; places: Map<Verb, "path" | "query" | "body"> }>()
  for (const act of acts) {
    const taken = takenBy(act)
    for (const place of ["path", "query", "body"] as const) {
      for (const [name, field] of taken[place]) {
        const row = rows.get(name) ?? { field, places: new Map() }
        rows.set(name, { ...row, places: new Map([...row.places, [act.verb, place]]) })
      }
    }
  }
  return table(
    ["parameter", "type", "default", "meaning"],
    [...rows].map(([name, { field, places }]) => [
      code(name),
      field?.kind.name ?? "string",
      shownDefault(field),
      [field?.summary ?? "A part of the path.", ...remarks(field, places, acts)].join(" "),
    ]),
  )
}

function shownDefault(field: Field<unknown> | undefined): string {
  const value = field === undefined ? undefined : defaultOf(field)
  return value === undefined ? "" : code(typeof value === "string" ? value : JSON.stringify(value))
}

function remarks(
  field: Field<unknown> | undefined,
  places: ReadonlyMap<Verb, "path" | "query" | "body">,
  acts: readonly Act[],
): string[] {
  const { required, deprecated, alias = [], choices = [], secret } = field?.options ?? {}
  const verbs = [...places.keys()]
  const inPath = [...places.values()].includes("path")
  const bodied = acts.filter(({ verb }) => verb === "write" || verb === "patch").map(({ verb }) => verb)
  const some = !inPath && verbs.length < acts.length && verbs.join() !== bodied.join()
  const named = choices.filter(choice => choice !== "").map(choice => code(String(choice)))
  return [
    required ? "**Required.**" : "",
    deprecated === undefined ? "" : `**Deprecated**: ${deprecated}.`,
    named.length === 0 ? "" : `One of ${named.join(", ")}.`,
    alias.length === 0 ? "" : `Older name: ${alias.map(code).join(", ")}.`,
    secret ? "Secret." : "",
    some ? `(${verbs.map(verb => METHODS[verb]).join(", ")})` : "",
  ].filter(text => text !== "")
}

function repliesOf(acts: readonly Act[]): string {
  const told = acts.flatMap(act => {
    const fields = answeredBy(act)
    return fields === undefined || Object.keys(fields).length === 0 ? [] : [{ verb: act.verb, fields }]
  })
  const groups = new Map<Fields, Verb[]>()
  for (const { verb, fields } of told) groups.set(fields, [...(groups.get(fields) ?? []), verb])
  return blocks(
    ...[...groups].map(([fields, verbs]) =>
      blocks(
        `Answer to ${verbs.map(verb => METHODS[verb]).join(", ")}:`,
        table(
          ["field", "type", "meaning"],
          Object.entries(fields).map(([name, { kind, summary, options }]) => [
            name === "*" ? "*each*" : code(name),
            kind.format === "duration" ? "seconds" : kind.name,
            `${summary}${options.optional ? " May be left out." : ""}`,
          ]),
        ),
      ),
    ),
  )
}
