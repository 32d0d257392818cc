import type { Fragment } from "../detect/detector.ts"

/**
 * Something to scan. It calls `emit` with one fragment after another; a fragment's bytes may be reused once `emit`
 * has returned.
 */
export type Source = (emit: (fragment: Fragment) => void, report: SourceReport) => Promise<void>

/** What a source tells besides fragments. */
export type SourceReport = {
  warn(text: string): void
  /** Something was not read: the scan is partial, and its result must not pass as "no leaks". */
  incomplete(text: string): void
  /** Throws once the scan has to end (a timeout). */
  checkTime(): void
}

/** Reads forward: fills the target from its start and tells how many bytes; 0 at the end. */
export type ByteReader = (target: Uint8Array) => number

export function readerOf(bytes: Uint8Array): ByteReader {
  let at = 0
  return target => {
    const part = bytes.subarray(at, at + target.length)
    target.set(part)
    at += part.length
    return part.length
  }
}
