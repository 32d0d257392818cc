import type { Fragment } from "../detect/detector.ts"
import type { Commit } from "../finding.ts"

/**
 * Something to scan. It calls `emit` with one fragment after another and pauses now and then, so that what was found can be
 * passed on; a fragment's bytes may be reused once `emit` has returned.
 */
export type Source = (emit: Emit, report: SourceReport) => AsyncIterable<void>
export type Emit = (fragment: Fragment) => void

/** What a source tells besides fragments. */
export type SourceReport = {
  warn(text: string): void
  /** Something was not read: the scan is partial, and its result must not pass as "no leaks". */
  incomplete(text: string): void
  /** A text of so many bytes was read that is not worth a closer look. */
  passed(bytes: number, commit: Commit): void
  /** Throws once the scan has to end (a timeout); a source lets that error pass. */
  checkTime(): void
  isEnd(error: unknown): boolean
  /** Work that cannot be done at once, such as loading a package: done at the source's next pause, in this order. */
  later(work: () => Promise<void>): void
}

/** Reads forward: fills the target from its start and tells how many bytes; fewer than asked only at the end. */
export type ByteReader = (target: Uint8Array) => number

export const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error))
