/**
 * A record: a named thing that an engine stores, declared by its fields.
 *
 * From the declaration come reading, writing, the routes to manage it (`crud`), and the masking of its secret fields.
 */

import type { Answer, Context } from "./engine.ts"
import { type Field, type Fields, field, isAbsent, optional, readField, type Values, writeField } from "./field.ts"
import { type Json, type JsonObject, parseJson } from "./json.ts"
import { refuse } from "./refusal.ts"
import { type Route, type RouteOptions, routesOf, untypedRoute } from "./route.ts"
import type { Maybe, Store } from "./store.ts"

const encoder = new TextEncoder()

/** JSON as it is stored. */
export const encodeJson = (value: Json): Uint8Array => encoder.encode(JSON.stringify(value))

/** The JSON object stored in `value`. */
export const decodeJson = (value: Uint8Array): JsonObject => parseJson(value) as JsonObject

/** The fields of a record as JSON: how it is stored, and, without its secrets, how it is shown. */
export function writeFields(fields: Fields, values: Readonly<Record<string, unknown>>, secrets: boolean): JsonObject {
  const json: JsonObject = {}
  for (const [name, declared] of Object.entries(fields)) {
    if (!secrets && declared.options.secret) continue
    json[name] = writeField(declared, values[name])
  }
  return json
}

/** The inverse of `writeFields`: null and missing fields take their defaults. */
export function readFields<F extends Fields>(fields: F, json: JsonObject): Values<F> {
  const values: Record<string, unknown> = {}
  for (const [name, declared] of Object.entries(fields)) {
    const raw = json[name]
    values[name] = raw === undefined || raw === null ? declared.options.default : readField(name, declared, raw)
  }
  return values as Values<F>
}

export interface Stored<F extends Fields> {
  /** What one is called in sentences: `role`. */
  readonly noun: string
  readonly fields: F
  readonly get: (store: Store, name: string) => Maybe<Values<F> | undefined>
  /** Refuses (400) when there is none. */
  readonly need: (store: Store, name: string) => Promise<Values<F>>
  readonly put: (store: Store, name: string, values: Values<F>) => void
  readonly delete: (store: Store, name: string) => void
  readonly list: (store: Store, page?: { after?: string; limit?: number }) => Promise<string[]>
  /** The stored values overlaid with what the body gives; defaults where neither says anything. */
  readonly merge: (existing: Values<F> | undefined, body: JsonObject) => Values<F>
  readonly shown: (values: Values<F>) => JsonObject
}

/** Declares what is stored under `folder` (with a trailing slash) by name. */
export function record<const F extends Fields>(noun: string, folder: string, fields: F): Stored<F> {
  const decode = (value: Uint8Array): Values<F> => readFields(fields, decodeJson(value))
  const get = (store: Store, name: string) => store.cached(folder + name, decode)
  return {
    noun,
    fields,
    get,
    need: async (store, name) => {
      const values = await get(store, name)
      if (values === undefined) throw refuse.invalid(`unknown ${noun} ${JSON.stringify(name)}`)
      return values
    },
    put: (store, name, values) => store.put(folder + name, encodeJson(writeFields(fields, values, true))),
    delete: (store, name) => store.delete(folder + name),
    list: (store, page) => store.list(folder, page),
    merge: (existing, body) => mergeFields(fields, existing, body),
    shown: values => writeFields(fields, values, false),
  }
}

/** A record of which a mount has one: its configuration. */
export function singleRecord<const F extends Fields>(noun: string, key: string, fields: F) {
  const stored = record(noun, "", fields)
  return {
    noun,
    fields,
    get: (store: Store) => stored.get(store, key),
    put: (store: Store, values: Values<F>) => stored.put(store, key, values),
    delete: (store: Store) => stored.delete(store, key),
    merge: stored.merge,
    shown: stored.shown,
  }
}

function mergeFields<F extends Fields>(fields: F, existing: Values<F> | undefined, body: JsonObject): Values<F> {
  const merged: Record<string, unknown> = {}
  for (const [name, declared] of Object.entries(fields)) {
    const raw = givenValue(name, declared, body)
    if (isAbsent(declared, raw) && existing !== undefined) merged[name] = existing[name as keyof F]
    else merged[name] = readField(name, declared, raw)
  }
  return merged as Values<F>
}

