import assert from "node:assert/strict"
import { readFileSync, symlinkSync } from "node:fs"
import { join } from "node:path"
import { test } from "node:test"
import { gzipSync } from "node:zlib"
import { loadToml } from "./config/toml.ts"
import { tar, zip } from "./corpus/archives.ts"
import { customRules } from "./corpus/corpus.ts"
import { type Random, randomFrom } from "./corpus/random.ts"
import { buildRuleset } from "./detect/compile.ts"
import { defaultDetectOptions, detect } from "./detect/detector.ts"
import { scanAll } from "./index.ts"
import { type Config, ConfigError } from "./rule.ts"
import { type ArchiveLimits, openArchive } from "./sources/archive.ts"
import { logFormat, patchReader } from "./sources/git-log.ts"
import { fakes, folder, gitEnv, gitleaksRules, repository } from "./testing.ts"

/** Each round is a few milliseconds; `ARCA_FUZZ_ROUNDS=100000` makes a night of it. */
const rounds = Number(process.env.ARCA_FUZZ_ROUNDS ?? 300)
const seed = Number(process.env.ARCA_FUZZ_SEED ?? 1)

const rules = new TextDecoder().decode(readFileSync(customRules))
const loading = {
  read: () => rules,
  defaultConfig: (): Config => ({ title: "", rules: [], allowlists: [] }),
  warn: () => {},
}

/** A copy with a few bytes changed, parts left out, doubled or put elsewhere. */
function mutated(bytes: Uint8Array, random: Random): Buffer {
  let copy = Buffer.from(bytes)
  for (let i = 1 + random.below(6); i > 0; i--) {
    const at = random.below(copy.length + 1)
    const length = random.below(40)
    const part = copy.subarray(at, at + length)
    const kind = random.below(5)
    if (kind === 0 && copy.length > 0) copy[at % copy.length] = random.below(256)
    else if (kind === 1) copy = Buffer.concat([copy.subarray(0, at), copy.subarray(at + length)])
    else if (kind === 2) copy = Buffer.concat([copy.subarray(0, at), part, copy.subarray(at)])
    else if (kind === 3) copy = Buffer.concat([copy.subarray(at), copy.subarray(0, at)])
    else copy = Buffer.concat([copy.subarray(0, at), Buffer.from([random.below(256), 0, 255]), copy.subarray(at)])
  }
  return copy
}

test("a rule file is either read or refused with a reason", () => {
  const random = randomFrom(seed)
  const extending = Buffer.from(`[extend]\npath = "x"\ndisabledRules = ["pair"]\n${rules}`)
  for (let i = 0; i < rounds; i++) {
    const text = mutated(extending, random).toString("utf8")
    try {
      loadToml(text, "fuzzed.toml", loading)
    } catch (error) {
      assert.ok(error instanceof ConfigError, `seed ${seed}, round ${i}: ${String(error)}\n${text}`)
    }
  }
})

test("a patch gives the same hunks in whatever pieces it arrives, and never more than it holds", () => {
  const random = randomFrom(seed)
  const header = logFormat
    .slice("--format=".length)
    .replaceAll("%x00", "\0")
    .replace(/%\w\w?/g, "x")
  const patch = Buffer.from(
    [1, 2, 3]
      .map(
        n =>
          `${header}\ndiff --git a/f${n} b/f${n}\nindex 1..2 100644\n--- a/f${n}\n+++ b/f${n}\n@@ -1,2 +1,3 @@ x\n-a\n-b\n+c ${fakes.aws}\n+d\n+e\n\\ No newline at end of file\n`,
      )
      .join(""),
  )
  const hunks = (bytes: Buffer, pieces: () => number) => {
    const seen: string[] = []
    const reader = patchReader({
      hunks(added, all) {
        let start = 0
        for (const { path, startLine, end } of all) {
          seen.push(`${path}:${startLine}:${Buffer.from(added.subarray(start, end)).toString("latin1")}`)
          start = end
        }
      },
      renamed: () => {},
      binary: path => void seen.push(path),
    })
    for (let at = 0; at < bytes.length; ) {
      const length = pieces()
      reader.push(bytes.subarray(at, at + length))
      at += length
    }
    reader.end()
    return seen
  }
  for (let i = 0; i < rounds; i++) {
    const bytes = mutated(patch, random)
    const whole = hunks(bytes, () => bytes.length + 1)
    assert.deepEqual(
      hunks(bytes, () => 1 + random.below(30)),
      whole,
      `seed ${seed}, round ${i}`,
    )
    assert.ok(whole.join("").length <= bytes.length * 2 + 100, `seed ${seed}, round ${i}`)
  }
})

const limits: ArchiveLimits = { maxFileBytes: 100_000, maxTotalBytes: 1_000_000, maxEntries: 100 }

test("an archive is read within its limits or refused with a reason", () => {
  const random = randomFrom(seed)
  const files = { "a.txt": `x ${fakes.github}\n`.repeat(50), "b/c.txt": "hello\n".repeat(100) }
  const archives: [string, Buffer][] = [
    ["a.zip", zip(files)],
    ["a.tar", tar(files)],
    ["a.tar.gz", gzipSync(tar(files))],
    ["stored.zip", zip(files, 0)],
  ]
  for (let i = 0; i < rounds; i++) {
    const [name, bytes] = random.pick(archives)
    let total = 0
    try {
      for (const part of openArchive(name, mutated(bytes, random), limits)) total += part.bytes.length
    } catch (error) {
      assert.ok(error instanceof Error && !(error instanceof TypeError), `seed ${seed}, round ${i}: ${String(error)}`)
    }
    assert.ok(total <= limits.maxTotalBytes)
  }
})

