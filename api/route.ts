/**
 * A route: one path of an engine, what it takes, and what it does for each operation.
 *
 * Paths are relative to the mount. `:name` is one segment (a name unless its field says otherwise), `*path` is all the rest.
 * Several spellings of one route are given as a list.
 */

import type { Answer, Context } from "./engine.ts"
import { type Fields, field, NAME, readField, type ValueOf } from "./field.ts"
import type { Json, JsonObject } from "./json.ts"

/** What a request wants to do. Policies name these; `create` and `update` are both written by `write`. */
export type Operation = "read" | "list" | "scan" | "create" | "update" | "delete" | "patch" | "help"
/** The operations a route can answer: `write` is create or update, told apart by `exists`. */
export type Verb = "read" | "list" | "scan" | "write" | "delete" | "patch"

type Names<P extends string> = P extends `${infer Head}/${infer Tail}`
  ? Names<Head> | Names<Tail>
  : P extends `:${infer Name}` | `*${infer Name}`
    ? Name
    : never

type IsUnion<T, All = T> = T extends unknown ? ([All] extends [T] ? false : true) : never

/** Parameters that are always there: those of the path, when it has one spelling only. */
type Certain<P extends string> = true extends IsUnion<P> ? never : Names<P>

/** The handler's input: path parameters that no field declares are strings. */
export type Input<P extends string, F extends Fields> = {
  -readonly [K in keyof F]: K extends Certain<P> ? NonNullable<ValueOf<F[K]>> : ValueOf<F[K]>
} & { [K in Exclude<Names<P>, keyof F>]: string }

export type Handler<I, C> = (input: I, ctx: C) => Promise<Answer | undefined> | Answer | undefined

export interface RouteOptions<I, F, C> {
  /** One sentence: what this path is. It opens the page of the reference and `path-help`. */
  readonly summary: string
  /** More, when a sentence does not do. */
  readonly description?: string
  readonly fields?: F
  readonly read?: Handler<I, C>
  readonly list?: Handler<I, C>
  readonly scan?: Handler<I, C>
  readonly write?: Handler<I, C>
  readonly delete?: Handler<I, C>
  readonly patch?: Handler<I, C>
  /** Whether what `write` names is there already: it decides between the capabilities create and update. */
  readonly exists?: (input: I, ctx: C) => Promise<boolean>
  /** Needs no token (all verbs, or those named). */
  readonly open?: boolean | readonly Verb[]
  /** The field with which an open route is asked on behalf of another token: that needs a token of the caller's own. */
  readonly closedBy?: string
  /** Needs no token where the operator opted in under this name; otherwise it is like any other. */
  readonly openWhen?: string
  /** Needs the capability `sudo` as well. */
  readonly sudo?: boolean | readonly Verb[]
  /** The body is the caller's own data: no field of it is unknown. */
  readonly takesAny?: boolean
  /** Answered while the server is sealed. */
  readonly whileSealed?: boolean
  /** The body of a write is bytes of any length, which the handler reads as they come. Only for the server's own routes. */
  readonly streams?: boolean
  /** Only in the root namespace. */
  readonly rootOnly?: boolean
  /**
   * What `data` of a reply holds, by verb. A write that is declared to answer nothing is 204. The field `*` stands for names that
   * are only known when they are answered: a mount's path, a header.
   */
  readonly replies?: Readonly<Partial<Record<Verb, Fields>>>
  /** What its writes answer beside that: a token, in `auth`. */
  readonly issues?: "token"
  /**
   * What generated clients call its operations, after the engine's prefix. It follows from the path unless told otherwise.
   * `*` stands for the verb: `*-acl-policy`; `|` stands between the names of several spellings.
   */
  readonly operation?: string | Readonly<Partial<Record<Verb, string>>>
  /** What one is called in forms, where the route keeps named things: `Role`. */
  readonly item?: string
  /** Not part of the API: it only answers for paths that are taken for others. */
  readonly unlisted?: boolean
  readonly deprecated?: string
}

/** A route with its types worn off: what the router, OpenAPI and the documentation work on. */
export interface Route<C = Context> extends Omit<RouteOptions<never, Fields, C>, Verb | "fields" | "exists"> {
  readonly paths: readonly string[]
  readonly fields: Fields
  readonly handlers: ReadonlyMap<Verb, Handler<never, C>>
  readonly exists: ((input: never, ctx: C) => Promise<boolean>) | undefined
}

const VERBS: readonly Verb[] = ["read", "list", "scan", "write", "delete", "patch"]

/** A route from options whose input is not inferred: for routes that are made in a loop over declarations. */
export function untypedRoute<C>(paths: string | readonly string[], options: RouteOptions<never, Fields, C>): Route<C> {
  const handlers = new Map<Verb, Handler<never, C>>()
  for (const verb of VERBS) {
    const handler = options[verb]
    if (handler !== undefined) handlers.set(verb, handler)
  }
  const { read: _r, list: _l, scan: _s, write: _w, delete: _d, patch: _p, ...rest } = options
  return {
    ...rest,
    paths: typeof paths === "string" ? [paths] : paths,
    fields: options.fields ?? {},
    handlers,
    exists: options.exists,
  }
}

