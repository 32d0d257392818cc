import type { S3Client } from "@aws-sdk/client-s3"
import { archiveKind } from "../sources/archive-name.ts"
import { chunksOfStream } from "../sources/chunks.ts"
import { type FileOptions, fileInMemory, scanFile } from "../sources/file.ts"
import { isApplicationFile } from "../sources/sniff.ts"
import { type Emit, messageOf, type Source, type SourceReport } from "../sources/source.ts"

export type BucketOptions = FileOptions & {
  bucket: string
  /** Only keys that begin so. */
  prefix: string
  /** Only keys after this one, in the order of their bytes. */
  startAfter: string
  /** Of a store that speaks S3's protocol; "": Amazon's. */
  endpoint: string
  /** "": as the SDK finds it (AWS_REGION, the profile). */
  region: string
  /** Versions that were overwritten or deleted, too. */
  versions: boolean
  /** Without credentials, for public buckets. */
  anonymous: boolean
  /** Larger objects are left out; 0: none are. */
  maxFileBytes: number
}

type Entry = { key: string; version?: string; size: number; date: string }

/** Small objects are fetched ahead, so that waiting for one is no waiting for all. */
const ahead = 8
const smallBytes = 1024 * 1024
const maxArchiveBytes = 512 * 1024 * 1024

/** The objects of a bucket in the order of their keys, streamed. One that cannot be read makes the scan partial. */
export function bucketSource(options: BucketOptions): Source {
  return async function* (emit, report) {
    const bucket = await openBucket(options)
    try {
      for await (const { entry, body } of bodiesAhead(bucket, options, report)) {
        report.checkTime()
        try {
          yield* scanObject(entry, await body(), options, emit, report)
        } catch (error) {
          if (report.isEnd(error)) throw error
          report.incomplete(`Cannot read ${pathOf(entry, options)}: ${reasonOf(error)}`)
        }
      }
    } catch (error) {
      if (report.isEnd(error)) throw error
      report.incomplete(`Cannot list the bucket ${options.bucket}: ${reasonOf(error)}`)
    } finally {
      bucket.close()
    }
  }
}

type Body = Uint8Array | AsyncIterable<Uint8Array>
type Waiting = { entry: Entry; body: () => Promise<Body> }

/** Requests for small objects start before their turn; the others are streamed when it is theirs. */
async function* bodiesAhead(bucket: Bucket, options: BucketOptions, report: SourceReport): AsyncGenerator<Waiting> {
  const queue: Waiting[] = []
  for await (const entry of bucket.entries()) {
    if (isLeftOut(entry, options, report)) continue
    queue.push({ entry, body: entry.size <= smallBytes ? started(bucket, entry) : () => bucket.stream(entry) })
    const first = queue.length > ahead ? queue.shift() : undefined
    if (first !== undefined) yield first
  }
  yield* queue
}

function started(bucket: Bucket, entry: Entry): () => Promise<Body> {
  const reading = bucket.stream(entry).then(body => whole(body))
  // Its failure is told when it is its turn.
  reading.catch(() => {})
  return () => reading
}

function isLeftOut(entry: Entry, options: BucketOptions, report: SourceReport): boolean {
  const path = pathOf(entry, options)
  if (entry.size === 0 || options.skips(path)) return true
  const { maxFileBytes } = options
  if (maxFileBytes === 0 || entry.size <= maxFileBytes) return false
  report.warn(`Skipped ${path}: ${Math.floor(entry.size / 1e6)} MB, more than ${Math.floor(maxFileBytes / 1e6)} MB`)
  return true
}

const pathOf = ({ key, version }: Entry, { bucket }: BucketOptions) =>
  `s3://${bucket}/${key}${version === undefined ? "" : `?versionId=${version}`}`

async function* scanObject(
  entry: Entry,
  body: Body,
  options: BucketOptions,
  emit: Emit,
  report: SourceReport,
): AsyncGenerator<void> {
  const path = pathOf(entry, options)
  const { date } = entry
  const emitDated: Emit = fragment => emit({ ...fragment, complete: finding => ({ ...finding, date }) })
  if (body instanceof Uint8Array || mayBeArchive(entry, options)) {
    const name = entry.key
    const bytes = body instanceof Uint8Array ? body : await whole(body)
    // The version is no part of the name, by whose end an archive is known.
    const renamed: Emit = fragment => emitDated({ ...fragment, path: path + fragment.path.slice(name.length) })
    scanFile(fileInMemory(name, bytes), options, renamed, report)
    yield
    return
  }
  let isFirst = true
  for await (const { bytes, startLine } of chunksOfStream(body)) {
    report.checkTime()
    if (isFirst && isApplicationFile(bytes)) return
    isFirst = false
    emitDated({ bytes, path, startLine })
    yield
  }
}

