/** JSON as Go's encoder writes it with an indent and HTML escaping, so that reports are equal byte for byte. */
export type Json = string | number | Float32 | readonly Json[] | Fields
export type Fields = { readonly [name: string]: Json | undefined }

/** Printed with as many digits as a float of 32 bits needs. */
export class Float32 {
  readonly text: string
  constructor(value: number) {
    this.text = shortest(Math.fround(value))
  }
}

export function goJson(value: Json, indent: string, level = 0): string {
  if (typeof value === "string") return goString(value)
  if (typeof value === "number") return String(value)
  if (value instanceof Float32) return value.text
  const inner = `\n${indent.repeat(level + 1)}`
  const items = isList(value)
    ? value.map(item => goJson(item, indent, level + 1))
    : Object.entries(value).flatMap(([name, item]) =>
        item === undefined ? [] : [`${goString(name)}: ${goJson(item, indent, level + 1)}`],
      )
  const [open, close] = isList(value) ? "[]" : "{}"
  return items.length === 0
    ? `${open}${close}`
    : `${open}${inner}${items.join(`,${inner}`)}\n${indent.repeat(level)}${close}`
}

const isList = (value: readonly Json[] | Fields): value is readonly Json[] => Array.isArray(value)

const asEscape = (char: string) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`

/** U+FFFD stands for bytes that are no UTF-8; Go writes those as an escape. JSON.stringify escapes lone surrogates and controls. */
export const goString = (text: string) => JSON.stringify(text).replace(/[<>&\u2028\u2029\ufffd]/g, asEscape)

function shortest(value: number): string {
  for (let digits = 1; digits < 9; digits++) {
    const text = value.toPrecision(digits)
    if (Math.fround(Number(text)) === value) return String(Number(text))
  }
  return String(Number(value.toPrecision(9)))
}
