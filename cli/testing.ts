import type { Io } from "./io.ts"
import { main } from "./main.ts"

export interface Outcome {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export interface Circumstances {
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly stdin?: string
  readonly program?: string
  readonly home?: string
  /** Whether stdout and stderr are a terminal. */
  readonly terminal?: boolean
  /** What a person types at hidden prompts, in order. */
  readonly typed?: readonly string[]
}

/** Runs a command line within this process and catches what it prints. For tests, ours and those of embedders. */
export async function runLine(argv: readonly string[], circumstances: Circumstances = {}): Promise<Outcome> {
  const { env = {}, stdin = "", program = "arca", home = "/nonexistent", terminal = false, typed = [] } = circumstances
  const stdout: Buffer[] = []
  const stderr: Buffer[] = []
  const into = (chunks: Buffer[]) => ({
    isTerminal: terminal,
    write: (bytes: string | Uint8Array) => void chunks.push(Buffer.from(bytes)),
  })
  const lines = [...typed]
  const io: Io = {
    env,
    program,
    home,
    hostname: "test",
    stdout: into(stdout),
    stderr: into(stderr),
    stdin: {
      isTerminal: typed.length > 0,
      text: async () => stdin,
      secretLine: async () => lines.shift() ?? Promise.reject(new Error("nobody types")),
    },
    interrupted: new AbortController().signal,
  }
  const code = await main(argv, io)
  return { code, stdout: Buffer.concat(stdout).toString("utf8"), stderr: Buffer.concat(stderr).toString("utf8") }
}
