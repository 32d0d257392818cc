/**
 * The operators' log: loggers with names, each with a level of its own that can be changed while the server runs, one format,
 * any number of places to write to, and readers who watch (`sys/monitor`).
 */

import { type Format, type Level, type Line, lineOf, reaches } from "./lines.ts"

export interface Logger {
  debug(text: string, fields?: Readonly<Record<string, unknown>>): void
  info(text: string, fields?: Readonly<Record<string, unknown>>): void
  warn(text: string, fields?: Readonly<Record<string, unknown>>): void
  error(text: string, fields?: Readonly<Record<string, unknown>>): void
  /** The logger of a part: `audit`, `secrets.kv`. The same name is the same logger. */
  named(name: string): Logger
}

export interface Logs {
  /** The logger of the server itself, `core`. */
  readonly log: Logger
  readonly format: Format
  /** The level of each logger that has spoken or was named. */
  levels(): Readonly<Record<string, Level>>
  /** Sets the level of a logger, or of all. False when there is none of that name. */
  setLevel(level: Level, name?: string): boolean
  /** Back to the configured level. */
  resetLevel(name?: string): boolean
  /** What the configuration says from now on; all loggers follow. */
  configure(level: Level): void
  /** Gives each line of at least `level` to `take`, whatever the loggers' own levels; returns what ends it. */
  watch(level: Level, take: (line: Line) => void): () => void
}

interface Place {
  write(text: string): unknown
}

export interface LogOptions {
  readonly level: Level
  readonly format: Format
  /** Milliseconds since 1970. */
  readonly now: () => number
}

/** Loggers that are there from the start, so that their levels can be set before they first speak. */
const NAMES = ["core", "audit", "storage", "expiration", "jobs", "listener"]

export function logsTo(places: readonly Place[], options: LogOptions): Logs {
  const levels = new Map<string, Level>(NAMES.map(name => [name, options.level]))
  const loggers = new Map<string, Logger>()
  const watchers = new Set<{ readonly level: Level; readonly take: (line: Line) => void }>()
  let configured = options.level

  const say = (level: Level, name: string, text: string, fields: Readonly<Record<string, unknown>>): void => {
    const heard = reaches(level, levels.get(name) ?? configured)
    if (!heard && watchers.size === 0) return
    const line: Line = { level, name, text, fields, time: options.now() }
    if (heard) {
      const written = lineOf(line, options.format)
      for (const place of places) place.write(written)
    }
    for (const watcher of watchers) if (reaches(level, watcher.level)) watcher.take(line)
  }

  const logger = (name: string): Logger => {
    const known = loggers.get(name)
    if (known !== undefined) return known
    if (!levels.has(name)) levels.set(name, configured)
    const at =
      (level: Level) =>
      (text: string, fields: Readonly<Record<string, unknown>> = {}): void =>
        say(level, name, text, fields)
    const made: Logger = { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error"), named: logger }
    loggers.set(name, made)
    return made
  }

  const set = (level: Level, name: string | undefined): boolean => {
    if (name !== undefined && !levels.has(name)) return false
    for (const one of name === undefined ? levels.keys() : [name]) levels.set(one, level)
    return true
  }

  return {
    log: logger("core"),
    format: options.format,
    levels: () => Object.fromEntries([...levels].sort(([a], [b]) => (a < b ? -1 : 1))),
    setLevel: set,
    resetLevel: name => set(configured, name),
    configure: level => {
      configured = level
      set(level, undefined)
    },
    watch: (level, take) => {
      const watcher = { level, take }
      watchers.add(watcher)
      return () => watchers.delete(watcher)
    },
  }
}

/** Nobody listens: for tests. */
export const silentLogs = (): Logs => logsTo([], { level: "error", format: "standard", now: () => 0 })
