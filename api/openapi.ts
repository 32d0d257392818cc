/**
 * OpenAPI 3.0.2 from the declarations of routes, in the form that Vault serves: lists are paths that end in a slash, with
 * `list=true`; flags of a path stand in `x-vault-*`. Generators of clients and Terraform's providers are built on it.
 */

import { formatDuration } from "./duration.ts"
import type { Field, Fields } from "./field.ts"
import { writeField } from "./field.ts"
import type { Json, JsonObject } from "./json.ts"
import { holdsFor, type Route } from "./route.ts"
import { type Act, actsOf, answeredBy, operationId, takenBy } from "./shape.ts"

/** A mount to describe. */
export interface Described {
  /** `secret/`, `auth/userpass/`, `sys/`. */
  readonly path: string
  readonly routes: readonly Route<never>[]
  /** Begins the names of its operations: `kv-v2`; empty for `sys/`. */
  readonly prefix: string
  /** What generators file its operations under: secrets, auth, system, identity. */
  readonly tag: string
  /** The parameter that stands for the mount's path, when the document shall fit any mount of this engine. */
  readonly parameter?: string | undefined
}

export interface DocumentOptions {
  readonly title: string
  readonly version: string
  /** Appended to the name of every operation. */
  readonly context?: string
}

type Schemas = Record<string, JsonObject>

/** The document of some mounts. Its keys are sorted: the same declarations give the same text. */
export function openapi(mounts: readonly Described[], { title, version, context }: DocumentOptions): JsonObject {
  const paths: Record<string, JsonObject> = {}
  const schemas: Schemas = { StandardListResponse: STANDARD_LIST }
  const unique = uniqueNames()
  const name = (id: string): string => (context ? `${unique(id)}_${context}` : unique(id))
  for (const mount of mounts) {
    for (const act of documentOrder(mount.routes)) {
      const item = (paths[pathOf(mount, act)] ??= itemOf(mount, act))
      item[METHODS[act.verb]] ??= operationOf(mount, act, name, schemas)
    }
  }
  return {
    openapi: "3.0.2",
    info: {
      title,
      description: "Every path is below `/v1`. Tokens are sent as `X-Vault-Token`, or as `Authorization: Bearer`.",
      version,
      license: { name: "Apache-2.0", url: "https://www.apache.org/licenses/LICENSE-2.0" },
    },
    paths: sorted(paths),
    components: { schemas: sorted(schemas) },
  }
}

const STANDARD_LIST: JsonObject = {
  type: "object",
  properties: { keys: { type: "array", items: { type: "string" } } },
}

const METHODS = { read: "get", list: "get", scan: "get", write: "post", delete: "delete", patch: "patch" } as const

const ORDER = ["get", "post", "delete", "patch"]

/** A scan is a list of another depth: it is told by the list's own operation. */
const documentOrder = (routes: readonly Route<never>[]): Act[] =>
  actsOf(routes)
    .filter(({ route, verb }) => verb !== "scan" || !route.handlers.has("list"))
    .map((act, index) => ({ act, index, method: ORDER.indexOf(METHODS[act.verb]) }))
    .sort((a, b) => a.method - b.method || a.index - b.index)
    .map(({ act }) => act)

const isListing = ({ verb }: Act): boolean => verb === "list" || verb === "scan"

function pathOf({ path, parameter }: Described, act: Act): string {
  const kind = /^auth\//.exec(path)?.[0] ?? ""
  const mount = parameter === undefined ? path : `${kind}{${parameter}}/`
  const relative = act.path.replaceAll(/[:*](\w+)/g, "{$1}").replace(/\/+$/, "")
  return `/${mount}${relative}${isListing(act) && relative !== "" ? "/" : ""}`
}

