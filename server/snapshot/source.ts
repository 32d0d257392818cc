/** Where a snapshot is read from: a file, or `s3://bucket/key` by the names that AWS's tools take from the environment. */

import { createReadStream } from "node:fs"
import { readFile } from "node:fs/promises"
import { OUTBOUND_DEFAULTS, outbound } from "../outbound.ts"
import { openBucket } from "./bucket.ts"

type Env = Readonly<Record<string, string | undefined>>

/**
 * The bytes of a snapshot. For a bucket the account, the region and the endpoint come from the environment or the profile:
 * `AWS_ACCESS_KEY_ID`, `AWS_REGION`, `AWS_ENDPOINT_URL_S3`, `AWS_CA_BUNDLE` … At another endpoint than Amazon's the bucket is
 * asked for by path.
 */
export async function* snapshotBytes(place: string, env: Env = process.env): AsyncGenerator<Uint8Array> {
  const [, bucket, key] = /^s3:\/\/([^/]+)\/(.+)$/s.exec(place) ?? []
  if (bucket === undefined || key === undefined) return yield* fromFile(place)
  const endpoint = env.AWS_ENDPOINT_URL_S3 ?? env.AWS_ENDPOINT_URL ?? ""
  const authorities = env.AWS_CA_BUNDLE ?? ""
  const opened = await openBucket(
    {
      bucket,
      region: env.AWS_REGION ?? env.AWS_DEFAULT_REGION ?? "",
      endpoint,
      pathStyle: endpoint !== "",
      accessKeyId: "",
      secretAccessKey: "",
      sessionToken: "",
      ca: authorities === "" ? "" : await readFile(authorities, "utf8"),
      encryption: undefined,
    },
    outbound({ rules: OUTBOUND_DEFAULTS }),
  )
  yield* opened.get(key)
}

async function* fromFile(path: string): AsyncGenerator<Uint8Array> {
  if (path.startsWith("s3://")) throw new Error(`${path} names no snapshot: it must be s3://bucket/key`)
  yield* createReadStream(path)
}
