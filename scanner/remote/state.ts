import { readFileSync, renameSync, writeFileSync } from "node:fs"
import { messageOf } from "../sources/source.ts"
import { isObject, textAt, valueAt } from "./read.ts"

/**
 * What a scan of a host has finished, so that one that was cut short goes on where it ended, and the next one reads only what
 * changed. A JSON file `{"version": 1, "of": "<host and target>", "done": {"<place> <part>": "<until when, or which version>"}}`;
 * it holds no secret.
 */
export type State = {
  /** "" for what was never finished. */
  doneOf(key: string): string
  finish(key: string, until: string): void
}

export const noState: State = { doneOf: () => "", finish: () => {} }

/** Throws an Error when the file cannot be used: it must not be overwritten with less. */
export function openState(path: string, of: string): State {
  const done = new Map(Object.entries(read(path, of)))
  return {
    doneOf: key => done.get(key) ?? "",
    finish(key, until) {
      done.set(key, until)
      const text = JSON.stringify({ version: 1, of, done: Object.fromEntries(done) }, null, 1)
      writeFileSync(`${path}.new`, `${text}\n`, { mode: 0o600 })
      renameSync(`${path}.new`, path)
    },
  }
}

function read(path: string, of: string): Record<string, string> {
  const text = textOf(path)
  if (text === undefined) return {}
  const kept = parsed(text, path)
  const done = valueAt(kept, "done")
  if (textAt(kept, "version") !== "1" || !isObject(done))
    throw new Error(`${path} is no state of a scan; name another file with --state`)
  if (textAt(kept, "of") !== of)
    throw new Error(
      `${path} is the state of a scan of ${textAt(kept, "of")}, not of ${of}; name another file with --state`,
    )
  return Object.fromEntries(Object.entries(done).map(([key, value]) => [key, String(value)]))
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8")
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined
    throw new Error(`Cannot read ${path}: ${messageOf(error)}`)
  }
}

function parsed(text: string, path: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new Error(`${path} is not JSON; remove it to scan from the start`)
  }
}
