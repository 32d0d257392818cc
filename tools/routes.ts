/**
 * What our declarations have in common with the reference's published list of operations, and where they differ:
 * `tests/golden/vault-routes.tsv` (facts of Vault 1.15's OpenAPI document; the columns are named in its first line).
 *
 *     node tools/routes.ts            everything that is absent or differs
 *     node tools/routes.ts approle    only paths that hold this word
 */

import { readFileSync } from "node:fs"
import { pathToFileURL } from "node:url"
import { isJsonObject, type Json, type JsonObject } from "@arca/api"
import { specification } from "./specification.ts"

const REFERENCE = new URL("../tests/golden/vault-routes.tsv", import.meta.url)

/** One operation, whoever lists it. */
export interface Row {
  /** GET, POST, DELETE, LIST, PATCH. */
  readonly method: string
  /** With the names of path parameters left out, which are nobody's contract: `/auth/{}/role/{}`. */
  readonly path: string
  readonly flags: string
  readonly operation: string
  /** `name` to `type=default`, `!` when required, `~` when deprecated; query parameters begin with `?`. */
  readonly parameters: ReadonlyMap<string, string>
  readonly replies: readonly string[]
}

export const keyOf = ({ method, path }: Pick<Row, "method" | "path">): string => `${method} ${path}`

/** Mount parameters keep their names; they tell the engine. */
const anonymous = (path: string): string => path.replaceAll(/\{(?!\w+_mount_path\})\w+\}/g, "{}").replace(/\/$/, "")

export function referenceRows(): Row[] {
  const [, ...lines] = readFileSync(REFERENCE, "utf8").trimEnd().split("\n")
  return lines.map(line => {
    const [method = "", path = "", flags = "", operation = "", parameters = "", replies = ""] = line.split("\t")
    return {
      method,
      path: anonymous(path),
      flags: flags.replace("-", ""),
      operation,
      parameters: new Map(parameters.split(" ").flatMap(one => parameterOf(one))),
      replies: replies.split(" ").filter(name => name !== ""),
    }
  })
}

function parameterOf(text: string): [string, string][] {
  if (text === "") return []
  const [name = "", ...rest] = text.split(":")
  return [[name, rest.join(":").replace(/\{.*\}/, "")]]
}

const FLAGS = { "x-vault-unauthenticated": "u", "x-vault-sudo": "s", "x-vault-createSupported": "c" } as const
const METHODS = { get: "GET", post: "POST", delete: "DELETE", patch: "PATCH" } as const

const object = (json: Json | undefined): JsonObject => (isJsonObject(json) ? json : {})
const list = (json: Json | undefined): JsonObject[] => (Array.isArray(json) ? json.map(object) : [])

/** The operations of a document of ours. */
export function rowsOf(document: JsonObject): Row[] {
  const schemas = object(object(document.components).schemas)
  const resolve = (schema: JsonObject): JsonObject =>
    typeof schema.$ref === "string" ? object(schemas[schema.$ref.split("/").at(-1) ?? ""]) : schema
  const schemaIn = (body: JsonObject): JsonObject =>
    resolve(object(object(object(body.content)["application/json"]).schema))
  return Object.entries(object(document.paths)).flatMap(([path, item]) => {
    const flags = Object.entries(FLAGS).flatMap(([name, flag]) => (object(item)[name] === true ? [flag] : []))
    return Object.entries(METHODS).flatMap(([name, method]): Row[] => {
      const operation = object(object(item)[name])
      if (operation.operationId === undefined) return []
      const query = list(operation.parameters).filter(one => one.name !== "list" || !path.endsWith("/"))
      const body = schemaIn(object(operation.requestBody))
      const required = Array.isArray(body.required) ? body.required : []
      return [
        {
          method: path.endsWith("/") ? "LIST" : method,
          path: anonymous(path),
          flags: flags.join(""),
          operation: String(operation.operationId),
          parameters: new Map([
            ...query.map(one => [`?${one.name}`, ""] as const),
            ...Object.entries(object(body.properties)).map(
              ([key, schema]) => [key, typeOf(object(schema), required.includes(key))] as const,
            ),
          ]),
          replies: Object.keys(object(schemaIn(object(object(operation.responses)["200"])).properties)),
        },
      ]
    })
  })
}

function typeOf(schema: JsonObject, required: boolean): string {
  const type = schema.type === "array" ? `[${object(schema.items).type}]` : String(schema.type ?? "any")
  const format = schema.format === undefined ? "" : `/${schema.format}`
  const fallback = schema.default === undefined ? "" : `=${JSON.stringify(schema.default)}`
  return `${type}${format}${fallback}${required ? "!" : ""}${schema.deprecated === true ? "~" : ""}`
}

export interface Comparison {
  readonly same: number
  /** Operations of the reference that we do not declare. */
  readonly absent: readonly Row[]
  readonly differences: readonly string[]
}

/** Compares the rows of the mounts that both know; `concerns` chooses rows of the reference. */
export function compare(ours: readonly Row[], reference: readonly Row[]): Comparison {
  const byKey = new Map(ours.map(row => [keyOf(row), row]))
  const absent: Row[] = []
  const differences: string[] = []
  for (const row of reference) {
    const own = byKey.get(keyOf(row))
    if (own === undefined) absent.push(row)
    else differences.push(...differencesOf(own, row))
  }
  return { same: reference.length - absent.length, absent, differences }
}

function differencesOf(own: Row, row: Row): string[] {
  const found: string[] = []
  const say = (what: string, ours: string, theirs: string) => {
    if (ours !== theirs) found.push(`${keyOf(row)}: ${what} is ${ours || "none"}, in the reference ${theirs || "none"}`)
  }
  say("operation", own.operation, row.operation)
  say("flags", [...own.flags].sort().join(""), [...row.flags].sort().join(""))
  for (const [name, type] of row.parameters) {
    const ours = own.parameters.get(name)
    if (ours === undefined) found.push(`${keyOf(row)}: no parameter ${name}${type === "" ? "" : ` (${type})`}`)
    else say(name, ours, type)
  }
  const untold = row.replies.filter(name => !own.replies.includes(name))
  if (untold.length > 0) found.push(`${keyOf(row)}: replies are not declared: ${untold.join(" ")}`)
  return found
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const word = process.argv[2] ?? ""
  const ours = rowsOf(await specification())
  const reference = referenceRows().filter(row => keyOf(row).includes(word))
  const { same, absent, differences } = compare(ours, reference)
  for (const row of absent) process.stdout.write(`absent  ${keyOf(row)}  ${row.operation}\n`)
  for (const line of differences) process.stdout.write(`differs ${line}\n`)
  process.stdout.write(`${same} of ${reference.length} operations are declared; ${differences.length} differences\n`)
}
