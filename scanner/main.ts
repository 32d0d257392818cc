/** The scanner as a program of its own, without the rest of the command line: what a commit hook starts. */
import { processIo } from "./command/io.ts"
import { runLine } from "./command/run.ts"

export async function run(program: string, words: readonly string[]): Promise<void> {
  process.exitCode = await runLine(words, processIo(program))
}
