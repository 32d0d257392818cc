import { variable } from "@arca/sdk/variable"
import { Failure } from "./failure.ts"
import type { Io } from "./io.ts"
import { inert } from "./output/table.ts"

/** Says on stderr why a command stopped, and what to do next; returns its exit code. */
export async function reportFailure(error: unknown, io: Io): Promise<number> {
  const message = error instanceof Error ? error.message : String(error)
  const failure = error instanceof Failure ? error : new Failure(message, isServers(error) ? 2 : 1, { cause: error })
  const hints = wantsHints(io) ? [...(await guess(failure)), ...failure.hints, ...(await advice(failure, io))] : []
  const text = safe(failure.message)
  io.stderr.write(`${red(io, hints.length > 0 ? text.trimEnd() : text)}\n`)
  if (hints.length > 0) io.stderr.write(`\n${hints.map(safe).join("\n")}\n`)
  return failure.exitCode
}

const isServers = (error: unknown): boolean =>
  error instanceof Error && (error.name === "ApiError" || error.name === "ConnectionError")

async function guess({ meant }: Failure): Promise<string[]> {
  if (meant === undefined) return []
  const { nearest } = await import("@arca/hcl")
  const near = nearest(meant.typed, meant.known)
  return near === undefined ? [] : [`Did you mean ${meant.shown(near)}?`]
}

/** Only for what a server said, or did not: then the client is loaded already. */
async function advice(failure: Failure, io: Io): Promise<string[]> {
  return isServers(failure.cause) ? (await import("./hints.ts")).nextSteps(failure, io) : []
}

/** Scripts that call us by another's name compare what that one prints; people at a terminal read on. */
const wantsHints = ({ program, stderr }: Io): boolean => program === "arca" || stderr.isTerminal

/** What a server said moves no cursor; line breaks and tabs stay. */
const safe = (text: string): string => inert(text)

function red({ env, stderr }: Io, text: string): string {
  const plain = !stderr.isTerminal || env.NO_COLOR || env.TERM === "dumb" || variable(env, "CLI_NO_COLOR")
  return plain && !env.FORCE_COLOR ? text : `\u001b[31m${text}\u001b[39m`
}