/** Builds `route` for contexts of type C: the handler's input is inferred from the path and the fields. */
export const routesOf =
  <C>() =>
  <const P extends string, const F extends Fields = Record<never, never>>(
    path: P | readonly P[],
    options: RouteOptions<Input<P, F>, F, C>,
  ): Route<C> =>
    untypedRoute(path, options as unknown as RouteOptions<never, Fields, C>)

/** Declares a route of an engine or auth method. */
export const route = routesOf<Context>()

/** Whether `flag` (a property such as `open` or `sudo`) holds for `verb`. */
export function holdsFor(flag: boolean | readonly Verb[] | undefined, verb: Verb): boolean {
  return typeof flag === "object" ? flag.includes(verb) : (flag ?? false)
}

/** The verb that answers an operation. */
export function verbOf(operation: Operation): Verb {
  if (operation === "create" || operation === "update") return "write"
  return operation === "help" ? "read" : operation
}

export interface Match<C> {
  readonly route: Route<C>
  readonly params: Readonly<Record<string, string>>
}

interface Compiled<C> {
  readonly route: Route<C>
  readonly pattern: RegExp
}

/**
 * Compiles a table of routes into a function from a path to the first route that fits it.
 * Routes are tried in the order of the table, after their literal first segment has chosen among them.
 */
export function matcher<C>(routes: readonly Route<C>[]): (path: string) => Match<C> | undefined {
  const byHead = new Map<string, Compiled<C>[]>()
  const anyHead: Compiled<C>[] = []
  for (const declared of routes) {
    for (const path of declared.paths) {
      const compiled = { route: declared, pattern: patternOf(path, declared.fields) }
      const head = path.split("/", 1)[0] ?? ""
      if (/^[:*]/.test(head)) anyHead.push(compiled)
      else byHead.set(head, [...(byHead.get(head) ?? []), compiled])
    }
  }
  return path => {
    const end = path.indexOf("/")
    const heads = byHead.get(end < 0 ? path : path.slice(0, end))
    return firstMatch(heads, path) ?? firstMatch(anyHead, path)
  }
}

function firstMatch<C>(candidates: readonly Compiled<C>[] | undefined, path: string): Match<C> | undefined {
  if (candidates === undefined) return undefined
  for (const { route: declared, pattern } of candidates) {
    const found = pattern.exec(path)
    if (found !== null) return { route: declared, params: found.groups ?? {} }
  }
  return undefined
}

function patternOf(path: string, fields: Fields): RegExp {
  const segments = path.split("/").map(segment => {
    const name = segment.slice(1)
    const declared = fields[name]
    if (segment.startsWith("*")) return `(?<${name}>${declared?.options.pattern ?? ".*"})`
    if (!segment.startsWith(":")) return segment.replaceAll(/[.+]/g, "\\$&")
    return `(?<${name}>${declared?.options.pattern ?? declared?.kind.pattern ?? (declared ? "[^/]+" : NAME)})`
  })
  const isWhole = /(^|\/)\*[^/]*$/.test(path) || segments.at(-1)?.endsWith(".*)")
  return new RegExp(`^${segments.join("/")}${isWhole ? "" : "/?"}$`, "u")
}

export interface Parsed {
  /** What the handler receives. */
  readonly input: Record<string, unknown>
  /** Sentences for the caller: parameters that were ignored or replaced. */
  readonly warnings: string[]
}

/** Reads a request's parameters by the route's declaration. Path parameters win over the body, with a warning. */
export function readInput<C>({ route: declared, params }: Match<C>, body: JsonObject): Parsed {
  const input: Record<string, unknown> = { ...params }
  const taken = new Set<string>()
  const { fields } = declared
  for (const name of Object.keys(fields)) {
    const one = fields[name] ?? field.any("")
    const fromPath = params[name]
    const given = fromPath === undefined ? givenName(name, one.options.alias, body) : undefined
    for (const other of one.options.alias ?? []) taken.add(other)
    input[name] = readField(name, one, fromPath ?? (given === undefined ? undefined : body[given]))
  }
  return { input, warnings: declared.takesAny || isEmpty(body) ? [] : warningsOf(declared, params, taken, body) }
}

const isEmpty = (body: JsonObject): boolean => {
  for (const _ in body) return false
  return true
}

function givenName(name: string, aliases: readonly string[] | undefined, body: JsonObject): string | undefined {
  if (Object.hasOwn(body, name)) return name
  return aliases?.find(alias => Object.hasOwn(body, alias))
}

function warningsOf<C>(
  declared: Route<C>,
  params: Readonly<Record<string, string>>,
  taken: ReadonlySet<string>,
  body: JsonObject,
): string[] {
  const ignored: string[] = []
  const replaced: string[] = []
  for (const key of Object.keys(body)) {
    if (Object.hasOwn(params, key)) replaced.push(key)
    else if (!taken.has(key) && !Object.hasOwn(declared.fields, key)) ignored.push(key)
  }
  const warnings: string[] = []
  if (ignored.length > 0) {
    warnings.push(`Endpoint ignored these unrecognized parameters: [${ignored.sort().join(" ")}]`)
  }
  if (replaced.length > 0) {
    warnings.push(
      `Endpoint replaced the value of these parameters with the values captured from the endpoint's path: [${replaced.sort().join(" ")}]`,
    )
  }
  return warnings
}

/** The given value of a field in the body, whatever its type: for handlers that must tell "absent" from "default". */
export function given(body: JsonObject, name: string): Json | undefined {
  return Object.hasOwn(body, name) ? body[name] : undefined
}
