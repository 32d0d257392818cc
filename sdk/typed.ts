/**
 * From a path to what it takes and answers. A client is told which engines are mounted where (`Mounts`); what is always there it
 * knows. A path that no declaration fits, or that is only known when the program runs, takes any object and answers any.
 */

import type { JsonObject } from "@arca/api/json"
import type { Engines, Fixed } from "./paths.ts"

export type Verb = "read" | "list" | "scan" | "write" | "patch" | "delete"

/** Mount paths with a slash at the end, to the name of the engine: `{ "secret/": "kv-v2", "auth/web/": "approle" }`. */
export type Mounts = Readonly<Record<string, keyof Engines>>

/** Nothing is known: every path takes any object. */
export type Untyped = Readonly<Record<never, never>>

/** Stands for "infer it from the path" where a caller may also say what is answered. */
export interface Inferred {
  readonly inferred: true
}

type All<M> = M extends Untyped ? (Untyped extends M ? M : M & Fixed) : never

/** Whether a segment of a path is one that a pattern allows. `${string}` in a path fits a parameter only. */
type FitsSegment<Pattern extends string, Segment extends string> = Pattern extends `:${string}`
  ? true
  : Segment extends Pattern
    ? true
    : false

type Fits<Pattern extends string, Path extends string> = Pattern extends `*${string}`
  ? true
  : Pattern extends `${infer P}/${infer Rest}`
    ? Path extends `${infer Segment}/${infer More}`
      ? FitsSegment<P, Segment> extends true
        ? Fits<Rest, More>
        : false
      : Rest extends `*${string}`
        ? FitsSegment<P, Path>
        : false
    : Path extends `${string}/${string}`
      ? false
      : FitsSegment<Pattern, Path>

/** The pattern of a table that a path fits; itself when it is one without parameters. */
type PatternFor<Table, Path extends string> = Path extends keyof Table
  ? Path
  : { [K in keyof Table & string]: Fits<K, Path> extends true ? K : never }[keyof Table & string]

type TableEntry<Table, Path extends string, V extends Verb> = Table[PatternFor<Table, Path> & keyof Table] extends {
  readonly [K in V]: infer A
}
  ? A
  : never

/** What a client with these mounts knows of a verb at a path; never when it knows nothing. */
export type ActAt<M, V extends Verb, Path extends string> = {
  [K in keyof All<M> & string]: Path extends `${K}${infer Relative}`
    ? TableEntry<Engines[All<M>[K] & keyof Engines], Relative, V>
    : never
}[keyof All<M> & string]

/** What is sent along: the fields of a body, or of a query. */
export type Takes<M, V extends Verb, Path extends string> = [ActAt<M, V, Path>] extends [never]
  ? object
  : ActAt<M, V, Path> extends { readonly takes: infer T }
    ? T
    : object

/** What `data` of the reply holds: what the caller says, or what the path declares. */
export type Answers<T, M, V extends Verb, Path extends string> = [T] extends [Inferred]
  ? Inferred extends T
    ? Declared<M, V, Path>
    : T
  : T

type Declared<M, V extends Verb, Path extends string> = [ActAt<M, V, Path>] extends [never]
  ? V extends "list" | "scan"
    ? { keys: string[] }
    : JsonObject
  : ActAt<M, V, Path> extends { readonly answers: infer A }
    ? A
    : JsonObject
