/** What the command touches besides files: the command line's own `Io` has this shape. */
export type ScanIo = {
  readonly env: Readonly<Record<string, string | undefined>>
  /** The name this program was called by; as `gitleaks` it says no more than that does. */
  readonly program: string
  /** Where relative paths start; the process's folder without it. */
  readonly cwd?: string
  readonly stdout: ScanWriter
  readonly stderr: ScanWriter
}

export type ScanWriter = { write(text: string): void; readonly isTerminal: boolean }

export function processIo(program: string): ScanIo {
  // A closed pipe (`| head`) is the reader's choice, not a failure.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1))
  return { env: process.env, program, stdout: writer(process.stdout), stderr: writer(process.stderr) }
}

const writer = (stream: NodeJS.WriteStream): ScanWriter => ({
  write: text => void stream.write(text),
  isTerminal: stream.isTTY === true,
})
