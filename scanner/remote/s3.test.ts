/** Buckets, against moto (PyPI `moto[server]`), filled by Amazon's SDK; skipped with a reason where python cannot install it. */

import assert from "node:assert/strict"
import { after, before, type TestContext, test } from "node:test"
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3"
import { type Aws, missing, start } from "../../tests/parts/moto.ts"
import { zip } from "../corpus/archives.ts"
import { scanAll } from "../index.ts"
import type { BucketTarget, ScanOptions } from "../scan.ts"
import { fakes, folder, gitEnv, gitleaksRules, runScan } from "../testing.ts"

const leak = `token = ${fakes.github}\n`
let reason: string | undefined
let aws: Aws | undefined
let client: S3Client | undefined

before(async () => {
  reason = await missing()
  if (reason !== undefined) return
  aws = await start()
  process.env.AWS_ACCESS_KEY_ID = "AKIDEXAMPLE"
  process.env.AWS_SECRET_ACCESS_KEY = "none"
  client = new S3Client({ endpoint: aws.url, forcePathStyle: true, region: "us-east-1" })
})

after(async () => {
  client?.destroy()
  await aws?.stop()
})

/** Runs a story with a bucket of these objects. */
const story = (
  name: string,
  objects: Record<string, string | Uint8Array>,
  tell: (t: TestContext, bucket: Bucket) => Promise<void>,
) =>
  test(name, async t => {
    if (client === undefined || aws === undefined) return t.skip(reason)
    const bucket = `bucket-${Math.random().toString(36).slice(2)}`
    await client.send(new CreateBucketCommand({ Bucket: bucket }))
    for (const [key, body] of Object.entries(objects))
      await client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: body }))
    await tell(t, { client, bucket, url: aws.url })
  })

type Bucket = { client: S3Client; bucket: string; url: string }

const search = ({ bucket, url }: Bucket, target: Partial<BucketTarget> = {}, options: ScanOptions = {}) =>
  scanAll({ kind: "s3", bucket, endpoint: url, ...target }, { configPath: gitleaksRules, env: gitEnv, ...options })

const files = (found: { findings: { file: string; startLine: number }[] }, { bucket }: Bucket) =>
  found.findings.map(({ file, startLine }) => `${file.replace(`s3://${bucket}/`, "")}:${startLine}`)

const many = Object.fromEntries(
  Array.from({ length: 30 }, (_, i) => [`small/${i + 10}.txt`, i === 17 ? leak : "nothing\n"]),
)
const long = Buffer.concat([Buffer.alloc(3_000_000, "lorem ipsum\n"), Buffer.from(`${leak}${"x".repeat(200_000)}\n`)])

story(
  "the objects of a bucket are searched, small and large, in the order of their keys",
  {
    ...many,
    "a/long.txt": long,
    "empty.txt": new Uint8Array(),
    program: Buffer.from(`\x7fELF${"\0".repeat(100)}${leak}`, "latin1"),
  },
  async (_t, bucket) => {
    const found = await search(bucket)
    assert.deepEqual(found.summary.partial, [])
    assert.deepEqual(files(found, bucket), ["a/long.txt:250001", "small/27.txt:1"])
    assert.match(found.findings[0]?.date ?? "", /^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
    assert.deepEqual(files(await search(bucket, { prefix: "small/" }), bucket), ["small/27.txt:1"])
    assert.deepEqual(files(await search(bucket, { startAfter: "small/27.txt" }), bucket), [])
    const warnings: string[] = []
    const small = await search(bucket, {}, { maxTargetMegabytes: 1, onWarning: text => void warnings.push(text) })
    assert.deepEqual(files(small, bucket), ["small/27.txt:1"])
    assert.match(warnings.join(), /Skipped s3:\/\/.*\/a\/long\.txt: 3 MB, more than 1 MB/)
  },
)

story(
  "archives in a bucket are opened as deep as allowed",
  { "backup.zip": zip({ "etc/app.env": leak }) },
  async (_t, bucket) => {
    assert.deepEqual(files(await search(bucket), bucket), [])
    assert.deepEqual(files(await search(bucket, {}, { maxArchiveDepth: 1 }), bucket), ["backup.zip!etc/app.env:1"])
  },
)

story("versions that were overwritten or deleted are searched when asked for", {}, async (_t, bucket) => {
  const { client: s3, bucket: Bucket } = bucket
  await s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: "Enabled" } }))
  for (const [Key, Body] of [
    ["a.txt", leak],
    ["a.txt", "clean\n"],
    ["b.txt", leak],
  ] as const)
    await s3.send(new PutObjectCommand({ Bucket, Key, Body }))
  await s3.send(new DeleteObjectCommand({ Bucket, Key: "b.txt" }))
  assert.deepEqual(files(await search(bucket), bucket), [])
  const found = files(await search(bucket, { versions: true }), bucket)
  assert.deepEqual(
    found.map(file => file.replace(/versionId=[\w-]+/, "versionId=ID")),
    ["a.txt?versionId=ID:1", "b.txt?versionId=ID:1"],
  )
})

story(
  "the command names the bucket by flag or address, and one that is not there makes the scan partial",
  { "a.txt": leak },
  async (t, { bucket, url }) => {
    const dir = folder(t)
    const rest = ["--endpoint", url, "-c", gitleaksRules, "--redact"]
    for (const words of [["--bucket", bucket], [`s3://${bucket}/a`]]) {
      const { code, stdout, stderr } = await runScan(dir, ["s3", ...words, ...rest])
      assert.equal(code, 1, stderr)
      assert.match(stdout, /a\.txt/)
    }
    const absent = await runScan(dir, ["s3", "--bucket", `${bucket}-none`, ...rest])
    assert.equal(absent.code, 1)
    assert.match(absent.stderr, /Cannot list the bucket .*-none: NoSuchBucket/)
    assert.match((await runScan(dir, ["s3", ...rest])).stderr, /s3 takes one bucket/)
    assert.match(
      (await runScan(dir, ["s3", "--bucket", bucket, "--endpoint", "minio"])).stderr,
      /--endpoint takes an address/,
    )
  },
)
