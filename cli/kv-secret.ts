import type { Client } from "@arca/sdk"
import { attempt, Failure } from "./failure.ts"
import { isObject, number } from "./shape.ts"

/** The values and the number of a secret's version, the newest unless told. Throws Failure when there are none. */
export async function currentVersion(
  server: Client,
  path: string,
  purpose: "patch" | "rollback",
  version?: number,
): Promise<{ values: object; version: number; deleted: boolean; destroyed: boolean }> {
  const query = version === undefined ? undefined : { version: String(version) }
  const secret = await attempt(`Error doing pre-read at ${path}`, server.read(path, query))
  if (secret === null || secret.data === null) throw new Failure(`No value found at ${path}`, 2)
  const { data, metadata } = secret.data
  if (!isObject(metadata)) throw new Failure(`No metadata found at ${path}; ${purpose} only works on existing data`, 2)
  const state = {
    version: number(metadata.version),
    deleted: Boolean(metadata.deletion_time),
    destroyed: metadata.destroyed === true,
  }
  if (!isObject(data) && (purpose === "patch" || !(state.deleted || state.destroyed))) {
    throw new Failure(`No data found at ${path}; ${purpose} only works on existing data`, 2)
  }
  return { values: isObject(data) ? data : {}, ...state }
}
