/** The client's types: what each path takes and answers, from the declarations. Types only; nothing of it runs. */

import { type Act, actsOf, answeredBy, type Field, type Fields, type Route, respelled, takenBy } from "@arca/api"
import type { AnyEngine } from "../../server/server.ts"
import { bootRoutes } from "../../server/sys/boot.ts"

const HEADER = `/**
 * What each path of each engine takes and answers. Made from the declarations by \`node tools/docs.ts\`; to change it, change them.
 * Paths are relative to the mount; \`:name\` is one segment, \`*path\` all the rest.
 */

import type { Json, JsonObject } from "@arca/api/json"

/** One verb at one path. */
export interface Act<Takes, Answers> {
  readonly takes: Takes
  readonly answers: Answers
}

export interface Names {
  readonly keys: readonly string[]
}`

/** The text of \`sdk/paths.ts\`. */
export function clientTypes(engines: readonly AnyEngine[]): string {
  const kinds = engines.flatMap(kindsOf)
  return `${[
    HEADER,
    ...kinds.map(({ title, about, routes }) => interfaceOf(title, about, routes)),
    `/** What can be mounted, by the names of \`arca secrets enable\` and \`arca auth enable\`. */\nexport interface Engines {\n${kinds
      .map(({ name, title }) => `  ${quoted(name)}: ${title}`)
      .join("\n")}\n}`,
    `/** What is always there. */\nexport type Fixed = {\n${kinds
      .flatMap(({ name, fixed }) => (fixed === undefined ? [] : [`  ${quoted(fixed)}: ${JSON.stringify(name)}`]))
      .join("\n")}\n}`,
  ].join("\n\n")}\n`
}

interface Kind {
  readonly name: string
  readonly title: string
  readonly about: string
  readonly routes: readonly Route<never>[]
  /** Where it is mounted from the first start. */
  readonly fixed?: string
}

function kindsOf(engine: AnyEngine): Kind[] {
  const kind = (name: string, routes: readonly Route<never>[]): Kind => ({
    name,
    title: titleCase(name),
    about: engine.summary,
    routes,
    ...(engine.singleton ? { fixed: fixedPath(engine) } : {}),
  })
  if (engine.type === "system") {
    return [kind("system", [...engine.routes, ...bootRoutes.map(one => respelled(one, path => path.slice(4)))])]
  }
  if (engine.versions === undefined) return [kind(engine.type, engine.routes)]
  return [
    kind(`${engine.type}-v1`, engine.routes),
    ...Object.entries(engine.versions).map(([version, routes]) => kind(`${engine.type}-v${version}`, routes)),
  ]
}

const fixedPath = ({ kind, type }: AnyEngine): string =>
  type === "system" ? "sys/" : `${kind === "auth" ? "auth/" : ""}${type}/`

const titleCase = (name: string): string =>
  name
    .split(/[-_]/)
    .map(word => word.slice(0, 1).toUpperCase() + word.slice(1))
    .join("")

function interfaceOf(title: string, about: string, routes: readonly Route<never>[]): string {
  const byPath = new Map<string, Act[]>()
  for (const act of actsOf(routes)) byPath.set(act.path, [...(byPath.get(act.path) ?? []), act])
  const members = [...byPath].map(([path, acts]) => {
    const verbs = acts.map(act => `    ${act.verb}: Act<${takes(act)}, ${answers(act)}>`)
    return `${comment(acts[0]?.route.summary ?? "", "  ")}  ${quoted(path)}: {\n${verbs.join("\n")}\n  }`
  })
  return `/** ${about} */\nexport interface ${title} {\n${members.join("\n")}\n}`
}

const comment = (text: string, indent: string): string =>
  text === "" ? "" : `${indent}/** ${text.replaceAll("*/", "*\\/")} */\n`

const quoted = (name: string): string => (/^[A-Za-z_]\w*$/.test(name) ? name : JSON.stringify(name))

function takes(act: Act): string {
  if (act.route.takesAny && (act.verb === "write" || act.verb === "patch")) return "object"
  const { query, body } = takenBy(act)
  const members = [...query, ...body].flatMap(([name, field]) => [
    member(name, field.summary, field.options.required === true, inputType(field), field.options.deprecated),
    ...(field.options.alias ?? []).map(alias => member(alias, "", false, inputType(field), `use "${name}"`)),
  ])
  return members.length === 0 ? "Record<never, never>" : block(members)
}

function answers(act: Act): string {
  const fields: Fields | undefined = answeredBy(act)
  if (fields === undefined) return act.verb === "list" || act.verb === "scan" ? "Names" : "JsonObject"
  const { "*": others, ...named } = fields
  const members = Object.entries(named).map(([name, field]) =>
    member(name, field.summary, field.options.optional !== true, outputType(field), undefined),
  )
  if (others !== undefined) {
    // A type for all names must hold for those that have one of their own, too.
    const all = new Set([others, ...Object.values(named)].map(outputType))
    if (members.length > 0) all.add("undefined")
    members.push(`${comment(others.summary, "      ")}      readonly [name: string]: ${[...all].join(" | ")}`)
  }
  return members.length === 0 ? "null" : block(members)
}

const block = (members: readonly string[]): string => `{\n${members.join("\n")}\n    }`

function member(name: string, about: string, required: boolean, type: string, deprecated: string | undefined): string {
  const text = [about, deprecated === undefined ? "" : `@deprecated ${deprecated}`]
    .filter(part => part !== "")
    .join(" ")
  return `${comment(text, "      ")}      readonly ${quoted(name)}${required ? "" : "?"}: ${type}`
}

/** What may be sent: as lenient as reading is, where a type can say so. */
function inputType({ kind, options }: Field<unknown>): string {
  const choices = options.choices?.filter(choice => choice !== "").map(choice => JSON.stringify(choice))
  if (choices !== undefined && choices.length > 0) return choices.join(" | ")
  if (kind.format === "duration" || kind.name === "time") return "string | number"
  if (kind.name === "comma list") return "string | readonly string[]"
  if (kind.name === "int list") return "readonly number[]"
  if (kind.openapi === "array") return "readonly string[]"
  if (kind.name === "key/value pairs") return "Readonly<Record<string, string>>"
  if (kind.openapi === "object") return "object"
  return kind.openapi === "any" ? "unknown" : scalar(kind.openapi)
}

/** What is answered. Lists and maps that hold nothing may be null, as may what can be left out. */
function outputType({ kind, options }: Field<unknown>): string {
  if (kind.openapi === "any") return "Json"
  const type = plainOutput(kind)
  return options.optional || kind.openapi === "array" || kind.openapi === "object" ? `${type} | null` : type
}

function plainOutput({ name, openapi, format }: Field<unknown>["kind"]): string {
  if (format === "duration") return "number"
  if (name === "int list") return "readonly number[]"
  if (openapi === "array") return "readonly string[]"
  if (name === "key/value pairs") return "Readonly<Record<string, string>>"
  return openapi === "object" ? "JsonObject" : scalar(openapi)
}

const scalar = (openapi: string): string =>
  openapi === "integer" || openapi === "number" ? "number" : openapi === "boolean" ? "boolean" : "string"
