/** The operators' log: one line an event, as text or JSON, in the shapes that Vault's log readers know. Never a secret. */

import type { Logger } from "./server.ts"

const LEVELS = ["trace", "debug", "info", "warn", "error"] as const
type Level = (typeof LEVELS)[number]

const rank = (level: string): number => {
  const found = LEVELS.indexOf(
    level.toLowerCase().replace("warning", "warn").replace("err", "error").replace("erroror", "error") as Level,
  )
  return found < 0 ? LEVELS.indexOf("info") : found
}

interface Writer {
  write(text: string): unknown
}

/** Control characters cannot begin a line of their own. */
const oneLine = (value: unknown): string => {
  const text = typeof value === "string" ? value : JSON.stringify(value)
  return /^[\w./:@+-]+$/.test(text) ? text : JSON.stringify(text)
}

/** A logger that writes to `out` what is at least of `level` (default info), as `standard` text or `json`. */
export function logTo(out: Writer, level: string, format: string): Logger {
  const least = rank(level)
  const line = format === "json" ? jsonLine : textLine
  const at =
    (own: Level) =>
    (text: string, fields: Readonly<Record<string, unknown>> = {}): void => {
      if (LEVELS.indexOf(own) >= least) out.write(line(own, text, fields))
    }
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") }
}

function textLine(level: Level, text: string, fields: Readonly<Record<string, unknown>>): string {
  const pairs = Object.entries(fields).map(([name, value]) => ` ${name}=${oneLine(value)}`)
  const tag = `[${level.toUpperCase()}]`.padEnd(7)
  return `${new Date().toISOString()} ${tag} ${text.includes("\n") ? JSON.stringify(text) : text}${pairs.length === 0 ? "" : `:${pairs.join("")}`}\n`
}

const jsonLine = (level: Level, text: string, fields: Readonly<Record<string, unknown>>): string =>
  `${JSON.stringify({ "@level": level, "@message": text, "@timestamp": new Date().toISOString(), ...fields })}\n`
