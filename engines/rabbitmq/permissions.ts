/** The permissions of a role, written by operators as JSON text: patterns by virtual host, and by exchange below it. */

import { isJsonObject, type Json, type JsonObject, parseJson, refuse } from "@arca/api"

/** Virtual host to the resources that may be configured, written and read, as regular expressions. */
export type Vhosts = Readonly<Record<string, Readonly<Record<"configure" | "write" | "read", string>>>>
/** Virtual host to exchange to the routing keys that may be written and read. */
export type Topics = Readonly<Record<string, Readonly<Record<string, Readonly<Record<"write" | "read", string>>>>>>

/** Reads `vhosts`. Refuses (400) what has another shape. */
export const vhostsOf = (text: string): Vhosts =>
  everyValue(objectOf(text, "vhosts"), "vhosts", one => ({
    configure: patternOf(one, "configure", "vhosts"),
    write: patternOf(one, "write", "vhosts"),
    read: patternOf(one, "read", "vhosts"),
  }))

/** Reads `vhost_topics`. Refuses (400) what has another shape. */
export const topicsOf = (text: string): Topics =>
  everyValue(objectOf(text, "vhost_topics"), "vhost_topics", exchanges =>
    everyValue(exchanges, "vhost_topics", one => ({
      write: patternOf(one, "write", "vhost_topics"),
      read: patternOf(one, "read", "vhost_topics"),
    })),
  )

function objectOf(text: string, name: string): JsonObject {
  if (text === "") return {}
  let parsed: Json
  try {
    parsed = parseJson(text)
  } catch (error) {
    throw unreadable(name, error instanceof Error ? error.message : String(error))
  }
  return need(parsed, name)
}

const unreadable = (name: string, why: string) => refuse.invalid(`failed to unmarshal ${name}: ${why}`)

function need(value: Json | undefined, name: string): JsonObject {
  if (isJsonObject(value)) return value
  throw unreadable(name, 'expected an object such as {"/": {"configure": ".*", "write": ".*", "read": ".*"}}')
}

const everyValue = <T>(object: JsonObject, name: string, read: (value: JsonObject) => T): Record<string, T> =>
  Object.fromEntries(Object.entries(object).map(([key, value]) => [key, read(need(value, name))]))

function patternOf(one: JsonObject, kind: string, name: string): string {
  const pattern = one[kind] ?? ""
  if (typeof pattern === "string") return pattern
  throw unreadable(name, `${JSON.stringify(kind)} must be a regular expression in a string`)
}
