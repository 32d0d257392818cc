import { isRawNumber, rawNumberText } from "@arca/api/json"
import { Document, parse, type Scalar, visit } from "yaml"
import { sorted } from "./order.ts"

/**
 * YAML as Vault writes it: keys sorted, strings that could be taken for something else in double quotes, those that need
 * quotes for their punctuation in single ones. Numbers keep their text.
 */
export function yamlText(value: unknown): string {
  const document = new Document(plain(sorted(value)), { version: "1.1" })
  document.directives = undefined
  visit(document, { Scalar: (_, node) => quote(node) })
  return document.toString({ lineWidth: 0, singleQuote: true, indentSeq: false, nullStr: "null" }).trim()
}

function quote(scalar: Scalar): void {
  const { value } = scalar
  if (typeof value === "string" && (CONTROL.test(value) || meansMore(value))) scalar.type = "QUOTE_DOUBLE"
}

const CONTROL = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/

/** Whether a reader would see a number, a date, a truth value or nothing in the bare text. */
function meansMore(text: string): boolean {
  if (!/^[-+.~\w:]*$/.test(text)) return false
  try {
    return typeof parse(text, { version: "1.1" }) !== "string"
  } catch {
    return false
  }
}

/** Raw numbers become what the writer can hold exactly. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== "object" || value === null) return value
  if (isRawNumber(value)) return wide(rawNumberText(value))
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, plain(one)]))
}

const wide = (text: string): bigint | number => (/^-?\d+$/.test(text) ? BigInt(text) : Number(text))
