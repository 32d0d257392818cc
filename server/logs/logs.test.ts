import assert from "node:assert/strict"
import { mkdtemp, readdir, readFile, rename, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { after, test } from "node:test"
import { serve } from "../pipeline.ts"
import { ownRequest } from "../revocation.ts"
import { testServer } from "../testing.ts"
import { type LogFileOptions, logFile } from "./file.ts"
import { keptLines } from "./kept.ts"
import { type Line, levelOf, lineOf } from "./lines.ts"
import { logsTo } from "./logs.ts"
import { openLogs } from "./open.ts"

const dir = await mkdtemp(join(tmpdir(), "arca-logs-"))
after(() => rm(dir, { recursive: true, force: true }))

const TIME = Date.UTC(2026, 0, 2, 3, 4, 5, 678)

const line = (text: string, fields: Line["fields"] = {}): Line => ({
  level: "info",
  name: "core",
  text,
  fields,
  time: TIME,
})

function recorded(level: "trace" | "info" = "info") {
  const lines: string[] = []
  return { lines, logs: logsTo([{ write: text => lines.push(text) }], { level, format: "standard", now: () => TIME }) }
}

test("lines have hclog's two shapes", () => {
  assert.equal(
    lineOf(line("unsealed", { mount: "kv/", why: "a b", count: 3 }), "standard"),
    '2026-01-02T03:04:05.678Z [INFO]  core: unsealed: mount=kv/ why="a b" count=3\n',
  )
  assert.deepEqual(JSON.parse(lineOf(line("unsealed", { count: 3 }), "json")), {
    "@level": "info",
    "@message": "unsealed",
    "@module": "core",
    "@timestamp": "2026-01-02T03:04:05.678000Z",
    count: 3,
  })
})

test("nothing that is logged can begin a line of its own, or shows a token or a password", () => {
  const evil = line("a\nb", { user: "x\ny", url: "postgres://arca:s3cret@db/x" })
  for (const format of ["standard", "json"] as const) {
    const text = lineOf(evil, format)
    assert.equal(text.split("\n").length, 2)
    assert.ok(!text.includes("s3cret"))
    const token = `hvs.${"Ab9".repeat(8)}`
    assert.ok(!lineOf(line(`failed for ${token}`, { error: `bad ${token}` }), format).includes("Ab9"))
  }
})

test("levels go by Vault's names", () => {
  assert.deepEqual(["", "notice", "WARNING", " err ", "trace", "loud", "constructor"].map(levelOf), [
    ...["info", "info", "warn", "error", "trace"],
    ...[undefined, undefined],
  ])
})

test("each logger has its own level", () => {
  const { logs, lines } = recorded()
  const kv = logs.log.named("secrets.kv")
  kv.debug("unheard")
  logs.setLevel("debug", "secrets.kv")
  kv.debug("heard")
  logs.log.debug("unheard")
  assert.equal(lines.length, 1)
  assert.equal(logs.setLevel("debug", "unknown"), false)
  logs.setLevel("error")
  kv.warn("unheard")
  assert.deepEqual(logs.levels()["secrets.kv"], "error")
  logs.resetLevel()
  assert.equal(logs.levels()["secrets.kv"], "info")
})

test("sys/loggers changes what is logged, by Vault's words", async () => {
  const { logs, lines } = recorded()
  const vault = await testServer({ parts: { logs } })
  assert.equal((await vault.read("sys/loggers")).data.core, "info")
  assert.equal((await vault.write("sys/loggers/core", { level: "warning" })).status, 204)
  assert.deepEqual((await vault.read("sys/loggers/core")).data, { core: "warn" })
  lines.length = 0
  vault.server.log.info("unheard")
  assert.deepEqual(lines, [])
  assert.equal((await vault.delete("sys/loggers/core")).status, 204)
  vault.server.log.info("heard")
  assert.equal(lines.length, 1)
  assert.deepEqual((await vault.write("sys/loggers", { level: "loud" })).errors, [
    "invalid level provided: unknown log level: loud",
  ])
  assert.deepEqual((await vault.write("sys/loggers", {})).errors, ["level is required"])
  assert.deepEqual((await vault.write("sys/loggers/nobody", { level: "info" })).errors, ['logger "nobody" not found'])
  assert.equal((await vault.read("sys/loggers", { token: await vault.token(["default"]) })).status, 403)
})

test("sys/monitor streams the log at a level of its own until the server ends", async () => {
  const { logs } = recorded()
  const stopping = new AbortController()
  const vault = await testServer({ parts: { logs, stopping: stopping.signal } })
  const reply = await serve(vault.server, {
    ...ownRequest("monitor"),
    operation: "read",
    path: "sys/monitor",
    token: vault.root,
    body: { log_level: "debug", log_format: "json" },
  })
  const body = reply.raw?.body
  assert.ok(typeof body === "object" && Symbol.asyncIterator in body)
  const reader = body[Symbol.asyncIterator]()
  const first = reader.next()
  await Promise.resolve()
  vault.server.log.debug("for the monitor alone")
  assert.equal(JSON.parse(Buffer.from((await first).value).toString())["@message"], "for the monitor alone")
  for (let count = 0; count < 600; count++) vault.server.log.info("many")
  const many = Buffer.from((await reader.next()).value).toString()
  assert.match(many, /Monitor dropped 88 logs during monitor request\n$/)
  stopping.abort()
  while (!(await reader.next()).done);
  assert.deepEqual((await vault.ask("read", "sys/monitor", { log_level: "loud" })).errors, ["unknown log level"])
})

const fileOptions = (name: string, more: Partial<LogFileOptions> = {}): LogFileOptions => ({
  path: join(dir, name),
  maxBytes: 0,
  maxAge: 0,
  maxFiles: 0,
  now: () => TIME,
  failed: error => assert.fail(String(error)),
  ...more,
})

test("a log file is rotated by size, and only so many are kept", async () => {
  let now = TIME
  const file = logFile(fileOptions("size/vault.log", { maxBytes: 20, maxFiles: 2, now: () => now++ }))
  for (let count = 0; count < 5; count++) file.write("0123456789012345678901\n")
  file.close()
  const names = (await readdir(join(dir, "size"))).sort()
  assert.equal(names.length, 3)
  assert.match(names[0] ?? "", /^vault-\d{19}\.log$/)
  assert.equal(names[2], "vault.log")
})

test("a log file is rotated by age", async () => {
  let now = TIME
  const file = logFile(fileOptions("age/", { maxAge: 60, now: () => now }))
  file.write("one\n")
  now += 59_000
  file.write("two\n")
  now += 1_000
  file.write("three\n")
  file.close()
  const names = (await readdir(join(dir, "age"))).sort()
  assert.equal(names.length, 2)
  assert.equal(await readFile(join(dir, "age", "arca.log"), "utf8"), "three\n")
  assert.equal(await readFile(join(dir, "age", names[0] ?? ""), "utf8"), "one\ntwo\n")
})

test("a file that was moved away is opened anew when told to, as log rotation does with SIGHUP", async () => {
  const opened = openLogs(
    {
      level: "info",
      format: "json",
      file: join(dir, "moved.log"),
      rotateBytes: 0,
      rotateDuration: 0,
      rotateMaxFiles: 0,
    },
    { write: () => undefined },
    () => TIME,
  )
  opened.logs.log.info("before")
  await rename(join(dir, "moved.log"), join(dir, "moved.log.1"))
  opened.logs.log.info("still the old one")
  opened.reload("debug")
  opened.logs.log.debug("the new one")
  opened.close()
  assert.equal((await readFile(join(dir, "moved.log.1"), "utf8")).trim().split("\n").length, 2)
  assert.match(await readFile(join(dir, "moved.log"), "utf8"), /the new one/)
})

test("a level or a file that cannot be is told at the start", () => {
  const settings = { level: "", format: "", file: "", rotateBytes: 0, rotateDuration: 0, rotateMaxFiles: 0 }
  const open = (more: object) => () => openLogs({ ...settings, ...more }, { write: () => undefined }, () => TIME)
  assert.throws(open({ level: "loud" }), /unknown log level: loud/)
  assert.throws(open({ format: "xml" }), /unknown log format: xml/)
  assert.throws(open({ file: "/proc/nowhere/x.log" }), /log_file "\/proc\/nowhere\/x.log" cannot be opened/)
})

test("lines are kept for readers in other processes, as many as they may be behind, until they stay away", () => {
  let now = 0
  const logs = logsTo([], { level: "info", format: "standard", now: () => now * 1000 })
  const linesFor = keptLines(logs, () => now)
  logs.log.info("before anyone asked")
  assert.equal(linesFor("a", "debug", "json"), "")
  logs.log.debug("one")
  assert.equal(linesFor("b", "warn", "standard"), "")
  logs.log.warn("two")
  assert.match(linesFor("a", "debug", "json"), /^\{.*"one".*\}\n\{.*"two".*\}\n$/)
  assert.match(linesFor("b", "warn", "standard"), /^[^\n]*two[^\n]*\n$/)
  assert.equal(linesFor("a", "debug", "json"), "", "each line once")
  for (let nth = 0; nth < 600; nth++) logs.log.info("flood")
  assert.match(linesFor("a", "debug", "json"), /Monitor dropped 88 logs during monitor request\n$/)
  now += 11
  logs.log.info("a reader that stays away is forgotten with this line")
  assert.equal(linesFor("a", "debug", "json"), "")
})
