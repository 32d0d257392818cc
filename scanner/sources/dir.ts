import {
  closeSync,
  type Dirent,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readSync,
  realpathSync,
  statSync,
} from "node:fs"
import { isAbsolute, join, normalize } from "node:path"
import { chunksOf } from "./chunks.ts"
import { type FileOptions, scanFile } from "./file.ts"
import { type ByteReader, type Emit, messageOf, type Source, type SourceReport } from "./source.ts"

export type DirOptions = FileOptions & {
  followSymlinks: boolean
  /** Larger files are skipped; 0: no limit. */
  maxFileBytes: number
  /** Where relative paths start. Paths are reported as given. */
  cwd: string
}

const maxArchiveBytes = 512 * 1024 * 1024

/** The files below a path (or that file), in the order of their names. */
export function dirSource(root: string, options: DirOptions): Source {
  return async function* (emit, report) {
    for (const found of walk(root, options, report)) {
      report.checkTime()
      scanFound(found, options, emit, report)
      yield
    }
  }
}

type Found = { path: string; symlink?: string; opened: string }

function* walk(root: string, options: DirOptions, report: SourceReport): Generator<Found> {
  const opened = openedPath(options.cwd, root)
  const stat = lstatSync(opened, { throwIfNoEntry: false })
  if (stat === undefined) return report.incomplete(`${root} does not exist`)
  // A symbolic link given by name is a link like any other, as for Go's WalkDir.
  if (stat.isSymbolicLink()) yield* link(root, options, report)
  else if (stat.isDirectory()) yield* walkDir(root, options, report)
  else if (stat.isFile() && !options.skips(root)) yield { path: root, opened }
}

const openedPath = (cwd: string, path: string) => (isAbsolute(path) ? path : join(cwd, path))

function* walkDir(dir: string, options: DirOptions, report: SourceReport): Generator<Found> {
  if (options.skips(dir)) return
  for (const entry of entriesOf(openedPath(options.cwd, dir), report)) {
    const path = dir === "." ? entry.name : joinGo(dir, entry.name)
    if (entry.isDirectory()) yield* walkDir(path, options, report)
    else if (entry.isSymbolicLink()) yield* link(path, options, report)
    else if (entry.isFile() && !options.skips(path)) yield { path, opened: openedPath(options.cwd, path) }
  }
}

// filepath.Join cleans: "./a/" and "b" make "a/b".
const joinGo = (dir: string, name: string) => normalize(`${dir}/${name}`)

function entriesOf(dir: string, report: SourceReport): Dirent[] {
  try {
    const entries = readdirSync(dir, { withFileTypes: true })
    return entries.sort((a, b) => (a.name < b.name ? -1 : 1))
  } catch (error) {
    report.incomplete(`Cannot read the directory ${dir}: ${messageOf(error)}`)
    return []
  }
}

function* link(path: string, options: DirOptions, report: SourceReport): Generator<Found> {
  if (!options.followSymlinks || options.skips(path)) return
  try {
    const target = realpathSync(openedPath(options.cwd, path))
    if (statSync(target).isFile()) yield { path: target, symlink: path, opened: target }
  } catch (error) {
    report.warn(`Skipped the symbolic link ${path}: ${messageOf(error)}`)
  }
}

function scanFound({ path, symlink, opened }: Found, options: DirOptions, emit: Emit, report: SourceReport): void {
  let fd: number | undefined
  try {
    fd = openSync(opened, "r")
    const { size } = fstatSync(fd)
    if (size === 0) return
    if (options.maxFileBytes > 0 && size > options.maxFileBytes) {
      report.warn(`Skipped ${path}: ${megabytes(size)} MB, more than ${megabytes(options.maxFileBytes)} MB`)
      return
    }
    const opening = { fd, size }
    const file = {
      path,
      ...(symlink === undefined ? {} : { symlink }),
      chunks: () => chunksOf(readerOf(opening)),
      content: () => wholeFile(opening),
    }
    scanFile(file, options, emit, report)
  } catch (error) {
    if (!isFileError(error)) throw error
    report.incomplete(`Cannot read ${path}: ${messageOf(error)}`)
  } finally {
    if (fd !== undefined) closeSync(fd)
  }
}

const megabytes = (bytes: number) => Math.floor(bytes / 1e6)
const isFileError = (error: unknown) => error instanceof Error && "syscall" in error

type Opened = { fd: number; size: number }

/** From the start, each time one is made. Files of known size are not asked again for their end; those under /proc say 0 and are not read at all, as in Gitleaks. */
function readerOf({ fd, size }: Opened): ByteReader {
  let total = 0
  return target => {
    let filled = 0
    while (filled < target.length && total < size) {
      const count = readSync(fd, target, filled, target.length - filled, total)
      if (count === 0) break
      filled += count
      total += count
    }
    return filled
  }
}

function wholeFile(opened: Opened): Uint8Array {
  if (opened.size > maxArchiveBytes) throw new Error(`it is larger than ${maxArchiveBytes} bytes`)
  const bytes = Buffer.allocUnsafe(opened.size)
  return bytes.subarray(0, readerOf(opened)(bytes))
}
