import { readFile } from "node:fs/promises"
import { type ExitCode, Failure } from "./failure.ts"

/** A file's text. Throws an Error in plain words: `open app.json: no such file or directory`. */
export async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8")
  } catch (error) {
    throw new Error(`open ${path}: ${reasonOf(error)}`, { cause: error })
  }
}

/** The same for a command that ends with it. */
export async function readText(path: string, doing: string, exitCode: ExitCode): Promise<string> {
  return textOf(path).catch((error: Error) => {
    throw new Failure(`${doing}: ${error.message}`, exitCode, { cause: error })
  })
}

const REASONS = new Map([
  ["ENOENT", "no such file or directory"],
  ["EACCES", "permission denied"],
  ["EISDIR", "is a directory"],
])

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return REASONS.get("code" in error ? String(error.code) : "") ?? error.message
}
