/** Reads the options of an audit device, which are strings as in Vault. */

import { parseDuration } from "@arca/api"

/** An option that cannot be accepted: 400, in these words. */
export class Invalid extends Error {
  override readonly name = "Invalid"
}

export type Options = Readonly<Record<string, string>>

const TRUE = new Set(["1", "t", "T", "true", "TRUE", "True"])
const FALSE = new Set(["0", "f", "F", "false", "FALSE", "False"])

/** As Go's ParseBool. */
export function flag(options: Options, name: string, otherwise: boolean): boolean {
  const text = options[name]
  if (text === undefined) return otherwise
  if (TRUE.has(text)) return true
  if (FALSE.has(text)) return false
  throw new Invalid(`Cannot read ${name} "${text}": expected true or false`)
}

/** Seconds or a duration such as `2s`, in milliseconds; at least one, at most a minute. */
export function timeout(options: Options, name: string, otherwise: string): number {
  const text = options[name] ?? otherwise
  const parsed = parseDuration(text)
  const milliseconds = typeof parsed === "number" ? parsed * 1000 : Number.NaN
  if (!(milliseconds >= 1 && milliseconds <= 60_000)) {
    throw new Invalid(`Cannot read ${name} "${text}": expected a duration between 1ms and 60s`)
  }
  return milliseconds
}

/** Octal permission bits; executable bits are taken away, and anything beyond permissions is refused. */
export function fileMode(options: Options): number {
  const text = options.mode ?? "0600"
  if (!/^[0-7]{1,6}$/.test(text)) throw new Invalid(`invalid mode: ${text}`)
  const mode = Number.parseInt(text, 8)
  if (mode > 0o777) throw new Invalid(`Cannot accept mode "${text}": it has bits beyond read and write permission`)
  return mode & 0o666
}

/** What stands before each line: on one line, and without a brace, so that the record can be found again behind it. */
export function linePrefix(options: Options): string {
  const text = options.prefix ?? ""
  if (!/^[ -z|~]{0,256}$/.test(text) || text.startsWith("#!")) {
    throw new Invalid("Cannot accept prefix: at most 256 printable characters, no braces, and not beginning with #!")
  }
  return text
}

export function checkFormat(options: Options): void {
  const text = options.format ?? "json"
  if (text === "jsonx") throw new Invalid('The format "jsonx" is no longer written: leave "format" out, or say "json"')
  if (text !== "json") throw new Invalid(`unknown format type "${text}"`)
}
