/** JSON values of the wire. */

/** A number whose text a double cannot keep (9007199254740993, 1.0): `JSON.stringify` returns the same text. */
export type RawNumber = { readonly rawJSON: string }
export type Json = null | boolean | number | string | RawNumber | Json[] | { [key: string]: Json }
export type JsonObject = { [key: string]: Json }

export const isRawNumber = (value: unknown): value is RawNumber =>
  typeof value === "object" &&
  value !== null &&
  (JSON as unknown as { isRawJSON(value: unknown): boolean }).isRawJSON(value)

export const rawNumberText = (value: RawNumber): string => value.rawJSON

const decoder = new TextDecoder("utf-8", { fatal: true })

export function parseJson(text: string | Uint8Array): Json {
  return JSON.parse(typeof text === "string" ? text : decoder.decode(text)) as Json
}
