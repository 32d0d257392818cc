/** Reading what other services answer: nothing of it is certain. What is not there, or has another shape, is empty. */

import { isJsonObject, type Json, type JsonObject, type Received } from "@arca/api"

export const objectOf = (value: unknown): JsonObject => {
  const json = value as Json | undefined
  return isJsonObject(json) ? json : {}
}

export const textOf = (value: unknown): string => (typeof value === "string" ? value : "")

export const listOf = (value: unknown): Json[] => (Array.isArray(value) ? value : [])

/** The JSON object of an answer; empty when it has no body, or says that it is something else. */
export const jsonOf = (received: Received): JsonObject =>
  received.body.length > 0 && received.headers["content-type"]?.includes("json") ? objectOf(received.json()) : {}
