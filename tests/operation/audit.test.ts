import assert from "node:assert/strict"
import { execFile } from "node:child_process"
import { once } from "node:events"
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { after, test } from "node:test"
import { promisify } from "node:util"
import { call, type Running, reference, startUnsealed } from "../parts/arca.ts"

const skip = reference !== undefined && "chained records are our own"
const run = promisify(execFile)
const bin = resolve(import.meta.dirname, "../../bin/arca")
const dir = await mkdtemp(join(tmpdir(), "arca-audit-"))

after(() => rm(dir, { recursive: true, force: true }))

test("audit verify finds what was altered, removed, reordered or cut off, and tells it by its exit code", {
  skip,
}, async () => {
  let server: Running & { token: string; share: string } = await startUnsealed({ plain: true })
  const { token, share } = server
  const verify = async (...words: string[]) => {
    const env = { ...process.env, VAULT_ADDR: server.url, VAULT_TOKEN: token }
    return run(process.execPath, [bin, "audit", "verify", ...words], { env }).then(
      ({ stdout }) => ({ code: 0, text: stdout }),
      error => ({ code: Number(error.code), text: `${error.stdout}${error.stderr}` }),
    )
  }
  const log = join(server.dir, "audit.log")
  const enabled = await call(server, {
    method: "PUT",
    path: "sys/audit/file",
    token,
    body: { type: "file", options: { file_path: log } },
  })
  assert.equal(enabled.status, 204, enabled.text)
  for (let count = 0; count < 20; count++) await call(server, { path: "sys/mounts", token })
  const gone = once(server.process, "exit")
  server.process.kill("SIGTERM")
  await gone
  const lines = (await readFile(log, "utf8")).trimEnd().split("\n")
  server = { ...server, ...(await server.again()) }
  await call(server, { method: "PUT", path: "sys/unseal", body: { key: share } })
  try {
    const whole = await verify(log)
    assert.equal(whole.code, 0, whole.text)
    assert.match(whole.text, /records 0 to \d+ .*, signed before \d+\nIntact: \d+ records/)

    const copy = join(dir, "copy.log")
    const checked = async (edited: readonly string[], ...words: string[]) => {
      await writeFile(copy, `${edited.join("\n")}\n`)
      return verify(...words, copy)
    }
    const altered = await checked(lines.with(9, lines[9]?.replace('"read"', '"list"') ?? ""))
    assert.equal(altered.code, 2)
    assert.match(altered.text, /copy\.log:\d+: altered: record \d+:/)
    assert.match((await checked(lines.toSpliced(9, 1))).text, /removed: record/)
    const swapped = lines.with(9, lines[10] ?? "").with(10, lines[9] ?? "")
    assert.match((await checked(swapped)).text, /reordered: record/)

    const cut = await checked(lines.slice(0, -4))
    assert.equal(cut.code, 2)
    assert.match(cut.text, /truncated: record \d+: .*the chain ends before it/)

    const key = join(dir, "audit.pem")
    const { stdout } = await run(process.execPath, [bin, "read", "-field=public_key", "sys/audit/verification-key"], {
      env: { ...process.env, VAULT_ADDR: server.url, VAULT_TOKEN: token },
    })
    await writeFile(key, stdout)
    assert.equal((await checked(lines, `-public-key=${key}`)).code, 0, "without the server")
    const json = await checked(lines, "-format=json", "-partial")
    assert.equal(JSON.parse(json.text).intact, true)

    await writeFile(key, "no key")
    assert.equal((await verify(`-public-key=${key}`, log)).code, 1)
    assert.equal((await verify(join(dir, "nowhere.log"))).code, 1)
  } finally {
    await server.stop()
  }
})
