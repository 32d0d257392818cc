import { spawnSync } from "node:child_process"
import { closeSync, constants, mkdtempSync, openSync, rmSync } from "node:fs"
import { Socket } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Readable } from "node:stream"

const batchBytes = 512 * 1024
const pieceBytes = 64 * 1024

/** Hands a stream's pieces to `take`, and pauses after every batch of them. */
export type Batches = (take: (piece: Buffer) => void) => AsyncGenerator<void>

/** A child's output: what it is to write to, and how that is read. */
export type Output = { descriptor: number; batches: Batches }

/**
 * A pipe for a child that writes much. Node gives its children sockets and reads them with a new buffer for each piece, which
 * costs three times as much. Undefined where there is no `mkfifo`; the descriptor is to be closed once the child has it.
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
    return { descriptor, batches: readBatches(opened.pop() ?? -1) }
  } catch {
    return undefined
  } finally {
    opened.forEach(closeSync)
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true })
  }
}

function readBatches(fd: number): Batches {
  const buffer = Buffer.allocUnsafeSlow(pieceBytes)
  const callback = (length: number) => turns.take(buffer.subarray(0, length))
  const socket = new Socket({ fd, readable: true, writable: false, onread: { buffer, callback } })
  const turns = turnsOf(socket)
  return turns.batches
}

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
