import type { Fragment } from "../detect/detector.ts"
import {
  type ArchiveLimits,
  type ArchivePart,
  defaultArchiveLimits,
  isArchive,
  openArchive,
  openPackaged,
} from "./archive.ts"
import { packagedKind } from "./archive-kind.ts"
import { archiveKind } from "./archive-name.ts"
import { type Chunk, chunksIn } from "./chunks.ts"
import { isApplicationFile } from "./sniff.ts"
import { messageOf, type SourceReport } from "./source.ts"

/** One file, from wherever it was read. */
export type FileToScan = {
  /** As reported; parts inside an archive follow a `!`. */
  path: string
  symlink?: string
  chunks(): Iterable<Chunk>
  /** Its whole content, for archives; throws when too large. */
  content(): Uint8Array
}

export type FileOptions = {
  maxArchiveDepth: number
  archiveLimits?: ArchiveLimits
  /** Whether a path is not to be scanned. */
  skips(path: string): boolean
}

type Emit = (fragment: Omit<Fragment, "commit" | "complete">) => void

export const fileInMemory = (path: string, bytes: Uint8Array): FileToScan => ({
  path,
  chunks: () => chunksIn(bytes),
  content: () => bytes,
})

/** Emits a file's chunks; opens archives as deep as allowed, and skips other binary formats. */
export function scanFile(file: FileToScan, options: FileOptions, emit: Emit, report: SourceReport, depth = 0): void {
  const opens = depth + 1 <= options.maxArchiveDepth
  if (archiveKind(file.path) === undefined)
    scanText(file, emit, report, opens ? () => scanArchive(file, options, emit, report, depth) : undefined)
  else if (opens) scanArchive(file, options, emit, report, depth)
  else if (options.maxArchiveDepth > 0)
    report.warn(`Skipped ${file.path}: deeper than ${options.maxArchiveDepth} archives`)
}

function scanArchive(file: FileToScan, options: FileOptions, emit: Emit, report: SourceReport, depth: number): void {
  const limits = options.archiveLimits ?? defaultArchiveLimits
  const scanPart = (part: ArchivePart) => {
    report.checkTime()
    if (options.skips(part.path)) return
    const path = part.isWhole ? file.path : `${file.path}!${part.path}`
    const inner = { ...file, ...fileInMemory(path, part.bytes) }
    // What a single compressed file holds is text whatever the name says.
    if (part.isWhole) scanText(inner, emit, report)
    else scanFile(inner, options, emit, report, depth + 1)
  }
  const refuse = (error: unknown) => {
    if (report.isEnd(error)) throw error
    report.incomplete(`Cannot read the archive ${file.path}: ${messageOf(error)}`)
  }
  try {
    const bytes = file.content()
    const kind = packagedKind(bytes)
    if (kind === undefined) for (const part of openArchive(file.path, bytes, limits)) scanPart(part)
    else
      report.later(async () => {
        try {
          for await (const part of openPackaged(kind, file.path, bytes, limits, report.checkTime)) scanPart(part)
        } catch (error) {
          refuse(error)
        }
      })
  } catch (error) {
    refuse(error)
  }
}

/** `open` is called for an archive that only its content tells, such as a layer of a container image or a wheel. */
function scanText(file: FileToScan, emit: Emit, report: SourceReport, open?: () => void): void {
  const { path, symlink } = file
  let isFirst = true
  for (const { bytes, startLine } of file.chunks()) {
    report.checkTime()
    if (isFirst && isApplicationFile(bytes)) {
      if (open !== undefined && isArchive(bytes)) open()
      return
    }
    isFirst = false
    emit(symlink === undefined ? { bytes, path, startLine } : { bytes, path, startLine, symlink })
  }
}
