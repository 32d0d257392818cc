/** Where the lines of a device go. */

export interface Sink {
  /**
   * Takes whole lines, each with its line feed. Never called again before the last call has settled.
   * Rejects with `Undelivered` when it did not take them all.
   */
  write(lines: Buffer): Promise<void>
  /** The deadline has passed: make the write in progress fail if that can be done. */
  interrupt(): void
  /** Opens or connects anew. */
  reload(): Promise<void>
  close(): Promise<void>
  /** The file that can be read back, if there is one. */
  readonly file?: string
}

/** The sink did not take a batch. `untouched`: for certain nothing of it arrived. */
export class Undelivered extends Error {
  override readonly name = "Undelivered"
  readonly untouched: boolean
  constructor(message: string, options: { readonly untouched: boolean; readonly cause?: unknown }) {
    super(message, { cause: options.cause })
    this.untouched = options.untouched
  }
}

/** What a failed system call says, without the paths and addresses that the message already names. */
export const reasonOf = (error: unknown): string =>
  error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : String(error)

/** The lines of a batch, each without its line feed. */
export function* linesOf(batch: Buffer): Generator<Buffer> {
  for (let start = 0; start < batch.length; ) {
    const end = batch.indexOf(0x0a, start)
    const stop = end < 0 ? batch.length : end
    yield batch.subarray(start, stop)
    start = stop + 1
  }
}
