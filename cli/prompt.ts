import { Failure } from "./failure.ts"
import type { Io } from "./io.ts"

/** Asks for something secret at the terminal. Throws Failure where nobody can answer. */
export async function promptFor(io: Io, nonInteractive: boolean, question: string): Promise<string> {
  if (nonInteractive) throw new Failure(`${question} is missing, and with -non-interactive nothing is asked`, 1)
  if (!io.stdin.isTerminal) {
    throw new Failure(
      `${question} cannot be asked for: stdin is no terminal. Give it as an argument, or "-" to read it from stdin.`,
      1,
    )
  }
  try {
    return (await io.stdin.secretLine(() => io.stderr.write(`${question} (will be hidden): `))).trim()
  } catch {
    throw new Failure("user canceled", 1)
  } finally {
    io.stderr.write("\n")
  }
}
