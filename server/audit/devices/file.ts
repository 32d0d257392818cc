/**
 * The file device: lines appended to a file that only the server's user may read.
 *
 * Where an audit file may be is the operator's decision, not the API's: a file made at a place of the caller's choosing is
 * a way to run code (CVE-2025-6000) or to destroy data.
 */

import { constants } from "node:fs"
import { type FileHandle, lstat, mkdir, open, realpath } from "node:fs/promises"
import { basename, dirname, isAbsolute, join, resolve, sep } from "node:path"
import { type Append, appender } from "./append.ts"
import { Invalid } from "./options.ts"
import { reasonOf, type Sink, Undelivered } from "./sink.ts"

export interface FileOptions {
  readonly file: string
  /** Permission bits, none of them executable; 0 leaves those of an existing file as they are. */
  readonly mode: number
  /** Wait for the disk after each batch. */
  readonly fsync: boolean
  readonly allowedDirectories: readonly string[]
  readonly deniedDirectories: readonly string[]
}

/** The kernel's directories hold no files, whatever an allow-list says. */
const KERNEL_DIRECTORIES = ["/proc", "/sys", "/dev"]
/** Devices that are no danger: nothing is kept, or nothing fits. */
const HARMLESS_DEVICES = new Set(["/dev/null", "/dev/full"])

export async function fileSink(options: FileOptions): Promise<Sink> {
  const file = await permittedFile(options)
  let current: { readonly handle: FileHandle; readonly append: Append } | undefined
  /** A part of a line stands at the end of the file; the next record must begin on a line of its own. */
  let torn = false

  const opened = async (): Promise<Append> => {
    if (current !== undefined) return current.append
    const handle = await openFile(file, options.mode)
    torn = await endsInLine(file)
    current = { handle, append: await appender(handle, file, options.fsync) }
    return current.append
  }
  const closed = async (): Promise<void> => {
    const closing = current
    current = undefined
    await closing?.handle.close()
  }
  await opened()
  return {
    file,
    async write(lines) {
      const append = await opened().catch(error => {
        throw new Undelivered(`cannot open "${file}": ${reasonOf(error)}`, { untouched: true, cause: error })
      })
      const failure = await append(torn ? Buffer.concat([LINE_FEED, lines]) : lines)
      torn = false
      if (failure === undefined) return
      // The next write opens the file anew, as a disk that comes back may want.
      await closed().catch(() => {})
      throw new Undelivered(`cannot write to "${file}": ${reasonOf(failure.cause)}`, {
        untouched: failure.untouched,
        cause: failure.cause,
      })
    },
    interrupt() {},
    async reload() {
      await closed()
      await opened()
    },
    close: closed,
  }
}

const LINE_FEED = Buffer.from("\n")

async function openFile(file: string, mode: number): Promise<FileHandle> {
  // O_NOFOLLOW: a link put in the file's place after the check is not followed either. O_NONBLOCK: nor does a pipe
  // without a reader stop the server.
  const { O_APPEND, O_WRONLY, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = constants
  const handle = await open(file, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK, mode || 0o600)
  try {
    if (HARMLESS_DEVICES.has(file)) return handle
    const found = await handle.stat()
    if (!found.isFile()) throw new Invalid(`"${file}" is not a regular file`)
    if (mode !== 0 && (found.mode & 0o777) !== mode) await handle.chmod(mode)
    return handle
  } catch (error) {
    await handle.close()
    throw error
  }
}

/** Whether the file's last line lacks its end: a crash or a full disk interrupted a write. */
async function endsInLine(file: string): Promise<boolean> {
  if (HARMLESS_DEVICES.has(file)) return false
  await using handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW)
  const { size } = await handle.stat()
  if (size === 0) return false
  const last = Buffer.alloc(1)
  await handle.read(last, 0, 1, size - 1)
  return last[0] !== LINE_FEED[0]
}

/** The path with links in its directories resolved, if a file may be made there; `Invalid` says why not. */
async function permittedFile(options: FileOptions): Promise<string> {
  const { file } = options
  if (!isAbsolute(file)) throw new Invalid(`file_path "${file}" must be an absolute path`)
  if (file.includes("\0") || file.split(sep).includes("..")) throw new Invalid(`file_path "${file}" must not hold ".."`)
  const wanted = resolve(file)
  if (HARMLESS_DEVICES.has(wanted)) return wanted
  const allowed = await Promise.all(options.allowedDirectories.map(real))
  const denied = await Promise.all([...KERNEL_DIRECTORIES, ...options.deniedDirectories].map(real))
  // Checked before a directory is made, and again with its links resolved.
  checkDirectory(await nearest(dirname(wanted)), file, allowed, denied)
  await mkdir(dirname(wanted), { recursive: true, mode: 0o700 })
  const directory = await realpath(dirname(wanted))
  checkDirectory(directory, file, allowed, denied)
  const target = join(directory, basename(wanted))
  const found = await lstat(target).catch(() => undefined)
  if (found?.isSymbolicLink()) throw new Invalid(`file_path "${file}" is a symbolic link`)
  if (found !== undefined && !found.isFile()) throw new Invalid(`file_path "${file}" is not a regular file`)
  return target
}

function checkDirectory(directory: string, file: string, allowed: readonly string[], denied: readonly string[]): void {
  if (allowed.some(root => within(directory, root)) && !denied.some(root => within(directory, root))) return
  throw new Invalid(`file_path "${file}" is not in a directory that the server's configuration allows audit files in`)
}

const within = (path: string, root: string): boolean =>
  path === root || path.startsWith(root.endsWith(sep) ? root : root + sep)

const real = (path: string): Promise<string> => realpath(path).catch(() => resolve(path))

/** The path with the links of its existing part resolved. */
async function nearest(path: string): Promise<string> {
  try {
    return await realpath(path)
  } catch {
    const parent = dirname(path)
    return parent === path ? path : join(await nearest(parent), basename(path))
  }
}
