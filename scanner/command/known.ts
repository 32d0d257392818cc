import { writeFileSync } from "node:fs"
import { knownFileOf } from "../known.ts"
import { FlagError, type FlagTable, parseLine, textOf } from "./flags.ts"
import type { ScanIo } from "./io.ts"
import { Fatal, placeIn } from "./settings.ts"

const flags = {
  output: { kind: "text", short: "o", about: "the file to write" },
} as const satisfies FlagTable

/**
 * `arca scan known make -o FILE`: hashes the values that standard input names, one JSON object a line:
 * `{"name": "secret/app#password", "value": "…"}`. `arca scan known export` fetches them from a server and ends here.
 */
export async function knownCommand(
  words: readonly string[],
  io: ScanIo & { stdin?: { text(): Promise<string> } },
): Promise<number> {
  const line = parseLine(flags, words)
  const path = textOf(line, "output")
  if (line.args[1] !== "make" || path === "")
    throw new FlagError("expected: known make -o FILE, or known export -o FILE PATH")
  const input = await (io.stdin?.text() ?? readAll())
  const { file, tooShort } = knownFileOf(
    input
      .split("\n")
      .filter(text => text.trim() !== "")
      .map(entryOf),
  )
  writeFileSync(placeIn(io, path), `${JSON.stringify(file)}\n`, { mode: 0o600 })
  io.stderr.write(`Wrote the hashes of ${file.values.length} values and their encoded forms to ${path}.\n`)
  if (tooShort > 0)
    io.stderr.write(`Left out ${tooShort} values below 8 bytes: their hashes could be guessed at once.\n`)
  return 0
}

async function readAll(): Promise<string> {
  const { text } = await import("node:stream/consumers")
  return text(process.stdin)
}

/** Never with the line in the message: it holds the value. */
function entryOf(text: string, index: number): { name: string; value: string } {
  let entry: unknown
  try {
    entry = JSON.parse(text)
  } catch {
    throw new Fatal(`line ${index + 1} of the input is not JSON`)
  }
  const { name, value } = Object(entry)
  if (typeof name !== "string" || typeof value !== "string")
    throw new Fatal(`line ${index + 1} of the input has no name or value`)
  return { name, value }
}
