import assert from "node:assert/strict"
import { spawnSync } from "node:child_process"
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { type TestContext, test } from "node:test"
import { rar, tar, zip } from "../corpus/archives.ts"
import { randomFrom } from "../corpus/random.ts"
import { scanAll } from "../index.ts"
import { fakes, folder, gitEnv, gitleaksRules, repository, write } from "../testing.ts"
import { type ArchiveLimits, openPackaged } from "./archive.ts"
import { packagedKind } from "./archive-kind.ts"

const leak = `token = ${fakes.github}\n`
const rounds = Number(process.env.ARCA_FUZZ_ROUNDS ?? 60)

/** What a program makes of bytes; undefined, and the test skipped, where it is not installed. */
function by(t: TestContext, program: "bzip2" | "xz", bytes: Uint8Array): Buffer | undefined {
  const { stdout, error } = spawnSync(program, ["-c"], { input: bytes, maxBuffer: 1e8 })
  if (error !== undefined) t.skip(`${program} is not installed`)
  return error === undefined ? stdout : undefined
}

function sevenZip(
  t: TestContext,
  files: Record<string, string | Uint8Array>,
  ...options: string[]
): Buffer | undefined {
  const dir = folder(t, {})
  write(join(dir, "in"), files)
  const { error, status, stdout } = spawnSync("7z", ["a", ...options, join(dir, "out.7z"), "."], {
    cwd: join(dir, "in"),
  })
  if (error !== undefined) t.skip("7z is not installed (node tools/parts.ts)")
  assert.ok(error !== undefined || status === 0, stdout?.toString())
  return error === undefined ? readFileSync(join(dir, "out.7z")) : undefined
}

async function search(t: TestContext, files: Record<string, string | Uint8Array>, maxArchiveDepth = 3) {
  const options = { configPath: gitleaksRules, cwd: folder(t, files), env: gitEnv, maxArchiveDepth }
  const { findings, summary } = await scanAll({ kind: "files", path: "." }, options)
  return { files: findings.map(one => `${one.file}:${one.startLine}`).sort(), partial: summary.partial.join("; ") }
}

for (const program of ["bzip2", "xz"] as const)
  test(`${program} files are read: single ones, tars, several streams in one`, async t => {
    const one = by(t, program, Buffer.from(`hello\n${leak}`))
    const tarred = by(t, program, tar({ "a/b.txt": leak, "c.txt": "nothing\n" }))
    const first = by(t, program, Buffer.from("hello\n"))
    if (one === undefined || tarred === undefined || first === undefined) return
    const suffix = program === "xz" ? "xz" : "bz2"
    const found = await search(t, {
      [`a.txt.${suffix}`]: one,
      [`b.tar.${suffix}`]: tarred,
      "no-telling-name": one,
      [`only-a-name.${suffix}`]: leak,
      [`two.txt.${suffix}`]: Buffer.concat([first, one]),
    })
    const expected = [`a.txt.${suffix}:2`, `b.tar.${suffix}!a/b.txt:1`, "no-telling-name:2", `only-a-name.${suffix}:1`]
    assert.deepEqual(found, {
      files: [...expected, `two.txt.${suffix}:3`].sort(),
      partial: "",
    })
  })

test("7z archives are read, within other archives and with others in them, as deep as allowed", async t => {
  const plain = sevenZip(t, { "etc/app.env": leak, "deep.zip": zip({ "x.txt": leak }) })
  if (plain === undefined) return
  const files = { "a.7z": plain, "outer.tar": tar({ "in.7z": plain }) }
  assert.deepEqual(await search(t, files), {
    files: [
      "a.7z!deep.zip!x.txt:1",
      "a.7z!etc/app.env:1",
      "outer.tar!in.7z!deep.zip!x.txt:1",
      "outer.tar!in.7z!etc/app.env:1",
    ],
    partial: "",
  })
  assert.deepEqual((await search(t, files, 1)).files, ["a.7z!etc/app.env:1"])
  assert.deepEqual((await search(t, files, 0)).files, [])
})

