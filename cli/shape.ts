import type { Json, JsonObject } from "@arca/api/json"

/** What replies turn out to be. */
export const isObject = (value: Json | undefined): value is JsonObject & { rawJSON?: never } =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !("rawJSON" in value)

export const number = (value: Json | undefined): number => (typeof value === "number" ? value : 0)
export const string = (value: Json | undefined): string => (typeof value === "string" ? value : "")
