/**
 * Snapshots by schedule, into a folder of the node that makes them: each is written beside, read back to its checksums, and
 * only then takes its name; the oldest beyond a number go. One node makes each (a job, `claims.ts`).
 */

import { createReadStream } from "node:fs"
import { mkdir, open, readdir, rename, rm, stat } from "node:fs/promises"
import { isAbsolute, join, normalize } from "node:path"
import { decodeJson, encodeJson, type JsonObject, refuse } from "@arca/api"
import type { View } from "@arca/storage"
import type { Server } from "../server.ts"
import { transact } from "../transact.ts"
import { readSnapshot } from "./read.ts"
import { takeSnapshot } from "./save.ts"

/** As Vault's `snapshot-auto`; `interval` in seconds, `local_max_space` in bytes. */
export interface Schedule {
  readonly name: string
  readonly interval: number
  readonly retain: number
  readonly path_prefix: string
  readonly file_prefix: string
  readonly storage_type: "local"
  readonly local_max_space: number
}

export interface ScheduleStatus {
  readonly started: number
  readonly ended: number
  readonly node: string
  readonly file: string
  readonly bytes: number
  /** "" after a snapshot that was made. */
  readonly error: string
  readonly failures: number
}

const KEY = "core/snapshot-schedules"
const statusKey = (name: string): string => `core/snapshot-status/${name}`

const decode = (value: Uint8Array): readonly Schedule[] =>
  (decodeJson(value) as unknown as { schedules: Schedule[] }).schedules

const NONE: readonly Schedule[] = []

export const schedules = async (view: View): Promise<readonly Schedule[]> => (await view.cached(KEY, decode)) ?? NONE

export async function writeSchedule(view: View, next: Schedule, folders: readonly string[]): Promise<void> {
  check(next, folders)
  const others = (await schedules(view)).filter(({ name }) => name !== next.name)
  view.put(KEY, encodeJson({ schedules: [...others, next] } as unknown as JsonObject))
}

export async function deleteSchedule(view: View, name: string): Promise<void> {
  const others = (await schedules(view)).filter(one => one.name !== name)
  view.put(KEY, encodeJson({ schedules: others } as unknown as JsonObject))
  view.delete(statusKey(name))
}

export async function scheduleStatus(view: View, name: string): Promise<ScheduleStatus | undefined> {
  const value = await view.get(statusKey(name))
  return value && (decodeJson(value) as unknown as ScheduleStatus)
}

const MIN_INTERVAL = 60

function check(
  { interval, retain, path_prefix, file_prefix, local_max_space }: Schedule,
  folders: readonly string[],
): void {
  if (interval < MIN_INTERVAL) throw refuse.invalid("interval must be at least 1m")
  if (retain < 1) throw refuse.invalid("retain must be at least 1")
  if (local_max_space < 1) throw refuse.invalid("local_max_space must be given: the bytes that snapshots may take")
  if (!/^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$/.test(file_prefix))
    throw refuse.invalid("file_prefix must be a plain name of letters, digits, dots, dashes and underscores")
  if (folders.length === 0)
    throw refuse.invalid(
      "this server writes no snapshots by itself: list folders in snapshot_directories of its configuration",
    )
  const folder = normalize(path_prefix)
  if (
    !isAbsolute(path_prefix) ||
    !folders.some(one => folder === normalize(one) || folder.startsWith(`${normalize(one).replace(/\/$/, "")}/`))
  )
    throw refuse.invalid(
      `path_prefix must be within ${folders.join(" or ")} (snapshot_directories of the configuration)`,
    )
}

/** Makes one snapshot, and notes how it went. Throws when it failed. */
export async function makeScheduled(server: Server, schedule: Schedule): Promise<void> {
  const started = server.now()
  const before = await transact(server, view => scheduleStatus(view, schedule.name))
  const note = (rest: { file: string; bytes: number; error: string; failures: number }) =>
    transact(server, async view => {
      const status: ScheduleStatus = { started, ended: server.now(), node: server.members.id, ...rest }
      view.put(statusKey(schedule.name), encodeJson(status as unknown as JsonObject))
    })
  try {
    const { file, bytes } = await write(server, schedule)
    await note({ file, bytes, error: "", failures: 0 })
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error)
    await note({ file: before?.file ?? "", bytes: 0, error: text, failures: (before?.failures ?? 0) + 1 })
    throw error
  }
}

async function write(server: Server, schedule: Schedule): Promise<{ file: string; bytes: number }> {
  const { path_prefix: folder, file_prefix, retain, local_max_space } = schedule
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const file = join(folder, `${file_prefix}-${String(Math.floor(server.now() * 1000))}.snap`)
  const draft = `${file}.part`
  try {
    const bytes = await written(draft, takeSnapshot(server), local_max_space)
    await readSnapshot(createReadStream(draft), () => undefined)
    await rename(draft, file)
    await prune(folder, file_prefix, retain, local_max_space)
    return { file, bytes }
  } catch (error) {
    await rm(draft, { force: true })
    throw error
  }
}

/** Writes and syncs; refuses to take more than `most` bytes. */
async function written(path: string, source: AsyncIterable<Uint8Array>, most: number): Promise<number> {
  await using file = await open(path, "wx", 0o600)
  let bytes = 0
  for await (const part of source) {
    bytes += part.length
    if (bytes > most) throw new Error(`the snapshot is larger than local_max_space (${most} bytes)`)
    await file.write(part)
  }
  await file.sync()
  return bytes
}

/** Keeps the newest `retain` that fit into `most` bytes; the newest stays in any case. */
async function prune(folder: string, prefix: string, retain: number, most: number): Promise<void> {
  const pattern = new RegExp(`^${prefix.replaceAll(".", "\\.")}-\\d{10,16}\\.snap$`)
  const names = (await readdir(folder))
    .filter(name => pattern.test(name))
    .sort()
    .reverse()
  let bytes = 0
  for (const [nth, name] of names.entries()) {
    bytes += (await stat(join(folder, name))).size
    if (nth > 0 && (nth >= retain || bytes > most)) await rm(join(folder, name), { force: true })
  }
}
