/** Snapshots in a bucket, under Vault's names for its settings. */

import { once } from "node:events"
import { PassThrough } from "node:stream"
import { type Outbound, refuse } from "@arca/api"
import { type BucketAccess, openBucket } from "./bucket.ts"
import type { Place, Timing } from "./place.ts"
import { readSnapshot } from "./read.ts"

export interface BucketSchedule extends Timing {
  readonly storage_type: "aws-s3"
  readonly aws_s3_bucket: string
  readonly aws_s3_region: string
  readonly aws_s3_endpoint: string
  readonly aws_s3_disable_tls: boolean
  readonly aws_s3_force_path_style: boolean
  readonly aws_s3_server_side_encryption: boolean
  readonly aws_s3_enable_kms: boolean
  readonly aws_s3_kms_key: string
  /** PEM. */
  readonly aws_s3_ca_cert: string
  readonly aws_access_key_id: string
  readonly aws_secret_access_key: string
  readonly aws_session_token: string
}

/** Refuses (400) what cannot be right. Whether the bucket is there, the first snapshot shows. */
export function checkBucket(given: BucketSchedule): void {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{1,254}$/.test(given.aws_s3_bucket))
    throw refuse.invalid("aws_s3_bucket must be given: the name of the bucket")
  if (given.aws_s3_region === "" && given.aws_s3_endpoint === "")
    throw refuse.invalid("aws_s3_region must be given: the region the bucket is in")
  if (!/^[A-Za-z0-9-]{0,40}$/.test(given.aws_s3_region))
    throw refuse.invalid(`aws_s3_region ${JSON.stringify(given.aws_s3_region)} is no name of a region`)
  if ((given.aws_access_key_id === "") !== (given.aws_secret_access_key === ""))
    throw refuse.invalid(
      "aws_access_key_id and aws_secret_access_key go together: give both, or neither to use the server's own account",
    )
  if (given.aws_session_token !== "" && given.aws_access_key_id === "")
    throw refuse.invalid("aws_session_token needs the aws_access_key_id that it is for")
  if (given.aws_s3_server_side_encryption && given.aws_s3_enable_kms)
    throw refuse.invalid("aws_s3_server_side_encryption and aws_s3_enable_kms exclude each other")
  if (given.aws_s3_kms_key !== "" && !given.aws_s3_enable_kms)
    throw refuse.invalid("aws_s3_kms_key needs aws_s3_enable_kms")
  if (given.aws_s3_ca_cert !== "" && !/-----BEGIN CERTIFICATE-----/.test(given.aws_s3_ca_cert))
    throw refuse.invalid("aws_s3_ca_cert must be certificates in PEM")
  endpointOf(given)
}

function endpointOf({ aws_s3_endpoint: text, aws_s3_disable_tls }: BucketSchedule): string {
  if (text === "" && !aws_s3_disable_tls) return ""
  if (text === "") throw refuse.invalid("aws_s3_disable_tls needs aws_s3_endpoint")
  const url = URL.parse(text.includes("://") ? text : `${aws_s3_disable_tls ? "http" : "https"}://${text}`)
  if (
    url === null ||
    !/^https?:$/.test(url.protocol) ||
    url.hostname === "" ||
    url.username !== "" ||
    url.search !== ""
  )
    throw refuse.invalid(`aws_s3_endpoint ${JSON.stringify(text)} is no address`)
  return url.href.replace(/\/+$/, "")
}

function encryptionOf(schedule: BucketSchedule): BucketAccess["encryption"] {
  if (schedule.aws_s3_enable_kms) return { algorithm: "aws:kms", key: schedule.aws_s3_kms_key }
  return schedule.aws_s3_server_side_encryption ? { algorithm: "AES256", key: "" } : undefined
}

const accessOf = (schedule: BucketSchedule): BucketAccess => ({
  bucket: schedule.aws_s3_bucket,
  region: schedule.aws_s3_region,
  endpoint: endpointOf(schedule),
  pathStyle: schedule.aws_s3_force_path_style,
  accessKeyId: schedule.aws_access_key_id,
  secretAccessKey: schedule.aws_secret_access_key,
  sessionToken: schedule.aws_session_token,
  ca: schedule.aws_s3_ca_cert,
  encryption: encryptionOf(schedule),
})

/** An upload that began so long ago is nobody's any more, in seconds. */
const ABANDONED_SECONDS = 24 * 3600

/** `now` is seconds since 1970. */
export async function bucketPlace(schedule: BucketSchedule, outbound: Outbound, now: number): Promise<Place> {
  const bucket = await openBucket(accessOf(schedule), outbound)
  const folder = folderOf(schedule.path_prefix)
  return {
    most: Number.POSITIVE_INFINITY,
    keep: async (name, snapshot) => {
      const bytes = await bucket.put(folder + name, whole(snapshot))
      // Leftovers cost money, not correctness, and seeing them takes a right that Vault does not ask for.
      await bucket.giveUp(`${folder}${schedule.file_prefix}-`, now - ABANDONED_SECONDS).catch(() => undefined)
      return { file: `s3://${schedule.aws_s3_bucket}/${folder}${name}`, bytes }
    },
    list: async function* (prefix) {
      for await (const { key, bytes } of bucket.list(folder + prefix)) yield { name: key.slice(folder.length), bytes }
    },
    remove: name => bucket.remove(folder + name),
  }
}

/** A prefix of keys: without a slash at its beginning, with one at its end. */
function folderOf(prefix: string): string {
  const bare = prefix.replace(/^\/+|\/+$/g, "")
  return bare === "" ? "" : `${bare}/`
}

/** A snapshot as it comes, read along to its checksums: fails at its end when it is not whole, so that it is not put. */
async function* whole(snapshot: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const copy = new PassThrough()
  const reading = readSnapshot(copy, () => undefined)
  reading.catch(() => undefined)
  for await (const part of snapshot) {
    if (!copy.write(part)) await Promise.race([once(copy, "drain"), reading])
    yield part
  }
  copy.end()
  await reading
}
