import { fstatSync, writeSync } from "node:fs"

/** What the command touches besides files: the command line's own `Io` has this shape. */
export type ScanIo = {
  readonly env: Readonly<Record<string, string | undefined>>
  /** The name this program was called by; as `gitleaks` it says no more than that does. */
  readonly program: string
  /** Where relative paths start; the process's folder without it. */
  readonly cwd?: string
  readonly stdout: ScanWriter
  readonly stderr: ScanWriter
  /** Called before a scan of many texts. */
  readonly onLongScan?: () => void
}

export type ScanWriter = { write(text: string): void; readonly isTerminal: boolean }

/**
 * The process's own. Written directly: Node's streams for standard output and error take longer to load than most
 * commits to scan.
 */
export const processIo = (program: string): ScanIo => ({
  env: process.env,
  program,
  stdout: writerOf(1),
  stderr: writerOf(2),
  // Most functions run too shortly for V8's best code to pay: making it takes a sixth of the time of a history's scan.
  onLongScan() {
    if (Number.parseInt(process.versions.node, 10) >= 26)
      process.getBuiltinModule("node:v8").setFlagsFromString("--efficiency-mode")
  },
})

function writerOf(fd: 1 | 2): ScanWriter {
  let isTerminal: boolean | undefined
  return {
    write: text => writeAll(fd, Buffer.from(text)),
    get isTerminal() {
      return (isTerminal ??= isCharacterDevice(fd) && process.getBuiltinModule("node:tty").isatty(fd))
    },
  }
}

function isCharacterDevice(fd: number): boolean {
  try {
    return fstatSync(fd).isCharacterDevice()
  } catch {
    return false
  }
}

const pause = new Int32Array(new SharedArrayBuffer(4))

function writeAll(fd: number, bytes: Buffer): void {
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(fd, bytes, at)
    } catch (error) {
      const code = error instanceof Error && "code" in error ? error.code : undefined
      // A closed pipe (`| head`) is the reader's choice, not a failure.
      if (code === "EPIPE") process.exit(0)
      if (code !== "EAGAIN") throw error
      Atomics.wait(pause, 0, 0, 5)
    }
  }
}