function itemOf(mount: Described, act: Act): JsonObject {
  const { route } = act
  const verbs = [...route.handlers.keys()].filter(verb => (verb === "list" || verb === "scan") === isListing(act))
  const any = (flag: typeof route.sudo) => verbs.some(verb => holdsFor(flag, verb))
  const parameters = takenBy(act).path.map(([name, field]) => pathParameter(name, field))
  if (mount.parameter !== undefined) {
    const schema = { type: "string", default: mount.path.replace(/^auth\//, "").replace(/\/$/, "") }
    const description = "Path that the engine is mounted at."
    parameters.push({ name: mount.parameter, description, in: "path", schema, required: true })
  }
  return {
    description: route.summary,
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(any(route.sudo) ? { "x-vault-sudo": true } : {}),
    ...(any(route.open) ? { "x-vault-unauthenticated": true } : {}),
    ...(route.exists !== undefined && verbs.includes("write") ? { "x-vault-createSupported": true } : {}),
    ...displayOf(act),
  }
}

const displayOf = (act: Act): JsonObject => {
  const itemType = act.route.item
  if (itemType === undefined) return {}
  return { "x-vault-displayAttrs": isListing(act) ? { navigation: true, itemType } : { itemType, action: "Create" } }
}

function pathParameter(name: string, field: Field<unknown> | undefined): JsonObject {
  const description = field?.summary ?? "A part of the path."
  return { name, description, in: "path", schema: { type: "string" }, required: true }
}

function operationOf(mount: Described, act: Act, name: (id: string) => string, schemas: Schemas): JsonObject {
  const { route } = act
  const id = name(operationId(mount.prefix, act))
  const parameters = [...queryOf(act), ...(isListing(act) ? [LIST_PARAMETER] : [])]
  const body = bodyOf(act, id, schemas)
  return {
    summary: route.summary,
    ...(route.description === undefined ? {} : { description: route.description }),
    operationId: id,
    tags: [mount.tag],
    ...(route.deprecated === undefined ? {} : { deprecated: true }),
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(body === undefined
      ? {}
      : { requestBody: { required: true, content: { "application/json": { schema: body } } } }),
    responses: responsesOf(act, id, schemas),
    ...(act.verb === "list" && route.handlers.has("scan") ? { "x-arca-scan": true } : {}),
  }
}

const LIST_PARAMETER: JsonObject = {
  name: "list",
  description: "Must be set to `true`",
  in: "query",
  schema: { type: "string", enum: ["true"] },
  required: true,
}

const queryOf = (act: Act): JsonObject[] =>
  takenBy(act).query.map(([name, field]) => {
    const { description, ...schema } = schemaOf(field)
    const { required = false, deprecated } = field.options
    return {
      name,
      description: description ?? "",
      in: "query",
      schema,
      ...(required ? { required } : {}),
      ...(deprecated === undefined ? {} : { deprecated: true }),
    }
  })

function bodyOf(act: Act, id: string, schemas: Schemas): JsonObject | undefined {
  const hasBody = act.verb === "write" || act.verb === "patch"
  if (hasBody && act.route.takesAny) return { type: "object", additionalProperties: true }
  const { body } = takenBy(act)
  if (body.length === 0) return undefined
  const properties: Record<string, JsonObject> = {}
  for (const [name, field] of body) {
    properties[name] = schemaOf(field)
    for (const alias of field.options.alias ?? []) {
      properties[alias] ??= { ...schemaOf(field), description: `Use "${name}" instead.`, deprecated: true }
    }
  }
  const required = body.filter(([, field]) => field.options.required).map(([name]) => name)
  const title = `${titleCase(id)}Request`
  schemas[title] = {
    type: "object",
    properties: sorted(properties),
    ...(required.length > 0 ? { required: required.sort() } : {}),
  }
  return { $ref: `#/components/schemas/${title}` }
}

function responsesOf(act: Act, id: string, schemas: Schemas): JsonObject {
  const fields = answeredBy(act)
  if (fields === undefined) {
    if (isListing(act)) return withContent("StandardListResponse")
    return act.verb === "delete" ? { "204": { description: "empty body" } } : { "200": { description: "OK" } }
  }
  if (Object.keys(fields).length === 0) return { "204": { description: "No Content" } }
  const title = `${titleCase(id)}Response`
  const { "*": others, ...named } = fields
  schemas[title] = {
    type: "object",
    ...(Object.keys(named).length === 0 ? {} : { properties: propertiesOf(named) }),
    ...(others === undefined ? {} : { additionalProperties: replySchemaOf(others) }),
  }
  return withContent(title)
}

const withContent = (title: string): JsonObject => ({
  "200": {
    description: "OK",
    content: { "application/json": { schema: { $ref: `#/components/schemas/${title}` } } },
  },
})

const propertiesOf = (fields: Fields): JsonObject =>
  sorted(Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, replySchemaOf(field)])))

/** A field of a reply: what it is, not what it may be left out for. Durations are answered as numbers. */
function replySchemaOf(field: Field<unknown>): JsonObject {
  const { default: _default, enum: _choices, ...schema } = schemaOf(field)
  return field.kind.format === "duration" ? { ...schema, type: "integer", format: "seconds" } : schema
}

/** A field as JSON Schema. Defaults that say nothing (empty, zero, false) are left out, as Vault leaves them. */
export function schemaOf(field: Field<unknown>): JsonObject {
  const { kind, summary, options } = field
  const choices = options.choices?.filter(choice => choice !== "").map(choice => writeField(field, choice))
  const shown = defaultOf(field)
  const display = {
    ...(options.group === undefined ? {} : { group: options.group }),
    ...(options.secret ? { sensitive: true } : {}),
  }
  return {
    ...(kind.openapi === "any" ? {} : { type: kind.openapi }),
    description: summary,
    ...(kind.format === undefined ? {} : { format: kind.format }),
    ...(kind.openapi === "array" ? { items: { type: kind.name === "int list" ? "integer" : "string" } } : {}),
    ...(shown === undefined ? {} : { default: shown }),
    ...(choices === undefined || choices.length === 0 ? {} : { enum: choices }),
    ...(options.deprecated === undefined ? {} : { deprecated: true }),
    ...(Object.keys(display).length === 0 ? {} : { "x-vault-displayAttrs": display }),
  }
}

/** A default that is worth telling, as it stands in JSON. */
export function defaultOf(field: Field<unknown>): Json | undefined {
  const value = field.options.default
  if (value === undefined || value === null || value === "" || value === 0 || value === false) return undefined
  const json = writeField(field, value)
  if (typeof json === "object" && json !== null && Object.keys(json).length === 0) return undefined
  return field.kind.format === "duration" && typeof json === "number" ? formatDuration(json) : json
}

/** `kv-v2-read` is `KvV2Read`. */
const titleCase = (id: string): string =>
  id
    .split("-")
    .map(word => word.slice(0, 1).toUpperCase() + word.slice(1))
    .join("")

/** A second operation of the same name gets a 2 behind it, a third a 3. */
function uniqueNames(): (name: string) => string {
  const taken = new Map<string, number>()
  return name => {
    const count = (taken.get(name) ?? 0) + 1
    taken.set(name, count)
    return count === 1 ? name : `${name}${count}`
  }
}

const sorted = <T extends Json>(object: Readonly<Record<string, T>>): Record<string, T> =>
  Object.fromEntries(Object.entries(object).sort(([a], [b]) => (a < b ? -1 : 1)))
