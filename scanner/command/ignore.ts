import { addIgnores, arcaIgnoreName } from "../ignore/arcaignore.ts"
import { FlagError, type FlagTable, parseLine, textOf } from "./flags.ts"
import type { ScanIo } from "./io.ts"
import { placeIn } from "./settings.ts"

const flags = {
  owner: { kind: "text", about: "who says that it is no leak" },
  reason: { kind: "text", about: "why" },
  expires: { kind: "text", about: "the last day on which it counts, such as 2027-01-31" },
} as const satisfies FlagTable

/** `arca scan ignore --owner … --reason … FINGERPRINT …`: adds to the `.arcaignore` of the current folder. */
export async function ignoreCommand(words: readonly string[], io: ScanIo): Promise<number> {
  const line = parseLine(flags, words)
  const [, ...findings] = line.args
  const owner = textOf(line, "owner")
  const reason = textOf(line, "reason")
  if (findings.length === 0) throw new FlagError("name the fingerprints to ignore, as a report shows them")
  if (owner === "" || reason === "") throw new FlagError("--owner and --reason must be given")
  const expires = textOf(line, "expires")
  addIgnores(
    placeIn(io, arcaIgnoreName),
    findings.map(finding => ({ finding, owner, reason, expires })),
  )
  io.stdout.write(`Added ${findings.length} to ${arcaIgnoreName}.\n`)
  return 0
}
