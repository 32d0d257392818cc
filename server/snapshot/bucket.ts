/**
 * A bucket of S3, or of a store that speaks its protocol. An object is there whole or not at all: what fits into one part is put
 * at once, anything longer in parts that become an object at the end. Each part carries its MD5, which the store checks (every
 * one does; of the newer checksums that is not so), and at the end the store is asked how much it has. That takes no more rights
 * than writing: `s3:PutObject`, `s3:ListBucket`, and `s3:DeleteObject` for what is too old.
 */

import { createHash } from "node:crypto"
import { Readable } from "node:stream"
import { type AwsRequest, awsRequestHandler, type Outbound, Refusal, refuse } from "@arca/api"
import type { S3ClientConfig, ServerSideEncryption } from "@aws-sdk/client-s3"

/** How a bucket is reached; "" is "not said": then the SDK looks at the environment and the profile of this server's account. */
export interface BucketAccess {
  readonly bucket: string
  readonly region: string
  readonly endpoint: string
  /** `endpoint/bucket` in place of `bucket.endpoint`. */
  readonly pathStyle: boolean
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken: string
  /** PEM; the system's authorities when "". */
  readonly ca: string
  /** What encrypts objects on their disks, beside what they are encrypted with anyway. */
  readonly encryption: { readonly algorithm: ServerSideEncryption; readonly key: string } | undefined
}

export interface Bucket {
  /** Puts an object, and returns its length when the store has all of it. When this throws there is no such object, or a whole one. */
  put(key: string, content: AsyncIterable<Uint8Array>): Promise<number>
  list(prefix: string): AsyncIterable<{ readonly key: string; readonly bytes: number }>
  get(key: string): AsyncIterable<Uint8Array>
  remove(key: string): Promise<void>
  /** Gives up uploads that a process began before `time` (seconds since 1970), and never ended. */
  giveUp(prefix: string, time: number): Promise<void>
}

/** All parts but the last have one size, as some stores demand; S3 takes 10,000 of them. */
export const PART_BYTES = 16 * 1024 * 1024
const MOST_PARTS = 10_000
/** For a part, either way. */
const PART_SECONDS = 300
/** What stores that have no regions are called with. */
const ANY_REGION = "us-east-1"

export async function openBucket(access: BucketAccess, outbound: Outbound, partBytes = PART_BYTES): Promise<Bucket> {
  const sdk = await library()
  const client = new sdk.S3Client(settings(access, outbound, partBytes))
  const { bucket: Bucket } = access
  const told = wordedFor(access)
  const encryption = encryptionOf(access)

  const sizeOf = async (key: string): Promise<number | undefined> => {
    for await (const one of list(key)) if (one.key === key) return one.bytes
    return undefined
  }

  async function* list(prefix: string) {
    for (let token: string | undefined, more = true; more; ) {
      const page = await told(
        "list",
        client.send(
          new sdk.ListObjectsV2Command({
            Bucket,
            Prefix: prefix,
            ...(token === undefined ? {} : { ContinuationToken: token }),
          }),
        ),
      )
      for (const { Key: key, Size: bytes = 0 } of page.Contents ?? []) if (key !== undefined) yield { key, bytes }
      token = page.NextContinuationToken
      more = page.IsTruncated === true && token !== undefined
    }
  }

  const remove = async (key: string): Promise<void> => {
    await told("delete from", client.send(new sdk.DeleteObjectCommand({ Bucket, Key: key })))
  }

  const putWhole = async (Key: string, Body: Uint8Array): Promise<void> => {
    await client.send(new sdk.PutObjectCommand({ Bucket, Key, Body, ContentMD5: md5(Body), ...encryption }))
  }

  /** Uploads `parts`, of which there are two at least; they become the object when all have been taken. */
  const putParts = async (Key: string, parts: AsyncIterable<Uint8Array>): Promise<void> => {
    const { UploadId } = await client.send(new sdk.CreateMultipartUploadCommand({ Bucket, Key, ...encryption }))
    if (UploadId === undefined) throw new Error("the store gave the upload no name")
    const upload = { Bucket, Key, UploadId }
    try {
      const taken: { PartNumber: number; ETag: string }[] = []
      for await (const Body of parts) {
        const PartNumber = taken.length + 1
        if (PartNumber > MOST_PARTS) throw new Error(`it is longer than ${MOST_PARTS * partBytes} bytes`)
        const sent = { ...upload, PartNumber, Body, ContentMD5: md5(Body) }
        const { ETag = "" } = await client.send(new sdk.UploadPartCommand(sent))
        taken.push({ PartNumber, ETag })
      }
      await client.send(new sdk.CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts: taken } }))
    } catch (error) {
      await client.send(new sdk.AbortMultipartUploadCommand(upload)).catch(() => undefined)
      throw error
    }
  }

  return {
    put: async (key, content) => {
      let bytes = 0
      const parts = inParts(content, partBytes, length => {
        bytes += length
      })
      const first = await parts.next()
      const second = await parts.next()
      const head = first.done ? new Uint8Array() : first.value
      const sending = second.done ? putWhole(key, head) : putParts(key, following([head, second.value], parts))
      // An answer that got lost says nothing: what the store has does.
      const failure = await told("write to", sending).then(
        () => undefined,
        (error: unknown) => error,
      )
      const has = await sizeOf(key).catch((error: unknown) => {
        throw failure ?? error
      })
      if (has === bytes) return bytes
      if (has !== undefined) await remove(key)
      throw (
        failure ?? new Error(`the bucket ${JSON.stringify(Bucket)} has ${has ?? 0} bytes of ${bytes} that were sent`)
      )
    },
    list,
    remove,
    get: async function* (Key) {
      let IfMatch: string | undefined
      for (let from = 0, size = 1; from < size; ) {
        const Range = `bytes=${from}-${from + partBytes - 1}`
        // Another object of that name in the middle of it would be no object.
        const one = IfMatch === undefined ? { Bucket, Key, Range } : { Bucket, Key, Range, IfMatch }
        const got = await told("read from", client.send(new sdk.GetObjectCommand(one)).catch(nothingThere))
        const content = (await got.Body?.transformToByteArray()) ?? new Uint8Array()
        if (content.length === 0) return
        yield content
        from += content.length
        size = Number(/\/(\d+)$/.exec(got.ContentRange ?? "")?.[1] ?? from)
        IfMatch = got.ETag
      }
    },
    giveUp: async (prefix, time) => {
      const { Uploads = [] } = await told(
        "list uploads to",
        client.send(new sdk.ListMultipartUploadsCommand({ Bucket, Prefix: prefix })),
      )
      for (const { Key, UploadId, Initiated } of Uploads) {
        if (Key === undefined || UploadId === undefined || Initiated === undefined) continue
        if (Initiated.getTime() / 1000 >= time) continue
        await client.send(new sdk.AbortMultipartUploadCommand({ Bucket, Key, UploadId })).catch(() => undefined)
      }
    },
  }
}

