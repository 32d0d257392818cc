import { basename } from "node:path"
import type { Entry } from "./command.ts"
import { rootCommands } from "./commands/index.ts"
import { Failure } from "./failure.ts"
import { type Io, processIo } from "./io.ts"
import { type Found, findCommand } from "./tree.ts"

/**
 * Runs one command line and returns its exit code: 0 done, 1 a mistake on this side, 2 the server's refusal or nothing
 * found, 127 no such command. Nothing else ends the process.
 */
export async function main(argv: readonly string[], io: Io): Promise<number> {
  try {
    const found = await findCommand(rootCommands(io.program), argv)
    return await start(found, io)
  } catch (error) {
    return await report(error, io)
  }
}

async function start(found: Found, io: Io): Promise<number> {
  const { entry, line, path } = found
  if (found.unknown !== undefined || entry === undefined) return usage(found, io)
  const helpsItself = entry.kind === "foreign" && entry.usage === undefined
  if (!helpsItself && asksForHelp(line)) return printHelp(path, entry, io)
  if (entry.kind !== "family") return entry.start(line, io)
  await printHelp(path, entry, io, 1)
  return 1
}

function asksForHelp(line: readonly string[]): boolean {
  const end = line.indexOf("--")
  return line.slice(0, end < 0 ? line.length : end).some(word => /^(-h|--?help)$/.test(word))
}

async function usage({ unknown, path, entry, line, siblings }: Found, io: Io): Promise<number> {
  const { rootHelp } = await import("./help.ts")
  if (unknown === undefined) {
    const asked = line.length === 0 || asksForHelp(line)
    const { stdout, stderr } = io
    ;(asked ? stdout : stderr).write(`${rootHelp(siblings, io.program)}\n`)
    return asksForHelp(line) ? 0 : 127
  }
  const words = [io.program, ...path].join(" ")
  const { nearest } = await import("@arca/hcl")
  const near = nearest(
    unknown,
    siblings.map(({ name }) => name),
  )
  const meant = near === undefined ? `See ${words} -h` : `Did you mean this?\n    ${words} ${near}`
  io.stderr.write(`"${[...path, unknown].join(" ")}" is no command of ${io.program}.\n\n${meant}\n`)
  return entry === undefined ? 127 : 1
}

async function printHelp(path: readonly string[], entry: Entry, io: Io, code = 0): Promise<number> {
  const { helpFor } = await import("./help.ts")
  ;(code === 0 ? io.stdout : io.stderr).write(`${helpFor(path, entry, io.program)}\n`)
  return code
}

async function report(error: unknown, io: Io): Promise<number> {
  if (error instanceof Error && error.name === "Rehearsed") return printRehearsed(error, io)
  const { reportFailure } = await import("./report.ts")
  return reportFailure(error, io)
}

async function printRehearsed(error: Error, io: Io): Promise<number> {
  const { Rehearsed } = await import("./connect.ts")
  if (!(error instanceof Rehearsed)) throw new Failure(error.message, 1)
  const { curlLine, policyFor } = await import("./rehearsal.ts")
  io.stdout.write(`${error.flags["output-policy"] ? policyFor(error) : curlLine(error, io.program)}\n`)
  return 0
}

/** The name in the path the program was started by, so that links named `vault` and `bao` behave as those do. */
export async function run(script: string | undefined, argv: readonly string[]): Promise<void> {
  const name = basename(script ?? "arca").replace(/\.(ts|js|mjs|exe)$/, "")
  const io = processIo(name === "vault" || name === "bao" ? name : "arca")
  process.exitCode = await main(argv, io)
}

if (import.meta.main) await run(process.argv[1], process.argv.slice(2))
