/** Which versions have served this store, and since when: written when one unseals it for the first time. */

import { decodeJson, encodeJson } from "@arca/api"
import { Conflict, type View } from "@arca/storage"
import type { Server } from "./server.ts"

export interface ServedVersion {
  readonly version: string
  readonly arca_version: string
  readonly build_date: string
  /** Seconds since 1970. */
  readonly since: number
}

const FOLDER = "core/versions/"

/** Oldest first. */
export async function servedVersions(view: View): Promise<ServedVersion[]> {
  const names = await view.list(FOLDER)
  const values = await Promise.all(names.map(name => view.get(FOLDER + name)))
  const all = values.flatMap(value => (value === undefined ? [] : [decodeJson(value) as unknown as ServedVersion]))
  return all.sort((a, b) => a.since - b.since)
}

/** Notes that this version serves the store. */
export async function noteVersion(server: Server): Promise<void> {
  const { apiVersion, arcaVersion, buildDate } = server.facts
  using view = server.storage.view()
  const key = `${FOLDER}${apiVersion}+${arcaVersion}`
  if ((await view.get(key)) !== undefined) return
  view.put(
    key,
    encodeJson({ version: apiVersion, arca_version: arcaVersion, build_date: buildDate, since: server.now() }),
  )
  try {
    await server.storage.commit(view)
  } catch (error) {
    // Another process of the same version was first.
    if (!(error instanceof Conflict)) throw error
  }
}