function givenValue(name: string, declared: Field<unknown>, body: JsonObject): Json | undefined {
  if (Object.hasOwn(body, name)) return body[name]
  const alias = declared.options.alias?.find(other => Object.hasOwn(body, other))
  return alias === undefined ? undefined : body[alias]
}

export interface CrudOptions<F extends Fields, C> {
  readonly summary: string
  readonly description?: string
  /** Checks and completes what is about to be stored; refuses what makes no sense. */
  readonly check?: (values: Values<F>, ctx: C, existing: Values<F> | undefined) => Values<F> | Promise<Values<F>>
  /** What a read answers, where `show` makes something else of the stored fields. */
  readonly replies?: Fields
  /** More to show than the stored fields. */
  readonly show?: (values: Values<F>, ctx: C, name: string) => JsonObject
  /** Called in the same transaction, before the record goes. */
  readonly deleting?: (name: string, ctx: C) => Promise<void>
  /** What the write answers; 204 unless told otherwise. */
  readonly written?: (values: Values<F>, ctx: C, name: string) => Answer | undefined
  /** The name as it is stored: `name => name.toLowerCase()` where names fold. */
  readonly fold?: (name: string) => string
  readonly patch?: boolean
  /** What the path parameter is called; `name` unless told otherwise. */
  readonly param?: string
  readonly nameField?: Field<string | undefined>
  /** Parameters of the write that are not stored as they are: a password that becomes a hash. */
  readonly inputs?: Fields
}

/** What every list takes. */
export const pageFields = {
  after: field.string("Only names after this one.", { verbs: ["list", "scan"] }),
  limit: field.int("At most this many names.", { verbs: ["list", "scan"] }),
}

/** The page that a list request asks for. Refuses a limit that is not positive. */
export function pageOf(input: { after?: string | undefined; limit?: number | undefined }): {
  after?: string
  limit?: number
} {
  if (input.limit !== undefined && input.limit < 0) throw refuse.invalid('"limit" must be a positive number')
  return {
    ...(input.after === undefined ? {} : { after: input.after }),
    ...(input.limit === undefined || input.limit === 0 ? {} : { limit: input.limit }),
  }
}

/** A route that lists names (`about` is its summary, or more), paged by `after` and `limit`. */
export const listRoute = <C extends Context>(
  paths: string | readonly string[],
  about: string | Pick<RouteOptions<never, Fields, C>, "summary" | "operation" | "item" | "sudo">,
  names: (ctx: C, page: { after?: string; limit?: number }) => Promise<string[]>,
): Route<C> =>
  routesOf<C>()(paths, {
    ...(typeof about === "string" ? { summary: about } : about),
    fields: pageFields,
    list: async (input, ctx) => ({ data: { keys: await names(ctx, pageOf(input)) } }),
  })

/** What is left of a record's fields when its secrets are not shown. What has no default may be null. */
function shownFields(fields: Fields): Fields {
  const shown = Object.entries(fields).filter(([, { options }]) => !options.secret)
  const bare = shown.filter(([, { options }]) => options.default === undefined && !options.required)
  return { ...Object.fromEntries(shown), ...optional(Object.fromEntries(bare)) }
}

type Named = Readonly<Record<string, string | undefined>>

/**
 * The routes to manage a record: list at `folder`, read, write, delete at `folder/:name`.
 * A write keeps what it does not mention.
 */
