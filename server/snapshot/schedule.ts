/** Snapshots by schedule: one node makes each (a job, `claims.ts`), and the oldest beyond a number go. */

import { decodeJson, encodeJson, type JsonObject, refuse } from "@arca/api"
import type { View } from "@arca/storage"
import type { Server } from "../server.ts"
import { transact } from "../transact.ts"
import { type BucketSchedule, bucketPlace, checkBucket } from "./bucket-place.ts"
import { checkFolder, type FolderSchedule, folderPlace } from "./folder.ts"
import type { Place, Timing } from "./place.ts"
import { takeSnapshot } from "./save.ts"

/** As Vault's `snapshot-auto`. */
export type Schedule = FolderSchedule | BucketSchedule

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

function check(next: Schedule, folders: readonly string[]): void {
  checkTiming(next)
  if (next.storage_type === "local") checkFolder(next, folders)
  else checkBucket(next)
}

function checkTiming({ interval, retain, file_prefix }: Timing): void {
  if (interval < MIN_INTERVAL) throw refuse.invalid("interval must be at least 1m")
  if (retain < 1) throw refuse.invalid("retain must be at least 1")
  if (!/^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$/.test(file_prefix))
    throw refuse.invalid("file_prefix must be a plain name of letters, digits, dots, dashes and underscores")
}

async function placeOf(server: Server, schedule: Schedule): Promise<Place> {
  if (schedule.storage_type === "local") return folderPlace(schedule)
  return bucketPlace(schedule, server.outbound, server.now())
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
  let made = { file: before?.file ?? "", bytes: 0 }
  try {
    const place = await placeOf(server, schedule)
    const name = `${schedule.file_prefix}-${String(Math.floor(server.now() * 1000))}.snap`
    made = await place.keep(name, takeSnapshot(server))
    await prune(place, schedule)
    await note({ ...made, error: "", failures: 0 })
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error)
    await note({ ...made, error: text, failures: (before?.failures ?? 0) + 1 })
    throw error
  }
}

/** Keeps the newest `retain` that fit into the place; the newest stays in any case. */
async function prune(place: Place, { file_prefix, retain }: Timing): Promise<void> {
  const found = (await Array.fromAsync(place.list(`${file_prefix}-`)))
    .filter(({ name }) => /^\d{10,16}\.snap$/.test(name.slice(file_prefix.length + 1)))
    .sort((one, other) => (one.name < other.name ? 1 : -1))
  let taken = 0
  for (const [nth, { name, bytes }] of found.entries()) {
    taken += bytes
    if (nth > 0 && (nth >= retain || taken > place.most)) await place.remove(name)
  }
}
