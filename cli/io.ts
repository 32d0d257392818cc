import { homedir, hostname } from "node:os"

/** The terminal, the environment and the files' place: all that a command may touch besides the network. */
export interface Io {
  readonly env: Readonly<Record<string, string | undefined>>
  /** The name this program was called by: `arca`, `vault`, `bao`. */
  readonly program: string
  readonly home: string
  readonly stdout: Writer
  readonly stderr: Writer
  readonly stdin: Reader
  readonly hostname: string
  /** Aborted by Ctrl-C. */
  readonly interrupted: AbortSignal
}

export interface Writer {
  write(bytes: string | Uint8Array): void
  readonly isTerminal: boolean
}

export interface Reader {
  /** All of it; once. */
  text(): Promise<string>
  readonly isTerminal: boolean
  /** A line typed without echo; `ask` is called once the echo is off. Throws when stdin is no terminal. */
  secretLine(ask: () => void): Promise<string>
}

export function processIo(program: string): Io {
  let interruption: AbortController | undefined
  // A closed pipe (`| head`) is the reader's choice, not a failure.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1))
  return {
    env: process.env,
    program,
    home: process.env.HOME ?? homedir(),
    hostname: hostname(),
    stdout: writer(process.stdout),
    stderr: writer(process.stderr),
    stdin: { isTerminal: process.stdin.isTTY === true, text: allOfStdin, secretLine },
    // Only a command that asks for it takes Ctrl-C upon itself; all others just end.
    get interrupted() {
      if (interruption === undefined) {
        const made = new AbortController()
        process.once("SIGINT", () => made.abort())
        interruption = made
      }
      return interruption.signal
    },
  }
}

const writer = (stream: NodeJS.WriteStream): Writer => ({
  write: bytes => void stream.write(bytes),
  isTerminal: stream.isTTY === true,
})

async function allOfStdin(): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of process.stdin) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks).toString("utf8")
}

/** Reads in raw mode, so that nothing of a key shows, not even its length. */
function secretLine(ask: () => void): Promise<string> {
  const input = process.stdin
  if (input.isTTY !== true) return Promise.reject(new Error("file descriptor 0 is not a terminal"))
  return new Promise((resolve, reject) => {
    let typed = ""
    const finish = (outcome: () => void) => {
      input.setRawMode(false).pause().off("data", onData)
      outcome()
    }
    const onData = (chunk: Buffer) => {
      for (const key of chunk.toString("utf8")) {
        if (key === "\r" || key === "\n") return finish(() => resolve(typed))
        if (key === "\u0003") return finish(() => reject(new Error("interrupted")))
        typed = key === "\u007f" || key === "\b" ? typed.slice(0, -1) : typed + key
      }
    }
    input.setRawMode(true).resume().on("data", onData)
    ask()
  })
}