export function crud<F extends Fields, C extends Context = Context>(
  folder: string,
  stored: Stored<F>,
  options: CrudOptions<F, C>,
): Route<C>[] {
  const fold = options.fold ?? same
  const param = options.param ?? "name"
  const nameIn = (input: Named): string => input[param] ?? ""
  const write = async (input: Named, ctx: C): Promise<Answer | undefined> => {
    const name = nameIn(input)
    const existing = await stored.get(ctx.store, fold(name))
    const merged = stored.merge(existing, ctx.body)
    const values = options.check ? await options.check(merged, ctx, existing) : merged
    stored.put(ctx.store, fold(name), values)
    return options.written?.(values, ctx, name)
  }
  const itemType = stored.noun.slice(0, 1).toUpperCase() + stored.noun.slice(1)
  const named = stored.noun.replaceAll(" ", "-")
  const item: RouteOptions<Named, Fields, C> = {
    summary: options.summary,
    operation: `*-${named}`,
    item: itemType,
    replies: {
      read: options.replies ?? shownFields(stored.fields),
      ...(options.written === undefined ? { write: {}, patch: {} } : {}),
      delete: {},
    },
    ...(options.description === undefined ? {} : { description: options.description }),
    fields: {
      ...stored.fields,
      ...options.inputs,
      [param]: options.nameField ?? field.name(`Name of the ${stored.noun}.`),
    },
    exists: async (input, ctx) => (await stored.get(ctx.store, fold(nameIn(input)))) !== undefined,
    read: async (input, ctx) => {
      const name = nameIn(input)
      const values = await stored.get(ctx.store, fold(name))
      if (values === undefined) return undefined
      return { data: options.show ? options.show(values, ctx, name) : stored.shown(values) }
    },
    write,
    delete: async (input, ctx) => {
      const name = fold(nameIn(input))
      await options.deleting?.(name, ctx)
      stored.delete(ctx.store, name)
      return undefined
    },
    ...(options.patch ? { patch: patchOf(write, stored, input => fold(nameIn(input))) } : {}),
  }
  return [
    listRoute<C>(
      folder,
      { summary: `List the ${stored.noun}s.`, operation: `list-${named}s`, item: itemType },
      (ctx, page) => stored.list(ctx.store, page),
    ),
    untypedRoute<C>(`${folder}/:${param}`, item as unknown as RouteOptions<never, Fields, C>),
  ]
}

export type Single<F extends Fields> = ReturnType<typeof singleRecord<F>>

export interface SingleOptions<F extends Fields, C> extends Pick<CrudOptions<F, C>, "summary" | "check" | "replies"> {
  readonly operation: NonNullable<RouteOptions<never, Fields, C>["operation"]>
  /** Fields that are no parameters: a request neither sees nor sets them. */
  readonly kept?: readonly (keyof F & string)[]
  /** A write puts what it does not mention back to its default; otherwise it keeps that. */
  readonly replaces?: true
  /** The first write needs the capability `create`; otherwise every write is an update. */
  readonly creates?: true
  readonly deletes?: true
  readonly show?: (values: Values<F>, ctx: C) => JsonObject
}

/** The route to manage a record of which a mount has one: read and write, and delete where that is asked for. */
export function singleRoute<F extends Fields, C extends Context = Context>(
  path: string,
  stored: Single<F>,
  options: SingleOptions<F, C>,
): Route<C> {
  const { summary, operation, check, kept = [] } = options
  const without = <T>(all: Readonly<Record<string, T>>): Record<string, T> =>
    Object.fromEntries(Object.entries(all).filter(([name]) => !kept.some(one => one === name)))
  const parameters: Fields = without(stored.fields)
  const single: RouteOptions<never, Fields, C> = {
    summary,
    operation,
    fields: parameters,
    replies: {
      read: options.replies ?? shownFields(parameters),
      write: {},
      ...(options.deletes ? { delete: {} } : {}),
    },
    read: async (_, ctx) => {
      const values = await stored.get(ctx.store)
      return values && { data: options.show ? options.show(values, ctx) : without(stored.shown(values)) }
    },
    write: async (_, ctx) => {
      const existing = await stored.get(ctx.store)
      const merged = stored.merge(options.replaces ? undefined : existing, without(ctx.body))
      stored.put(ctx.store, check ? await check(merged, ctx, existing) : merged)
      return undefined
    },
    ...(options.creates ? { exists: async (_: never, ctx: C) => (await stored.get(ctx.store)) !== undefined } : {}),
    ...(options.deletes
      ? {
          delete: (_: never, ctx: C) => {
            stored.delete(ctx.store)
            return undefined
          },
        }
      : {}),
  }
  return untypedRoute<C>(path, single)
}

