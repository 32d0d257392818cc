/** Lines of the operators' log, as text or JSON, in the shapes that Vault's log readers (those of hclog) know. Never a secret. */

export const LEVELS = ["trace", "debug", "info", "warn", "error"] as const
export type Level = (typeof LEVELS)[number]
export type Format = "standard" | "json"

export interface Line {
  readonly level: Level
  /** Who speaks: `core`, `audit`, `secrets.kv`. */
  readonly name: string
  readonly text: string
  readonly fields: Readonly<Record<string, unknown>>
  /** Milliseconds since 1970. */
  readonly time: number
}

const SPELLINGS: Readonly<Record<string, Level>> = { "": "info", notice: "info", warning: "warn", err: "error" }

/** A level by one of Vault's names for it; undefined when it is none. "" is info. */
export function levelOf(text: string): Level | undefined {
  const word = text.trim().toLowerCase()
  return LEVELS.find(level => level === word) ?? (Object.hasOwn(SPELLINGS, word) ? SPELLINGS[word] : undefined)
}

export const reaches = (level: Level, least: Level): boolean => LEVELS.indexOf(level) >= LEVELS.indexOf(least)

/** Tokens of ours, wherever they come from: an upstream's message, a stack. */
const TOKEN = /\b(hv[sbr]\.|[sbr]\.)[A-Za-z0-9_-]{20,}/g
/** The password in a URL. */
const URL_PASSWORD = /(:\/\/[^\s/:@]*:)[^\s/@]+@/g

const withoutSecrets = (text: string): string =>
  text.replaceAll(TOKEN, "$1(hidden)").replaceAll(URL_PASSWORD, "$1(hidden)@")

/** Control characters cannot begin a line of their own. */
const oneLine = (value: unknown): string => {
  const text = typeof value === "string" ? value : (JSON.stringify(value) ?? "undefined")
  return /^[\w./:@+-]+$/.test(text) ? text : JSON.stringify(text)
}

const controls = /[\u0000-\u001f\u007f]/

export function lineOf(line: Line, format: Format): string {
  return withoutSecrets(format === "json" ? jsonLine(line) : textLine(line))
}

function textLine({ level, name, text, fields, time }: Line): string {
  const pairs = Object.entries(fields).map(([key, value]) => ` ${key}=${oneLine(value)}`)
  const tag = `[${level.toUpperCase()}]`.padEnd(7)
  const said = controls.test(text) ? JSON.stringify(text) : text
  return `${new Date(time).toISOString()} ${tag} ${name === "" ? "" : `${name}: `}${said}${pairs.length === 0 ? "" : `:${pairs.join("")}`}\n`
}

function jsonLine({ level, name, text, fields, time }: Line): string {
  const head = { "@level": level, "@message": text, ...(name === "" ? {} : { "@module": name }) }
  const at = new Date(time).toISOString().replace("Z", "000Z")
  return `${JSON.stringify({ ...head, "@timestamp": at, ...fields })}\n`
}
