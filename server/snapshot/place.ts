/** Where a schedule keeps its snapshots: a folder, or a bucket. */

export interface Place {
  /** Writes a snapshot, and says where it is. When this throws nothing bears the name, or a whole snapshot does. */
  keep(name: string, snapshot: AsyncIterable<Uint8Array>): Promise<{ readonly file: string; readonly bytes: number }>
  /** What lies there under names that begin so. */
  list(prefix: string): AsyncIterable<{ readonly name: string; readonly bytes: number }>
  remove(name: string): Promise<void>
  /** How many bytes all snapshots of the schedule may take together; the newest stays in any case. */
  readonly most: number
}

/** What every schedule says. `interval` is seconds. */
export interface Timing {
  readonly name: string
  readonly interval: number
  readonly retain: number
  readonly path_prefix: string
  readonly file_prefix: string
}