test("what is encrypted is named as not read", async t => {
  const content = sevenZip(t, { "app.env": leak }, "-psecret")
  const names = sevenZip(t, { "app.env": leak }, "-psecret", "-mhe=on")
  if (content === undefined || names === undefined) return
  assert.match((await search(t, { "a.7z": content })).partial, /a\.7z: the file app\.env in it is encrypted/)
  assert.match((await search(t, { "b.7z": names })).partial, /Cannot read the archive b\.7z: .*encrypted/i)
})

test("rar archives are read, in a history too", async t => {
  const archive = rar({ "etc/app.env": leak, "b.txt": "nothing\n" })
  assert.deepEqual(await search(t, { "a.rar": archive }), { files: ["a.rar!etc/app.env:1"], partial: "" })
  const repo = repository(t)
  repo.commit({ "a.rar": archive }, "Add an archive")
  const options = { configPath: gitleaksRules, cwd: repo.path, env: gitEnv, maxArchiveDepth: 1 }
  const { findings, summary } = await scanAll({ kind: "history", repository: "." }, options)
  assert.deepEqual(summary.partial, [])
  assert.deepEqual(
    findings.map(one => [one.file, one.author]),
    [["a.rar!etc/app.env", "Ada Lovelace"]],
  )
})

const limits: ArchiveLimits = { maxFileBytes: 100_000, maxTotalBytes: 1_000_000, maxEntries: 100 }

async function opened(bytes: Uint8Array, tick: () => void = () => {}): Promise<number> {
  const kind = packagedKind(bytes)
  assert.ok(kind)
  let total = 0
  for await (const part of openPackaged(kind, "a", bytes, limits, tick)) total += part.bytes.length
  return total
}

test("bombs are refused before they fill the memory, and the time limit holds while one is unpacked", async t => {
  const zeros = Buffer.alloc(8_000_000)
  for (const program of ["bzip2", "xz"] as const) {
    const bomb = by(t, program, zeros)
    if (bomb === undefined) return
    await assert.rejects(opened(bomb), /it unpacks to more than 1000000 bytes/)
    const late = () => {
      throw new Error("the time is up")
    }
    await assert.rejects(opened(bomb, late), /the time is up/)
  }
  const large = sevenZip(t, { "a.txt": zeros })
  const many = sevenZip(t, Object.fromEntries(Array.from({ length: 101 }, (_, i) => [`${i}.txt`, "x"])))
  if (large === undefined || many === undefined) return
  await assert.rejects(opened(large), /it unpacks to more than 100000 bytes/)
  await assert.rejects(opened(many), /it holds more than 100 files/)
  await assert.rejects(opened(rar({ "a.txt": zeros })), /it unpacks to more than 100000 bytes/)
})

test("a damaged archive is read within its limits or refused with a reason", async t => {
  const seeds = [rar({ "a.txt": leak, "b.txt": "hello\n".repeat(50) }), by(t, "bzip2", Buffer.from(leak.repeat(50)))]
  seeds.push(by(t, "xz", Buffer.from(leak.repeat(50))), sevenZip(t, { "a.txt": leak.repeat(50) }))
  const random = randomFrom(Number(process.env.ARCA_FUZZ_SEED ?? 1))
  for (let round = 0; round < rounds; round++)
    for (const seed of seeds) {
      if (seed === undefined) return
      const bytes = Buffer.from(seed)
      for (let i = 0; i < 3; i++) bytes[16 + random.below(bytes.length - 16)] = random.below(256)
      const cut = random.below(4) === 0 ? bytes.subarray(0, 20 + random.below(bytes.length - 20)) : bytes
      await opened(cut).catch((error: unknown) =>
        assert.ok(error instanceof Error && !/constructor|undefined|null/.test(error.message), String(error)),
      )
    }
})

test("a kind that nothing here reads is named, never passed over", async t => {
  const { partial } = await search(t, { "a.txt.lz4": "\x04\x22\x4d\x18 not read" })
  assert.match(partial, /Cannot read the archive a\.txt\.lz4: the format \.lz4 is not supported/)
})

test("other programs read the rar archives that the tests make", t => {
  const dir = folder(t, {})
  writeFileSync(join(dir, "a.rar"), rar({ "etc/app.env": leak }))
  const { stdout, error } = spawnSync("bsdtar", ["-xOf", join(dir, "a.rar")], { encoding: "utf8" })
  if (error !== undefined) return t.skip("bsdtar is not installed (Debian: libarchive-tools)")
  assert.equal(stdout, leak)
})
