/** Pieces of JSON text as Go's encoder writes them: members begin with their comma, empty values leave nothing behind. */

/** Characters that stand for themselves in a JSON string of Go's (which also escapes `<`, `>` and `&`). */
const ORDINARY = /^[ !#-%'-;=?-[\]-~]*$/
/**
 * What JSON allows and a terminal, browser or log viewer might act upon: HTML, C1 controls (one begins an escape
 * sequence), line separators, and marks that change the order in which text is shown.
 */
const ACTIVE = /[<>&\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g

/** `text` as a JSON string that stays on its line whoever wrote it. Half of a surrogate pair becomes U+FFFD, as in Go. */
export function quote(text: string): string {
  if (ORDINARY.test(text)) return `"${text}"`
  return JSON.stringify(text.toWellFormed()).replace(ACTIVE, escaped)
}

const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`

/** What follows the first comma. */
export const tail = (members: string): string => members.slice(1)

export const member = (name: string, value: string | undefined): string => (value ? `,"${name}":${quote(value)}` : "")

/** A number; zero and nothing leave nothing behind. */
export const seconds = (name: string, value: number | undefined): string => (value ? `,"${name}":${value}` : "")

const strings = (values: readonly string[]): string => {
  let text = ""
  for (const value of values) text += `,${quote(value)}`
  return `[${tail(text)}]`
}

export const list = (name: string, values: readonly string[] | undefined): string =>
  values === undefined || values.length === 0 ? "" : `,"${name}":${strings(values)}`

/** Strings or lists of them under sorted keys. */
export function map(name: string, values: Readonly<Record<string, string | readonly string[]>> | undefined): string {
  if (values === undefined) return ""
  let text = ""
  for (const key of Object.keys(values).sort()) {
    const value = values[key]
    if (value !== undefined) text += `,${quote(key)}:${typeof value === "string" ? quote(value) : strings(value)}`
  }
  return text === "" ? "" : `,"${name}":{${tail(text)}}`
}

let wholeSecond = Number.NaN
let wholeSecondText = ""
let lastMoment = Number.NaN
let lastText = ""

/** RFC 3339 in UTC with the fraction that there is, to the microsecond (Go's RFC3339Nano leaves trailing zeros out). */
export function timestamp(milliseconds: number): string {
  if (milliseconds === lastMoment) return lastText
  lastMoment = milliseconds
  lastText = momentText(milliseconds)
  return lastText
}

function momentText(milliseconds: number): string {
  const microseconds = Math.round(milliseconds * 1000)
  const second = Math.floor(microseconds / 1_000_000)
  if (second !== wholeSecond) {
    wholeSecondText = new Date(second * 1000).toISOString().slice(0, 19)
    wholeSecond = second
  }
  const fraction = microseconds - second * 1_000_000
  if (fraction === 0) return `${wholeSecondText}Z`
  return `${wholeSecondText}.${fraction.toString().padStart(6, "0").replace(/0+$/, "")}Z`
}