test("bombs are refused before they fill the memory", () => {
  const zeros = Buffer.alloc(8_000_000)
  const opened = (name: string, bytes: Buffer) => () => [...openArchive(name, bytes, limits)]
  assert.throws(opened("bomb.zip", zip({ "a.txt": zeros })), /it unpacks to more than 100000 bytes/)
  assert.throws(opened("bomb.gz", gzipSync(zeros)), /it unpacks to more than 1000000 bytes/)
  const many = Object.fromEntries(Array.from({ length: 101 }, (_, i) => [`${i}.txt`, "x"]))
  assert.throws(opened("many.zip", zip(many)), /it holds more than 100 files/)
  const doubled = zip({ "a.txt": "x", "b.txt": "x" })
  const directory = doubled.indexOf("PK\x01\x02", 0, "latin1")
  const second = doubled.indexOf("PK\x01\x02", directory + 4, "latin1")
  doubled.writeUInt32LE(doubled.readUInt32LE(directory + 42), second + 42)
  assert.throws(opened("overlap.zip", doubled), /two of its files share their content/)
})

test("an archive that is refused makes the scan partial, and the other files are scanned", async t => {
  const dir = folder(t, { "bad.zip": "PK\x05\x06 not really", "good.txt": `${fakes.github}\n` })
  const options = { configPath: gitleaksRules, cwd: dir, env: gitEnv, maxArchiveDepth: 2 }
  const { findings, summary } = await scanAll({ kind: "files", path: "." }, options)
  assert.deepEqual(
    findings.map(one => one.file),
    ["good.txt"],
  )
  assert.match(summary.partial.join(), /Cannot read the archive bad\.zip: /)
})

test("container images, npm packages and wheels are opened by what they are", async t => {
  const layer = gzipSync(tar({ "app/.env": `TOKEN=${fakes.github}\n` }))
  const config = JSON.stringify({ config: { Env: [`SLACK=${fakes.slack}`] } })
  const dir = folder(t, {
    "image/blobs/sha256/1f": layer,
    "image/blobs/sha256/2e": config,
    "saved.tar": tar({ "blobs/sha256/1f": layer, "3d/layer.tar": tar({ "root/.npmrc": `${fakes.aws}\n` }) }),
    "pkg-1.0.0.tgz": gzipSync(tar({ "package/index.js": `x = "${fakes.github}"\n` })),
    "pkg-1.0.0-py3-none-any.whl": zip({ "pkg/__init__.py": `x = "${fakes.github}"\n` }),
  })
  const options = { configPath: gitleaksRules, cwd: dir, env: gitEnv, maxArchiveDepth: 3 }
  const { findings, summary } = await scanAll({ kind: "files", path: "." }, options)
  assert.deepEqual(summary.partial, [])
  assert.deepEqual(findings.map(one => `${one.ruleId} ${one.file}`).sort(), [
    "aws-access-token saved.tar!3d/layer.tar!root/.npmrc",
    "github-pat image/blobs/sha256/1f!app/.env",
    "github-pat pkg-1.0.0-py3-none-any.whl!pkg/__init__.py",
    "github-pat pkg-1.0.0.tgz!package/index.js",
    "github-pat saved.tar!blobs/sha256/1f!app/.env",
    "slack-bot-token image/blobs/sha256/2e",
  ])
})

test("links in circles end", async t => {
  const dir = folder(t, { "sub/a.txt": `${fakes.github}\n` })
  symlinkSync("..", join(dir, "sub", "up"))
  symlinkSync("self", join(dir, "self"))
  symlinkSync("sub/a.txt", join(dir, "link.txt"))
  const options = { configPath: gitleaksRules, cwd: dir, env: gitEnv }
  const { findings } = await scanAll({ kind: "files", path: ".", followSymlinks: true }, options)
  assert.deepEqual(
    findings.map(one => one.symlinkFile),
    ["link.txt", ""],
  )
})

test("a line of many megabytes is scanned to its end, in files and in histories", async t => {
  const repo = repository(t)
  const filler = Buffer.alloc(17_000_000, "lorem ipsum ")
  const line = Buffer.concat([Buffer.from(`${fakes.github} `), filler, Buffer.from(` ${fakes.aws}\n${fakes.slack}\n`)])
  repo.commit({ "long.txt": line }, "A long line")
  const options = { configPath: gitleaksRules, cwd: repo.path, env: gitEnv, maxDecodeDepth: 0 }
  const rulesIn = async (target: Parameters<typeof scanAll>[0]) =>
    (await scanAll(target, options)).findings.map(one => `${one.ruleId}:${one.startLine}`).sort()
  const expected = ["aws-access-token:1", "github-pat:1", "slack-bot-token:2"]
  assert.deepEqual(await rulesIn({ kind: "files", path: "long.txt" }), expected)
  assert.deepEqual(await rulesIn({ kind: "history", repository: "." }), expected)
})

test("no bytes are too odd to be looked at", () => {
  const random = randomFrom(seed)
  const ruleset = buildRuleset(loadToml(readFileSync(gitleaksRules, "utf8"), undefined, loading))
  const seeds = [
    fakes.github,
    fakes.aws,
    'api_key = "',
    "-----BEGIN PRIVATE KEY-----",
    "curl -u a:b",
    "kind: Secret\ndata:\n  x: ",
  ]
  for (let i = 0; i < rounds; i++) {
    const bytes = Buffer.from(Array.from({ length: 400 }, () => random.below(256)))
    bytes.write(random.pick(seeds), random.below(300), "latin1")
    detect(ruleset, defaultDetectOptions, { bytes: mutated(bytes, random), path: "a.yaml", startLine: 1 })
  }
})