/** An empty object has no range. */
function nothingThere(error: unknown): { Body?: undefined; ContentRange?: undefined; ETag?: undefined } {
  if (error instanceof Error && error.name === "InvalidRange") return {}
  throw error
}

async function library(): Promise<typeof import("@aws-sdk/client-s3")> {
  return import("@aws-sdk/client-s3").catch((error: unknown) => {
    if (!(error instanceof Error && "code" in error && error.code === "ERR_MODULE_NOT_FOUND")) throw error
    throw refuse.failed(
      "buckets need the npm package @aws-sdk/client-s3, which is not installed: npm install @aws-sdk/client-s3",
    )
  })
}

function settings(access: BucketAccess, outbound: Outbound, partBytes: number): S3ClientConfig {
  const { region, endpoint, pathStyle: forcePathStyle, accessKeyId, secretAccessKey, sessionToken } = access
  const credentials =
    sessionToken === "" ? { accessKeyId, secretAccessKey } : { accessKeyId, secretAccessKey, sessionToken }
  const places = region || (endpoint === "" ? "" : ANY_REGION)
  return {
    requestHandler: handler(access, outbound, partBytes),
    forcePathStyle,
    // Other stores answer newer checksums with an error, or not at all; see above.
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
    ...(places === "" ? {} : { region: places }),
    ...(endpoint === "" ? {} : { endpoint }),
    ...(accessKeyId === "" ? {} : { credentials }),
  }
}

/** As the SDK knows failures that are worth another try. */
class NoAnswer extends Error {
  override readonly name = "TimeoutError"
}

function handler({ ca }: BucketAccess, outbound: Outbound, partBytes: number) {
  const inner = awsRequestHandler(outbound, {
    tls: { ca },
    timeoutSeconds: PART_SECONDS,
    maxBytes: partBytes + 1024 * 1024,
  })
  return {
    handle: async (request: AwsRequest) => {
      const { response } = await inner.handle(request).catch((error: unknown) => {
        if (error instanceof Refusal && error.status === 502) throw new NoAnswer(error.message, { cause: error })
        throw error
      })
      return { response: { ...response, body: Readable.from([response.body]) } }
    },
  }
}

const encryptionOf = ({ encryption }: BucketAccess) =>
  encryption === undefined
    ? {}
    : {
        ServerSideEncryption: encryption.algorithm,
        ...(encryption.key === "" ? {} : { SSEKMSKeyId: encryption.key }),
      }

const md5 = (content: Uint8Array): string => createHash("md5").update(content).digest("base64")

/** Words the failures of a bucket: what was done, AWS's name for the failure, and the first line of its words. */
const wordedFor =
  ({ bucket }: BucketAccess) =>
  async <T>(doing: string, call: Promise<T>): Promise<T> => {
    try {
      return await call
    } catch (error) {
      if (error instanceof Refusal || !(error instanceof Error)) throw error
      const [first = ""] = error.message.split("\n")
      const why = "$metadata" in error && !(error instanceof NoAnswer) ? `${error.name}: ${first}` : first
      throw new Error(`cannot ${doing} the bucket ${JSON.stringify(bucket)}: ${why.slice(0, 400)}`)
    }
  }

/** Parts of exactly `size` bytes, but for the last. */
async function* inParts(
  content: AsyncIterable<Uint8Array>,
  size: number,
  count: (bytes: number) => void,
): AsyncGenerator<Uint8Array> {
  let held: Uint8Array[] = []
  let length = 0
  for await (const piece of content) {
    held.push(piece)
    length += piece.length
    count(piece.length)
    while (length >= size) {
      const all = Buffer.concat(held, length)
      yield all.subarray(0, size)
      held = [all.subarray(size)]
      length -= size
    }
  }
  if (length > 0) yield Buffer.concat(held, length)
}

async function* following(first: readonly Uint8Array[], rest: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* first
  yield* rest
}
