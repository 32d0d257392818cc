/** Random bytes, many at a time. */

export type RandomBytes = (bytes: number) => Uint8Array

const POOL_BYTES = 4096
/** More than this at once is asked of the source itself. */
const POOLED_BYTES = 64

/** The same source, asked for many bytes at a time: each call to the system costs as much as a hundred bytes do. */
export function pooled(source: RandomBytes): RandomBytes {
  let pool = source(POOL_BYTES)
  let used = 0
  return bytes => {
    if (bytes > POOLED_BYTES) return source(bytes)
    if (used + bytes > POOL_BYTES) {
      pool = source(POOL_BYTES)
      used = 0
    }
    const taken = Uint8Array.prototype.slice.call(pool, used, used + bytes)
    // What was handed out is nobody else's: it does not stay here.
    pool.fill(0, used, (used += bytes))
    return taken
  }
}