const mayBeArchive = ({ key, size }: Entry, { maxArchiveDepth }: BucketOptions) =>
  maxArchiveDepth > 0 && size <= maxArchiveBytes && archiveKind(key) !== undefined

async function whole(body: Body): Promise<Uint8Array> {
  if (body instanceof Uint8Array) return body
  const pieces: Uint8Array[] = []
  let total = 0
  for await (const piece of body) {
    total += piece.length
    if (total > maxArchiveBytes) throw new Error(`it is larger than ${maxArchiveBytes} bytes`)
    pieces.push(piece)
  }
  return Buffer.concat(pieces)
}

type Bucket = {
  entries(): AsyncGenerator<Entry>
  stream(entry: Entry): Promise<AsyncIterable<Uint8Array>>
  close(): void
}

const sdkName = "@aws-sdk/client-s3"

async function openBucket(options: BucketOptions): Promise<Bucket> {
  const sdk = await import("@aws-sdk/client-s3").catch((error: unknown) => {
    if (!(error instanceof Error && "code" in error && error.code === "ERR_MODULE_NOT_FOUND")) throw error
    throw new Error(`scanning buckets needs the npm package ${sdkName}, which is not installed: npm install ${sdkName}`)
  })
  const { bucket, endpoint, region, anonymous } = options
  const client = new sdk.S3Client({
    // Stores that speak the protocol ignore the region, and the SDK insists on one.
    ...(region !== "" ? { region } : endpoint === "" ? {} : { region: "us-east-1" }),
    ...(endpoint === "" ? {} : { endpoint, forcePathStyle: true }),
    ...(anonymous
      ? { signer: { sign: async request => request }, credentials: { accessKeyId: "", secretAccessKey: "" } }
      : {}),
    // Not every store knows the newer checksums.
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
  })
  return {
    entries: () => (options.versions ? versions(client, sdk, options) : objects(client, sdk, options)),
    async stream({ key, version }) {
      const asked = { Bucket: bucket, Key: key, ...(version === undefined ? {} : { VersionId: version }) }
      const { Body: body } = await client.send(new sdk.GetObjectCommand(asked))
      if (!isStream(body)) throw new Error("it was answered without a body")
      return body
    },
    close: () => client.destroy(),
  }
}

const isStream = (value: unknown): value is AsyncIterable<Uint8Array> =>
  typeof value === "object" && value !== null && Symbol.asyncIterator in value

type Sdk = typeof import("@aws-sdk/client-s3")

async function* objects(
  client: S3Client,
  sdk: Sdk,
  { bucket, prefix, startAfter }: BucketOptions,
): AsyncGenerator<Entry> {
  const asked = {
    Bucket: bucket,
    ...(prefix === "" ? {} : { Prefix: prefix }),
    ...(startAfter === "" ? {} : { StartAfter: startAfter }),
  }
  for await (const { Contents = [] } of sdk.paginateListObjectsV2({ client }, asked))
    for (const { Key: key = "", Size: size = 0, LastModified: date } of Contents)
      yield { key, size, date: rfc3339(date) }
}

/** All versions; those that only say "deleted" hold nothing. */
async function* versions(
  client: S3Client,
  sdk: Sdk,
  { bucket, prefix, startAfter }: BucketOptions,
): AsyncGenerator<Entry> {
  let marker: { KeyMarker?: string; VersionIdMarker?: string } = startAfter === "" ? {} : { KeyMarker: startAfter }
  for (;;) {
    const asked = { Bucket: bucket, ...(prefix === "" ? {} : { Prefix: prefix }), ...marker }
    const page = await client.send(new sdk.ListObjectVersionsCommand(asked))
    for (const { Key: key = "", VersionId: version = "", Size: size = 0, LastModified: date } of page.Versions ?? [])
      yield { key, version, size, date: rfc3339(date) }
    const { IsTruncated: more, NextKeyMarker: key, NextVersionIdMarker: version } = page
    if (more !== true || key === undefined) return
    marker = { KeyMarker: key, ...(version === undefined ? {} : { VersionIdMarker: version }) }
  }
}

/** In seconds, as other dates of a report. */
const rfc3339 = (date: Date | undefined) => date?.toISOString().replace(/\.\d+Z$/, "Z") ?? ""

/** The SDK's errors tell their kind in their name, and often nothing else. */
const reasonOf = (error: unknown) =>
  error instanceof Error && error.name !== "Error" && !error.message.includes(error.name)
    ? `${error.name}: ${error.message}`
    : messageOf(error)
