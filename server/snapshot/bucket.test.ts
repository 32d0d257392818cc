/**
 * Snapshots in buckets, against moto, which keeps S3's rules of parts, listings and names but checks no signature. Another
 * server is taken where ARCA_S3 names it (`http://key:secret@127.0.0.1:7070`); the same tests have passed on those that
 * docs/decisions/021-snapshots-in-buckets.md lists.
 */

import assert from "node:assert/strict"
import { randomBytes } from "node:crypto"
import { mkdtemp, readFile, rm } from "node:fs/promises"
import { connect } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { pipeline } from "node:stream"
import { after, before, test } from "node:test"
import { createServer } from "node:tls"
import type { JsonObject, Outbound } from "@arca/api"
import { refuse } from "@arca/api"
import {
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3"
import { type Aws, missing, start } from "../../tests/parts/moto.ts"
import { devCertificate } from "../dev-tls.ts"
import { OUTBOUND_DEFAULTS, outbound } from "../outbound.ts"
import { testServer } from "../testing.ts"
import { type Bucket, type BucketAccess, openBucket } from "./bucket.ts"
import { drillSnapshot } from "./drill.ts"
import { inspectSnapshot } from "./inspect.ts"
import { snapshotBytes } from "./source.ts"

const given = process.env.ARCA_S3
const absent = given === undefined ? await missing() : undefined
const skip = absent ?? false
const MIB = 1024 * 1024

let aws: Aws | undefined
before(async () => {
  if (given === undefined && absent === undefined) aws = await start()
})
after(() => aws?.stop())

const place = () => {
  const { origin, username, password } = new URL(given ?? aws?.url ?? "")
  return { endpoint: origin, key: username || "AKIAARCA", secret: password || "secret" }
}

function eyes(): S3Client {
  const { endpoint, key, secret } = place()
  return new S3Client({
    endpoint,
    region: "us-east-1",
    forcePathStyle: true,
    credentials: { accessKeyId: key, secretAccessKey: secret },
  })
}

async function newBucket(): Promise<string> {
  const Bucket = `arca-${randomBytes(6).toString("hex")}`
  await eyes().send(new CreateBucketCommand({ Bucket }))
  return Bucket
}

const keysIn = async (Bucket: string): Promise<string[]> =>
  ((await eyes().send(new ListObjectsV2Command({ Bucket }))).Contents ?? []).map(({ Key = "" }) => Key)

const uploadsTo = async (Bucket: string): Promise<number> =>
  ((await eyes().send(new ListMultipartUploadsCommand({ Bucket }))).Uploads ?? []).length

const accessTo = (bucket: string): BucketAccess => ({
  bucket,
  region: "",
  endpoint: place().endpoint,
  pathStyle: true,
  accessKeyId: place().key,
  secretAccessKey: place().secret,
  sessionToken: "",
  ca: "",
  encryption: undefined,
})

const way = outbound({ rules: OUTBOUND_DEFAULTS })
/** S3 takes no smaller parts. */
const PART = 5 * MIB
const opened = (bucket: string, out: Outbound = way): Promise<Bucket> => openBucket(accessTo(bucket), out, PART)

async function* pieces(...all: readonly Uint8Array[]) {
  yield* all
}

const read = async (bucket: Bucket, key: string): Promise<Buffer> =>
  Buffer.concat(await Array.fromAsync(bucket.get(key)))

const CONFIG = "sys/storage/raft/snapshot-auto/config"
const STATUS = "sys/storage/raft/snapshot-auto/status"
const daily = (bucket: string, more: JsonObject = {}): JsonObject => ({
  interval: "24h",
  retain: 2,
  path_prefix: "arca/prod",
  storage_type: "aws-s3",
  aws_s3_bucket: bucket,
  aws_s3_endpoint: place().endpoint,
  aws_s3_force_path_style: true,
  aws_access_key_id: place().key,
  aws_secret_access_key: place().secret,
  ...more,
})

test("snapshots are made by schedule into a bucket, kept by number, and rehearsed from there", { skip }, async () => {
  const bucket = await newBucket()
  await eyes().send(new PutObjectCommand({ Bucket: bucket, Key: "arca/prod/arca-snapshot-notes.txt", Body: "mine" }))
  const vault = await testServer()
  await vault.write("sys/mounts/kv", { type: "kv" })
  await vault.write("kv/a", { value: "1" })
  assert.equal((await vault.write(`${CONFIG}/daily`, daily(bucket))).status, 204)
  const { data: shown } = await vault.read(`${CONFIG}/daily`)
  assert.equal(shown.aws_s3_bucket, bucket)
  assert.equal(JSON.stringify(shown).includes(place().secret), false)
  for (let day = 0; day < 4; day++) {
    await vault.runJobs()
    vault.clock.advance("25h")
  }
  const { data } = await vault.read(`${STATUS}/daily`)
  assert.equal(data.last_snapshot_error, "")
  const url = String(data.last_snapshot_url)
  const keys = await keysIn(bucket)
  assert.equal(keys.length, 3)
  assert.equal(keys.includes("arca/prod/arca-snapshot-notes.txt"), true)
  assert.equal(
    url,
    `s3://${bucket}/${keys
      .filter(key => key.endsWith(".snap"))
      .sort()
      .at(-1)}`,
  )
  await asOperator(async () => {
    const drilled = await drillSnapshot({ path: url, shares: [vault.unsealKey] })
    assert.ok(drilled.entries > 10)
    assert.equal((await inspectSnapshot(url, 2)).entries, drilled.entries)
    await assert.rejects(
      drillSnapshot({ path: `${url}x`, shares: [vault.unsealKey] }),
      /cannot read from the bucket .*NoSuchKey/,
    )
    await assert.rejects(drillSnapshot({ path: "s3://", shares: [] }), /it must be s3:\/\/bucket\/key/)
  })
})

/** Runs with the variables that AWS's tools read. */
async function asOperator(act: () => Promise<void>): Promise<void> {
  const { endpoint, key, secret } = place()
  const names = { AWS_ENDPOINT_URL_S3: endpoint, AWS_ACCESS_KEY_ID: key, AWS_SECRET_ACCESS_KEY: secret }
  const before = { ...process.env }
  Object.assign(process.env, names)
  try {
    await act()
  } finally {
    for (const name of Object.keys(names)) delete process.env[name]
    Object.assign(process.env, before)
  }
}

test("a snapshot in a bucket restores into an empty server, whose content it then is", { skip }, async () => {
  const bucket = await newBucket()
  const vault = await testServer()
  await vault.write("sys/mounts/kv", { type: "kv" })
  await vault.write("kv/a", { value: "kept" })
  await vault.write(`${CONFIG}/daily`, daily(bucket, { path_prefix: "" }))
  await vault.runJobs()
  await vault.write("kv/a", { value: "later" })
  const url = String((await vault.read(`${STATUS}/daily`)).data.last_snapshot_url)
  await asOperator(async () => {
    const { restoreSnapshot } = await import("./restore.ts")
    await restoreSnapshot(vault.server, snapshotBytes(url), false)
  })
  assert.equal((await vault.read("kv/a")).data.value, "kept")
})

test("what is longer than a part is put in parts and read back as it was, to the byte", { skip }, async () => {
  const bucket = await opened(await newBucket())
  for (const length of [0, 1, PART - 1, PART, PART + 1, 2 * PART, 2 * PART + 17]) {
    const content = randomBytes(length)
    assert.equal(await bucket.put("a.snap", pieces(content.subarray(0, 1000), content.subarray(1000))), length)
    assert.equal((await read(bucket, "a.snap")).equals(content), true, `${length} bytes`)
  }
})

test("a snapshot that breaks off leaves neither an object nor an upload", { skip }, async () => {
  const name = await newBucket()
  const bucket = await opened(name)
  for (const length of [10, 2 * PART]) {
    const breaking = async function* () {
      yield randomBytes(length)
      throw new Error("the store is gone")
    }
    await assert.rejects(bucket.put("a.snap", breaking()), /the store is gone/)
  }
  assert.deepEqual(await keysIn(name), [])
  assert.equal(await uploadsTo(name), 0)
})

/** A way out that `tampers` with requests that carry content. */
const through = (
  tamper: (url: string, sending: Parameters<Outbound["fetch"]>[1]) => ReturnType<Outbound["fetch"]>,
) => ({
  ...way,
  fetch: (url: string, sending: Parameters<Outbound["fetch"]>[1] = {}) =>
    sending.method === "PUT" ? tamper(url, sending) : way.fetch(url, sending),
})

const unchecked = given === undefined ? "moto checks no digest; ARCA_S3 names a store that does" : false

test("content that is altered on its way is refused by the store", { skip: unchecked }, async () => {
  const name = await newBucket()
  const bucket = await opened(
    name,
    through((url, sending = {}) => {
      const body = Buffer.from(sending.body ?? "")
      body.writeUInt8(body.readUInt8(0) ^ 1, 0)
      return way.fetch(url, { ...sending, body })
    }),
  )
  await assert.rejects(
    bucket.put("a.snap", pieces(randomBytes(1000))),
    /BadDigest|XAmzContentSHA256Mismatch|SignatureDoesNotMatch/,
  )
  assert.deepEqual(await keysIn(name), [])
})

test("an answer that is lost on its way back is no failure: the store is asked what it has", { skip }, async () => {
  let lost = 0
  const bucket = await opened(
    await newBucket(),
    through(async (url, sending) => {
      await way.fetch(url, sending)
      lost++
      throw refuse.upstream("no answer")
    }),
  )
  const content = randomBytes(1000)
  assert.equal(await bucket.put("a.snap", pieces(content)), 1000)
  assert.equal(lost, 3, "the SDK's tries")
  assert.equal((await read(bucket, "a.snap")).equals(content), true)
})

test("uploads that a dead process left are given up after a day, those of others are left alone", {
  skip,
}, async () => {
  const name = await newBucket()
  const vault = await testServer()
  await eyes().send(new CreateMultipartUploadCommand({ Bucket: name, Key: "arca/prod/arca-snapshot-1.snap" }))
  await eyes().send(new CreateMultipartUploadCommand({ Bucket: name, Key: "arca/prod/film.mp4" }))
  const bucket = await opened(name)
  await bucket.giveUp("arca/prod/arca-snapshot-", 0)
  assert.equal(await uploadsTo(name), 2)
  await bucket.giveUp("arca/prod/arca-snapshot-", Date.now() / 1000 + 3600)
  assert.equal(await uploadsTo(name), 1)
  await vault.write(`${CONFIG}/daily`, daily(name))
  await vault.runJobs()
  assert.equal(await uploadsTo(name), 1)
})

test("a bucket that is not there, and an address that is not allowed, are told by the status", { skip }, async () => {
  const vault = await testServer()
  await vault.write(`${CONFIG}/none`, daily("arca-no-such-bucket"))
  await vault.write(`${CONFIG}/metadata`, daily("abc", { aws_s3_endpoint: "http://169.254.169.254" }))
  await vault.runJobs()
  const error = async (name: string) => String((await vault.read(`${STATUS}/${name}`)).data.last_snapshot_error)
  assert.match(await error("none"), /^cannot write to the bucket "arca-no-such-bucket": NoSuchBucket/)
  assert.match(await error("metadata"), /connections to "169.254.169.254" are not allowed/)
})

test("an endpoint may have a certificate of a private authority, which the schedule names", { skip }, async t => {
  const folder = await mkdtemp(join(tmpdir(), "arca-bucket-"))
  t.after(() => rm(folder, { recursive: true }))
  const { options, caFile } = await devCertificate(folder)
  const { hostname, port } = new URL(place().endpoint)
  const front = createServer(
    { cert: await readFile(options.certFile), key: await readFile(options.keyFile) },
    socket => void pipeline(socket, connect(Number(port), hostname), socket, () => undefined),
  )
  await new Promise<void>(resolve => front.listen(0, "127.0.0.1", resolve))
  t.after(() => front.close())
  const address = front.address()
  const endpoint = `localhost:${typeof address === "object" ? address?.port : ""}`
  const bucket = await newBucket()
  const vault = await testServer()
  const error = async (name: string, more: JsonObject) => {
    await vault.write(`${CONFIG}/${name}`, daily(bucket, { aws_s3_endpoint: endpoint, ...more }))
    await vault.runJobs()
    return String((await vault.read(`${STATUS}/${name}`)).data.last_snapshot_error)
  }
  assert.match(await error("stranger", {}), /no answer from localhost:\d+ .*: UNABLE_TO_VERIFY_LEAF_SIGNATURE/)
  assert.equal(await error("known", { aws_s3_ca_cert: await readFile(caFile, "utf8") }), "")
  assert.equal((await keysIn(bucket)).length, 1)
})

test("objects are encrypted by the store as the schedule says", {
  skip: given === undefined ? skip : "it may have no keys",
}, async () => {
  const bucket = await newBucket()
  const vault = await testServer()
  const made = async (more: JsonObject) => {
    await vault.write(`${CONFIG}/daily`, daily(bucket, more))
    await vault.runJobs()
    vault.clock.advance("25h")
    const url = String((await vault.read(`${STATUS}/daily`)).data.last_snapshot_url)
    const { ServerSideEncryption, SSEKMSKeyId } = await eyes().send(
      new HeadObjectCommand({ Bucket: bucket, Key: url.slice(`s3://${bucket}/`.length) }),
    )
    return [ServerSideEncryption, SSEKMSKeyId]
  }
  assert.deepEqual(await made({ aws_s3_server_side_encryption: true }), ["AES256", undefined])
  assert.deepEqual(await made({ aws_s3_enable_kms: true, aws_s3_kms_key: "arn:aws:kms:us-east-1:1:key/a" }), [
    "aws:kms",
    "arn:aws:kms:us-east-1:1:key/a",
  ])
})

test("settings of a bucket that cannot be right are refused", async () => {
  const vault = await testServer()
  const fine = { interval: "24h", storage_type: "aws-s3", aws_s3_bucket: "backups", aws_s3_region: "eu-central-1" }
  const refused: readonly (readonly [JsonObject, RegExp])[] = [
    [{ aws_s3_bucket: "" }, /aws_s3_bucket must be given/],
    [{ aws_s3_bucket: "a/b" }, /aws_s3_bucket/],
    [{ aws_s3_region: "" }, /aws_s3_region must be given/],
    [{ aws_s3_region: "../x" }, /no name of a region/],
    [{ aws_access_key_id: "a" }, /go together/],
    [{ aws_session_token: "a" }, /needs the aws_access_key_id/],
    [{ aws_s3_server_side_encryption: true, aws_s3_enable_kms: true }, /exclude each other/],
    [{ aws_s3_kms_key: "a" }, /needs aws_s3_enable_kms/],
    [{ aws_s3_ca_cert: "a" }, /must be certificates in PEM/],
    [{ aws_s3_endpoint: "ftp://x y" }, /no address/],
    [{ aws_s3_disable_tls: true }, /needs aws_s3_endpoint/],
    [{ interval: "1s" }, /at least 1m/],
    [{ storage_type: "google-gcs" }, /must be "local" or "aws-s3"/],
  ]
  for (const [more, text] of refused)
    assert.match((await vault.write(`${CONFIG}/x`, { ...fine, ...more })).errors.join(), text)
  assert.equal((await vault.write(`${CONFIG}/x`, fine)).status, 204)
})
