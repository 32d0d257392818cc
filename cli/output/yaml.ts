import { isRawNumber, rawNumberText } from "@arca/api"
import { stringify } from "yaml"
import { sorted } from "./order.ts"

/** YAML with sorted keys, as Vault's (through JSON). Numbers keep their text. */
export function yamlText(value: unknown): string {
  return stringify(plain(sorted(value)), { lineWidth: 0, singleQuote: null, indentSeq: false, nullStr: "null" }).trim()
}

/** Raw numbers become what the writer can hold exactly. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== "object" || value === null) return value
  if (isRawNumber(value)) return wide(rawNumberText(value))
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, plain(one)]))
}

const wide = (text: string): bigint | number => (/^-?\d+$/.test(text) ? BigInt(text) : Number(text))
