import type { Fragment } from "../detect/detector.ts"
import { type ArchiveLimits, archiveKind, defaultArchiveLimits, openArchive } from "./archive.ts"
import { chunksOf } from "./chunks.ts"
import { isApplicationFile } from "./sniff.ts"
import { type ByteReader, readerOf, type SourceReport } from "./source.ts"

/** One file, from wherever it was read. */
export type FileToScan = {
  /** As reported; parts inside an archive follow a `!`. */
  path: string
  symlink?: string
  read: ByteReader
  /** Its whole content, for archives; throws when too large. */
  content(): Uint8Array
}

export type FileOptions = {
  maxArchiveDepth: number
  archiveLimits?: ArchiveLimits
  /** Whether a path inside an archive is not to be scanned. */
  skips(path: string): boolean
}

type Emit = (fragment: Omit<Fragment, "commit">) => void

/** Emits a file's chunks; opens archives as deep as allowed, and skips other binary formats. */
export function scanFile(file: FileToScan, options: FileOptions, emit: Emit, report: SourceReport, depth = 0): void {
  const kind = archiveKind(file.path)
  if (kind !== undefined) {
    if (depth + 1 <= options.maxArchiveDepth) scanArchive(file, options, emit, report, depth)
    else if (options.maxArchiveDepth > 0)
      report.warn(`Skipped ${file.path}: deeper than ${options.maxArchiveDepth} archives`)
    return
  }
  let isFirst = true
  for (const { bytes, startLine } of chunksOf(file.read)) {
    report.checkTime()
    if (isFirst && isApplicationFile(bytes)) return
    isFirst = false
    emit({ bytes, path: file.path, startLine, ...(file.symlink === undefined ? {} : { symlink: file.symlink }) })
  }
}

function scanArchive(file: FileToScan, options: FileOptions, emit: Emit, report: SourceReport, depth: number): void {
  try {
    for (const part of openArchive(file.path, file.content(), options.archiveLimits ?? defaultArchiveLimits)) {
      report.checkTime()
      if (options.skips(part.path)) continue
      const inner = {
        ...file,
        path: part.isWhole ? file.path : `${file.path}!${part.path}`,
        read: readerOf(part.bytes),
        content: () => part.bytes,
      }
      if (part.isWhole) scanText(inner, emit, report)
      else scanFile(inner, options, emit, report, depth + 1)
    }
  } catch (error) {
    report.incomplete(`Cannot read the archive ${file.path}: ${error instanceof Error ? error.message : String(error)}`)
  }
}

/** What a single compressed file holds: scanned as text whatever its name says. */
function scanText(file: FileToScan, emit: Emit, report: SourceReport): void {
  for (const { bytes, startLine } of chunksOf(file.read)) {
    report.checkTime()
    if (startLine === 1 && isApplicationFile(bytes)) return
    emit({ bytes, path: file.path, startLine, ...(file.symlink === undefined ? {} : { symlink: file.symlink }) })
  }
}
