/**
 * The shape of a route, verb by verb: what it takes and from where, what it answers, what generated clients call it. From it
 * come OpenAPI, `path-help`, the reference and the client's types.
 */

import type { Field, Fields } from "./field.ts"
import type { Route, Verb } from "./route.ts"

/** One spelling of a route's path, with one of its verbs. */
export interface Act {
  readonly route: Route<never>
  /** As declared: `role/:name`. */
  readonly path: string
  readonly verb: Verb
}

/** Every path of a table of routes with every verb it answers, in the order of the table. */
export function actsOf<C>(routes: readonly Route<C>[]): Act[] {
  return routes
    .filter(route => !route.unlisted)
    .flatMap(route => route.paths.flatMap(path => [...route.handlers.keys()].map(verb => ({ route, path, verb }))))
}

/** The names of a path's parameters, in order: `role/:role/*rest` has `role` and `rest`. */
export const parametersOf = (path: string): string[] =>
  path.split("/").flatMap(segment => (/^[:*]/.test(segment) ? [segment.slice(1)] : []))

type Named = readonly [name: string, field: Field<unknown>]

export interface Taken {
  /** Parameters of the path; strings when no field declares them. */
  readonly path: readonly (readonly [name: string, field: Field<unknown> | undefined])[]
  readonly query: readonly Named[]
  readonly body: readonly Named[]
}

/** What an act takes, and from where: a verb without a body takes its fields from the query string. */
export function takenBy({ route, path, verb }: Act): Taken {
  const inPath = parametersOf(path)
  const inAnyPath = new Set(route.paths.flatMap(parametersOf))
  const rest = Object.entries(route.fields).filter(([name, field]) => !inAnyPath.has(name) && takes(route, field, verb))
  const hasBody = verb === "write" || verb === "patch"
  return {
    path: inPath.map(name => [name, route.fields[name]] as const),
    query: hasBody ? [] : rest,
    body: hasBody ? rest : [],
  }
}

function takes(route: Route<never>, { options }: Field<unknown>, verb: Verb): boolean {
  const writes = verb === "write" || verb === "patch"
  if (options.verbs !== undefined) return options.verbs.includes(verb)
  if (options.query) return !writes
  return writes || !(route.handlers.has("write") || route.handlers.has("patch"))
}

/** What `data` of the reply holds; undefined where no declaration says. */
export const answeredBy = ({ route, verb }: Act): Fields | undefined => route.replies?.[verb]

/** Paths that begin or end so name what is done: the verb `write` says nothing there. */
const ACTIONS: Readonly<Record<string, string>> = {
  create: "create",
  destroy: "destroy",
  login: "login",
  lookup: "look-up",
  renew: "renew",
  revoke: "revoke",
  rotate: "rotate",
  tidy: "tidy",
}

/** The name of an act for generated clients, by the rule or by its declaration: `app-role-read-role`. */
export function operationId(prefix: string, act: Act): string {
  const { route, path, verb } = act
  const declared = typeof route.operation === "string" ? route.operation : route.operation?.[verb]
  const spellings = declared?.split("|") ?? []
  const name = (spellings[route.paths.indexOf(path)] ?? spellings.at(-1))?.replace("*", verb) ?? nameByPath(act)
  return [prefix, name].filter(part => part !== "").join("-")
}

function nameByPath({ path, verb }: Act): string {
  const segments = path.split("/")
  const lastParameter = segments.findLastIndex(segment => /^[:*]/.test(segment))
  const after = segments.slice(lastParameter + 1)
  const words = after.length > 0 ? after : segments.filter(segment => !/^[:*]/.test(segment))
  const action = actionFirst(words) ?? actionFirst([words.at(-1) ?? "", ...words.slice(0, -1)])
  if (action !== undefined) return action
  const noun = words.join("-")
  if (noun === "") return verb
  return `${verb}-${verb === "list" && !noun.endsWith("s") ? `${noun}s` : noun}`
}

/** `["lookup-self"]` is `look-up-self`; undefined when the first word is no action. */
function actionFirst([first = "", ...rest]: readonly string[]): string | undefined {
  const [word = "", ...more] = first.split("-")
  const action = ACTIONS[word]
  return action === undefined ? undefined : [action, ...more, ...rest].join("-")
}

/** The same routes below a folder of the mount: `sys/init` as `init` of `sys/`, or the other way round. */
export const respelled = <C>(route: Route<C>, respell: (path: string) => string): Route<C> => ({
  ...route,
  paths: route.paths.map(respell),
})
