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
import { join, normalize } from "node:path"
import { type FileOptions, scanFile } from "./file.ts"
import type { Source, SourceReport } from "./source.ts"

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
  return async (emit, report) => {
    for (const { path, symlink, opened } of walk(root, options, report)) {
      report.checkTime()
      scanOpened(path, symlink, opened, options, emit, report)
    }
  }
}

type Found = { path: string; symlink?: string; opened: string }

function* walk(root: string, options: DirOptions, report: SourceReport): Generator<Found> {
  const stat = lstatSync(join2(options.cwd, root))
  // A symbolic link given by name is a link like any other, as for Go's WalkDir.
  if (stat.isSymbolicLink()) yield* link(root, options, report)
  else if (stat.isDirectory()) yield* walkDir(root, options, report)
  else if (stat.isFile() && !options.skips(root)) yield { path: root, opened: join2(options.cwd, root) }
}

const join2 = (cwd: string, path: string) => (path.startsWith("/") ? path : join(cwd, path))

function* walkDir(dir: string, options: DirOptions, report: SourceReport): Generator<Found> {
  if (options.skips(dir)) return
  for (const entry of entriesOf(join2(options.cwd, dir), report)) {
    const path = dir === "." ? entry.name : joinGo(dir, entry.name)
    if (entry.isDirectory()) yield* walkDir(path, options, report)
    else if (entry.isSymbolicLink()) yield* link(path, options, report)
    else if (entry.isFile() && !options.skips(path)) yield { path, opened: join2(options.cwd, path) }
  }
}

// filepath.Join cleans: "./a/" and "b" make "a/b".
const joinGo = (dir: string, name: string) => normalize(`${dir}/${name}`)

function entriesOf(dir: string, report: SourceReport): Dirent[] {
  try {
    const entries = readdirSync(dir, { withFileTypes: true })
    return entries.sort((a, b) => (a.name < b.name ? -1 : 1))
  } catch (error) {
    report.warn(`Skipped the directory ${dir}: ${error instanceof Error ? error.message : String(error)}`)
    return []
  }
}

function* link(path: string, options: DirOptions, report: SourceReport): Generator<Found> {
  if (!options.followSymlinks || options.skips(path)) return
  try {
    const target = realpathSync(join2(options.cwd, path))
    if (statSync(target).isFile()) yield { path: target, symlink: path, opened: target }
  } catch (error) {
    report.warn(`Skipped the symbolic link ${path}: ${error instanceof Error ? error.message : String(error)}`)
  }
}

function scanOpened(
  path: string,
  symlink: string | undefined,
  opened: string,
  options: DirOptions,
  emit: Parameters<typeof scanFile>[2],
  report: SourceReport,
): void {
  let fd: number
  try {
    fd = openSync(opened, "r")
  } catch (error) {
    report.warn(`Skipped ${path}: ${error instanceof Error ? error.message : String(error)}`)
    return
  }
  try {
    const size = fstatSync(fd).size
    if (size === 0) return
    if (options.maxFileBytes > 0 && size > options.maxFileBytes) {
      report.warn(
        `Skipped ${path}: ${Math.floor(size / 1e6)} MB, more than ${Math.floor(options.maxFileBytes / 1e6)} MB`,
      )
      return
    }
    const file = {
      path,
      ...(symlink === undefined ? {} : { symlink }),
      read: (target: Uint8Array) => readSync(fd, target, 0, target.length, null),
      content: () => wholeFile(fd, size),
    }
    scanFile(file, options, emit, report)
  } finally {
    closeSync(fd)
  }
}

function wholeFile(fd: number, size: number): Uint8Array {
  if (size > maxArchiveBytes) throw new Error(`it is larger than ${maxArchiveBytes} bytes`)
  const bytes = Buffer.allocUnsafe(size)
  let length = 0
  for (let read = -1; read !== 0 && length < size; length += read)
    read = readSync(fd, bytes, length, size - length, length)
  return bytes.subarray(0, length)
}
