import assert from "node:assert/strict"
import { spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import { appendFileSync, existsSync, readFileSync, renameSync, truncateSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { test } from "node:test"
import { gzipSync, zstdCompressSync } from "node:zlib"
import { type Finding, scan, scanAll } from "../index.ts"
import type { LogTarget } from "../scan.ts"
import { fakes, folder, gitEnv, gitleaksRules, runScan } from "../testing.ts"
import { formatOf } from "./log-formats.ts"

const leak = `token = ${fakes.github}`
const options = (cwd: string) => ({ cwd, env: gitEnv, configPath: gitleaksRules })
const told = ({ file, startLine, date, author, fingerprint }: Finding) =>
  [file, startLine, date, author, fingerprint].join(" ")

async function search(cwd: string, ...files: string[]): Promise<string[]> {
  const { findings, summary } = await scanAll({ kind: "logs", files }, options(cwd))
  assert.deepEqual(summary.partial, [])
  return findings.map(told).sort()
}

const filler = "2026-02-03T04:05:05Z INFO nothing of interest here\n".repeat(9000)

test("a text's lines keep their numbers and dates, in rotated files too", async t => {
  const text = `${filler}2026-02-03T04:05:06.789+01:00 WARN ${leak}\n${filler}`
  const dir = folder(t, { "app.log": text, "app.log.1.gz": gzipSync(text), "app.log.2.zst": zstdCompressSync(text) })
  assert.deepEqual(
    await search(dir, "app.log", "app.log.1.gz", "app.log.2.zst"),
    ["app.log", "app.log.1.gz", "app.log.2.zst"].map(
      file => `${file} 9001 2026-02-03T04:05:06+01:00  ${file}:github-pat:9001`,
    ),
  )
})

test("Docker's lines are read as what was written, pieces of one line joined", async t => {
  const entry = (log: string, time: string) =>
    `${JSON.stringify({ log, stream: "stdout", attrs: { tag: "web" }, time })}\n`
  const [half, rest] = [leak.slice(0, 20), leak.slice(20)]
  const lines = [
    entry("hello\n", "2026-02-03T04:05:06.1Z"),
    entry(half, "2026-02-03T04:05:07.123456789Z"),
    entry(`${rest}\n`, "2026-02-03T04:05:08.1Z"),
    entry(`"${fakes.aws}"\n`, "2026-02-03T04:05:09.1Z"),
  ]
  const dir = folder(t, { "abc-json.log": lines.join("") })
  assert.deepEqual(await search(dir, "abc-json.log"), [
    "abc-json.log 2 2026-02-03T04:05:07Z web abc-json.log:github-pat:2",
    "abc-json.log 4 2026-02-03T04:05:09Z web abc-json.log:aws-access-token:4",
  ])
})

test("Kubernetes' container logs are read without their prefixes", async t => {
  const lines = [
    "2026-02-03T04:05:06.123456789Z stdout F hello",
    `2026-02-03T04:05:07.123456789Z stderr P ${leak.slice(0, 20)}`,
    `2026-02-03T04:05:08.123456789Z stderr F ${leak.slice(20)}`,
  ]
  assert.deepEqual(await search(folder(t, { "0.log": `${lines.join("\n")}\n` }), "0.log"), [
    "0.log 2 2026-02-03T04:05:07Z  0.log:github-pat:2",
  ])
})

test("the journal is read as journalctl writes it in JSON, bytes and command lines too", async t => {
  const entry = (fields: object) => `${JSON.stringify({ __REALTIME_TIMESTAMP: "1770091506789000", ...fields })}\n`
  const lines = [
    entry({ MESSAGE: "hello", _SYSTEMD_UNIT: "web.service" }),
    entry({ MESSAGE: [...Buffer.from(`\xff${leak}\nmore`, "latin1")], _SYSTEMD_UNIT: "web.service" }),
    entry({ MESSAGE: "started", _CMDLINE: `app --token ${fakes.github}`, SYSLOG_IDENTIFIER: "app" }),
  ]
  assert.deepEqual(await search(folder(t, { journal: lines.join("") }), "journal"), [
    "journal 2 2026-02-03T04:05:06Z web.service journal:github-pat:2",
    "journal 3 2026-02-03T04:05:06Z app journal:github-pat:3",
  ])
})

test("what journalctl really writes is told apart", t => {
  const journal = (format: string) =>
    spawnSync("journalctl", ["-o", format, "-n", "1", "--no-pager"], { encoding: "utf8" })
  const { stdout = "", error } = journal("json")
  if (error !== undefined || stdout.trim() === "") return t.skip("there is no journal on this machine")
  assert.equal(formatOf(stdout.split("\n")[0] ?? ""), "journal")
  assert.equal(formatOf(journal("export").stdout.split("\n")[0] ?? ""), "export")
})

test("the journal's own export form is named as not read", async t => {
  const dir = folder(t, { export: `__CURSOR=s=1\n__REALTIME_TIMESTAMP=1\nMESSAGE=${leak}\n\n` })
  const { summary } = await scanAll({ kind: "logs", files: ["export", "none.log"] }, options(dir))
  assert.match(
    summary.partial.join("; "),
    /export format, which is not read: use journalctl -o json; Cannot read none\.log: ENOENT/,
  )
})

test("a key of many lines is found wherever a batch would end, and a line of megabytes is read to its end", async t => {
  const key = `-----BEGIN RSA PRIVATE KEY-----\n${`${"MIIEowIBAAKCAQEAxZ3bY8cX1dW6eV4fU9gT2hS7iR5jQ0kP".repeat(1)}\n`.repeat(20)}-----END RSA PRIVATE KEY-----\n`
  const line = "x".repeat(60)
  const dir = folder(t, { "long.log": `${"y".repeat(3_000_000)} ${leak}\n` })
  for (const before of [127_600, 128_000, 130_500]) {
    writeFileSync(join(dir, "key.log"), `${`${line}\n`.repeat(before / 61)}${key}${`${line}\n`.repeat(5000)}`)
    const found = await search(dir, "key.log")
    assert.equal(found.length, 1, `${before}: ${found}`)
    assert.match(found[0] ?? "", new RegExp(`^key\\.log ${Math.floor(before / 61) + 1} `))
  }
  assert.deepEqual(await search(dir, "long.log"), ["long.log 1   long.log:github-pat:1"])
})

test("a watched log is followed through rotation and truncation", async t => {
  const dir = folder(t, { "app.log": `old ${leak}\n` })
  const path = join(dir, "app.log")
  const ending = new AbortController()
  const target: LogTarget = { kind: "logs", files: ["app.log"], follow: true, until: ending.signal }
  const steps: (() => void)[] = [
    () => appendFileSync(path, `one\ntwo ${fakes.aws} `),
    () => {
      appendFileSync(path, `and ${leak}\n`)
      renameSync(path, `${path}.1`)
      writeFileSync(path, `new\nnew ${leak}\n`)
    },
    () => {},
    () => {
      truncateSync(path, 0)
      appendFileSync(path, `${leak}\n`)
    },
    () => ending.abort(),
  ]
  const seen: string[] = []
  const running = scan(target, options(dir))
  for (let step = await running.next(); step.done !== true; step = await running.next()) {
    seen.push(`${step.value.ruleId}:${step.value.startLine}`)
    steps.shift()?.()
  }
  assert.deepEqual(seen, ["github-pat:1", "aws-access-token:3", "github-pat:3", "github-pat:2", "github-pat:1"])
})

test("the command hides secrets unless told otherwise, and a watch ends with its report when it is interrupted", async t => {
  const dir = folder(t, { "app.log": `${leak}\n` })
  const hidden = await runScan(dir, ["logs", "app.log", "-c", gitleaksRules, "-r", "-", "-f", "json"])
  assert.equal(hidden.code, 1)
  assert.ok(!hidden.stdout.includes(fakes.github) && hidden.stdout.includes("REDACTED"))
  const shown = await runScan(dir, ["logs", "app.log", "-c", gitleaksRules, "-r", "-", "-f", "json", "--redact=0"])
  assert.ok(shown.stdout.includes(fakes.github))
  assert.match(
    (await runScan(dir, ["logs", "app.log", "--log-format", "gelf"])).stderr,
    /--log-format takes text, docker/,
  )
  const arca = join(import.meta.dirname, "..", "..", "bin", "arca")
  const words = [arca, "scan", "logs", "-F", "app.log", "-c", gitleaksRules, "-r", "report.json"]
  const watch = spawn(process.execPath, words, {
    cwd: dir,
    env: { ...gitEnv, ARCA_CACHE_DIR: dir },
    stdio: ["ignore", "pipe", "ignore"],
  })
  let printed = ""
  for await (const piece of watch.stdout) {
    printed += piece
    if (printed.includes("app.log")) watch.kill("SIGINT")
  }
  const [code] = watch.exitCode === null ? await once(watch, "exit") : [watch.exitCode]
  assert.equal(code, 1)
  assert.ok(!printed.includes(fakes.github))
  assert.ok(existsSync(join(dir, "report.json")))
  assert.equal(JSON.parse(readFileSync(join(dir, "report.json"), "utf8")).length, 1)
})