function patchOf<F extends Fields, C extends Context>(
  write: (input: Named, ctx: C) => Promise<Answer | undefined>,
  stored: Stored<F>,
  nameOf: (input: Named) => string,
) {
  return async (input: Named, ctx: C): Promise<Answer | undefined> => {
    if ((await stored.get(ctx.store, nameOf(input))) === undefined) throw refuse.absent()
    return write(input, ctx)
  }
}

/** The field that goes by a name or an alias of a record. */
function fieldOf<F extends Fields>(
  stored: Stored<F>,
  shown: string,
): readonly [name: string, declared: Field<unknown>] {
  const declared = stored.fields[shown]
  if (declared !== undefined) return [shown, declared]
  const found = Object.entries(stored.fields).find(([, one]) => one.options.alias?.includes(shown))
  if (found === undefined) throw new Error(`no field of a ${stored.noun} is called ${shown}`)
  const { alias: _a, ...options } = found[1].options
  return [found[0], { ...found[1], options }]
}

export interface FieldRouteOptions<F extends Fields>
  extends Pick<CrudOptions<F, Context>, "fold" | "param" | "nameField" | "check"> {
  /** Lists that are answered as null when there is nothing in them, and that a write without them leaves as they are. */
  readonly nullable?: readonly string[]
}

/**
 * One route for each of a record's fields, `folder/:name/<field>`: read it, set it, put it back to its default.
 * (Vault's approle writes 11 of these by hand.) A field may go by an alias of its own there.
 */
export function fieldRoutes<F extends Fields>(
  folder: string,
  stored: Stored<F>,
  names: Readonly<Record<string, string>>,
  options: FieldRouteOptions<F> = {},
): Route[] {
  return Object.entries(names).map(([segment, name]) => fieldRoute(folder, stored, segment, name, options))
}

function fieldRoute<F extends Fields>(
  folder: string,
  stored: Stored<F>,
  segment: string,
  shown: string,
  { fold = same, param = "name", nameField, check, nullable = [] }: FieldRouteOptions<F>,
): Route {
  const [name, declared] = fieldOf(stored, shown)
  const need = async (ctx: Context, input: Named): Promise<Values<F>> => {
    const values = await stored.get(ctx.store, fold(input[param] ?? ""))
    if (values === undefined) throw refuse.absent()
    return values
  }
  const set = async (ctx: Context, input: Named, existing: Values<F>, value: unknown): Promise<undefined> => {
    const next = { ...existing, [name]: value }
    stored.put(ctx.store, fold(input[param] ?? ""), check ? await check(next, ctx, existing) : next)
    return undefined
  }
  const show = (value: unknown): Json =>
    Array.isArray(value) && value.length === 0 && nullable.includes(shown) ? null : writeField(declared, value)
  const options: RouteOptions<Named, Fields, Context> = {
    summary: declared.summary,
    fields: { [param]: nameField ?? field.name(`Name of the ${stored.noun}.`), [shown]: declared },
    replies: { read: { [shown]: declared }, write: {}, delete: {} },
    read: async (input, ctx) => ({
      data: { [shown]: show((await need(ctx, input))[name]) },
      warnings:
        shown === name ? [] : [`The "${shown}" field is deprecated and will be removed. Please use "${name}" instead.`],
    }),
    write: async (input, ctx) => {
      const existing = await need(ctx, input)
      const raw = givenValue(shown, declared, ctx.body)
      if (raw === undefined && nullable.includes(shown)) return undefined
      if (raw === undefined) throw refuse.invalid(`missing ${shown}`)
      return set(ctx, input, existing, readField(shown, declared, raw))
    },
    // What has no record has its default already.
    delete: async (input, ctx) => {
      const existing = await stored.get(ctx.store, fold(input[param] ?? ""))
      return existing && set(ctx, input, existing, declared.options.default)
    },
  }
  return untypedRoute<Context>(
    `${folder}/:${param}/${segment}`,
    options as unknown as RouteOptions<never, Fields, Context>,
  )
}

const same = (name: string): string => name
