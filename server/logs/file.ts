/**
 * A log file that is rotated by size and by age, as Vault's is: `vault.log` is the current one, `vault-<nanoseconds>.log`
 * are those before. Several workers may write to it: whoever rotates renames, the others notice and open the new one.
 */

import {
  closeSync,
  existsSync,
  fstatSync,
  globSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs"
import { basename, dirname, extname, join } from "node:path"

export interface LogFileOptions {
  /** The file, or a folder (with a slash at its end) in which it is `arca.log`. */
  readonly path: string
  /** 0 is no limit. */
  readonly maxBytes: number
  /** Seconds. */
  readonly maxAge: number
  /** How many rotated files are kept; 0 keeps all, a negative number none. */
  readonly maxFiles: number
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Told once when the file cannot be written, and it is tried again with the next line. */
  readonly failed: (error: unknown) => void
}

export interface LogFile {
  write(text: string): void
  /** Opens the file anew: whatever moved it away may go on with the old one. */
  reopen(): void
  close(): void
}

/** Throws when the file cannot be opened. */
export function logFile(options: LogFileOptions): LogFile {
  const path = /[\\/]$/.test(options.path) ? join(options.path, "arca.log") : options.path
  const extension = extname(path) || ".log"
  const stem = path.slice(0, path.length - extname(path).length)
  let descriptor = open()
  let opened = options.now()
  let failing = false

  function open(): number {
    if (!existsSync(dirname(path))) mkdirSync(dirname(path), { mode: 0o750 })
    return openSync(path, "a", 0o640)
  }

  function reopen(): void {
    const before = descriptor
    descriptor = open()
    opened = options.now()
    closeSync(before)
  }

  /** Whether `path` is still the file we write to. */
  const isOurs = (): boolean => statSync(path, { throwIfNoEntry: false })?.ino === fstatSync(descriptor).ino

  function rotateIfDue(): void {
    const size = options.maxBytes > 0 ? fstatSync(descriptor).size : 0
    const old = options.maxAge > 0 && options.now() - opened >= options.maxAge * 1000
    if (!old && (options.maxBytes === 0 || size < options.maxBytes)) return
    if (isOurs()) {
      renameSync(path, `${stem}-${options.now()}000000${extension}`)
      prune()
    }
    reopen()
  }

  function prune(): void {
    if (options.maxFiles === 0) return
    const rotated = globSync(`${basename(stem)}-*${extension}`, { cwd: dirname(path) }).sort()
    const kept = Math.max(0, options.maxFiles)
    for (const name of rotated.slice(0, Math.max(0, rotated.length - kept)))
      rmSync(join(dirname(path), name), { force: true })
  }

  return {
    write(text) {
      try {
        rotateIfDue()
        writeSync(descriptor, text)
        failing = false
      } catch (error) {
        if (!failing) options.failed(error)
        failing = true
      }
    },
    reopen,
    close: () => closeSync(descriptor),
  }
}
