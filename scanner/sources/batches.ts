import { spawnSync } from "node:child_process"
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Readable } from "node:stream"

const batchBytes = 512 * 1024
/** What a pipe holds, on Linux and on macOS. */
const pipeBytes = 64 * 1024
const pieceBytes = 2 * pipeBytes
/** Milliseconds after which a reader is told that nothing comes. */
const longSilence = 50

/** Hands a stream's pieces to `take`, and pauses after every batch of them. */
export type Batches = (take: (piece: Buffer) => void) => AsyncGenerator<void>

/** A child's output: what it is to write to, and how that is read, unless it is closed before. */
export type Output = { descriptor: number; batches: Batches; close(): void }

/**
 * A pipe for a child that writes much. Node gives its children sockets and reads them with a new buffer for each piece, which
 * costs four times as much. Undefined where there is no `mkfifo`; the descriptor is to be closed once the child has it.
 */
export function pipeInBatches(): Output | undefined {
  if (process.platform === "win32") return undefined
  let folder: string | undefined
  const opened: number[] = []
  try {
    folder = mkdtempSync(join(tmpdir(), "arca-pipe-"))
    const path = join(folder, "pipe")
    if (spawnSync("mkfifo", [path], { stdio: "ignore" }).status !== 0) return undefined
    // The reader first, without waiting for a writer; then the writer does not wait for a reader.
    opened.push(openSync(path, constants.O_RDONLY | constants.O_NONBLOCK))
    const descriptor = openSync(path, constants.O_WRONLY)
    return { descriptor, ...readerOf(opened.pop() ?? -1) }
  } catch {
    return undefined
  } finally {
    opened.forEach(closeSync)
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true })
  }
}

/**
 * Looks into the pipe now and then. Who waits for a pipe is woken by each write, and git writes four kilobytes at a time: what
 * Node does for that takes longer than scanning them. So nobody waits, and git writes on meanwhile.
 */
function readerOf(fd: number): { batches: Batches; close(): void } {
  let isOpen = true
  const close = () => {
    if (isOpen) closeSync(fd)
    isOpen = false
  }
  async function* batches(take: (piece: Buffer) => void) {
    const piece = Buffer.allocUnsafeSlow(pieceBytes)
    let taken = 0
    let silence = 0
    yield
    while (isOpen) {
      const length = readNow(fd, piece)
      if (length === 0) return
      if (length > 0) take(piece.subarray(0, length))
      taken += Math.max(length, 0)
      silence = length > 0 ? 0 : silence + pauseAfter(silence)
      // A full pipe is full again soon.
      if (length < pipeBytes) await sleep(pauseAfter(silence))
      if (taken < batchBytes && silence < longSilence) continue
      taken = 0
      yield
    }
  }
  return {
    async *batches(take) {
      try {
        yield* batches(take)
      } finally {
        close()
      }
    },
    close,
  }
}

/** How many bytes were read: none at the end, and -1 where the child has written nothing yet. */
function readNow(fd: number, piece: Buffer): number {
  try {
    return readSync(fd, piece)
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EAGAIN") return -1
    throw error
  }
}

/** Milliseconds, longer where the child is slow: waiting for it is to cost nothing, nor much time after it has written. */
const pauseAfter = (silence: number) => Math.min(Math.max(silence / 4, 1), 10)

const sleep = (milliseconds: number) => new Promise<void>(resolve => setTimeout(resolve, milliseconds))

/** The same for a stream, from now on: Node throws away what nobody listens for once a child has ended. */
export function inBatches(stream: Readable): Batches {
  const { take, batches } = turnsOf(stream)
  stream.on("data", take)
  return batches
}

/**
 * Takes a stream's pieces without awaiting each, which would cost as much as scanning it: git writes a few kilobytes at a time.
 * Keeps what comes before it is asked for.
 */
function turnsOf(stream: Readable): { take(piece: Buffer): boolean; batches: Batches } {
  const early: Buffer[] = []
  let taker: (piece: Buffer) => void = piece => void early.push(Buffer.from(piece))
  let wake = () => {}
  let isOver = false
  let failure: unknown
  let taken = 0
  const end = (error?: unknown) => {
    failure ??= error
    isOver = true
    wake()
  }
  stream
    .on("end", () => end())
    .on("close", () => end())
    .on("error", end)
  return {
    // Whether to go on reading.
    take(piece) {
      if (isOver) return false
      try {
        taker(piece)
      } catch (error) {
        stream.destroy()
        end(error)
        return false
      }
      taken += piece.length
      if (taken < batchBytes) return true
      taken = 0
      stream.pause()
      wake()
      return false
    },
    async *batches(take) {
      taker = take
      for (const piece of early.splice(0)) take(piece)
      yield
      while (!isOver) {
        await new Promise<void>(resolve => {
          wake = resolve
          stream.resume()
        })
        yield
      }
      if (failure !== undefined) throw failure
    },
  }
}
