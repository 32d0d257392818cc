import type { Readable } from "node:stream"

const batchBytes = 512 * 1024

/** Hands a stream's pieces to `take`, and pauses after every batch of them. */
export type Batches = (take: (piece: Buffer) => void) => AsyncGenerator<void>

/**
 * Reads a child's output from now on, and keeps it until it is asked for: Node throws away what nobody listens for once a
 * child has ended. Awaiting each piece would cost as much as scanning it, since git writes a few kilobytes at a time.
 */
export function inBatches(stream: Readable): Batches {
  const early: Buffer[] = []
  let take: (piece: Buffer) => void = piece => void early.push(piece)
  let wake = () => {}
  let isOver = false
  let failure: unknown
  let taken = 0
  const end = (error?: unknown) => {
    failure ??= error
    isOver = true
    wake()
  }
  stream.on("data", (piece: Buffer) => {
    if (isOver) return
    try {
      take(piece)
    } catch (error) {
      stream.destroy()
      return end(error)
    }
    taken += piece.length
    if (taken < batchBytes) return
    taken = 0
    stream.pause()
    wake()
  })
  stream
    .on("end", () => end())
    .on("close", () => end())
    .on("error", end)
  return async function* (taker) {
    take = taker
    for (const piece of early.splice(0)) taker(piece)
    yield
    while (!isOver) {
      await new Promise<void>(resolve => {
        wake = resolve
        stream.resume()
      })
      yield
    }
    if (failure !== undefined) throw failure
  }
}
