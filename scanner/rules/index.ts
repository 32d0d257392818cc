import { installedFile } from "../installed.ts"
import type { Config } from "../rule.ts"

/**
 * The rules that are used when no configuration names others, and what `useDefault = true` extends. They are compiled
 * from scanner/rules/providers by tools/scanner-rules.ts, so that a scan starts without loading their sources.
 */
export function defaultConfig(): Config {
  const config: Config = read("compiled.json")
  return config
}

/** Who gave out what a rule finds, and one sentence on where to revoke it. */
export type Note = { provider: string; fix: string }

let notes: Map<string, Note> | undefined

/** Nothing for rules that are not ours. Loaded at the first question. */
export function noteOn(ruleId: string): Note | undefined {
  notes ??= new Map(Object.entries<Note>(read("notes.json")))
  return notes.get(ruleId)
}

// Ours, written by the tool and compared with its source by a test: not parsed again.
const read = (file: string) => JSON.parse(installedFile(`rules/${file}`).toString("utf8"))
