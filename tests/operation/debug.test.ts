/** `arca debug` against a running server: what is in the bundle, for a token that may see all and for one that may not. */

import assert from "node:assert/strict"
import { execFile } from "node:child_process"
import { mkdir, readdir, readFile } from "node:fs/promises"
import { join, resolve } from "node:path"
import { test } from "node:test"
import { promisify } from "node:util"
import { fields, reference, startUnsealed } from "../parts/arca.ts"

const skip = reference !== undefined && "the command line is ours"
const run = promisify(execFile)
const bin = resolve(import.meta.dirname, "../../bin/arca")
const short = ["-duration=5s", "-interval=5s", "-metrics-interval=5s"]

const json = async (file: string): Promise<unknown> => JSON.parse(await readFile(file, "utf8"))

test("a bundle holds state, metrics and profiles; what the token may not read is named in its index", {
  skip,
}, async () => {
  const server = await startUnsealed({ plain: true })
  const gather = (token: string, name: string, ...words: string[]) =>
    run(process.execPath, [bin, "debug", ...short, `-output=${join(server.dir, name)}`, ...words], {
      env: { ...process.env, VAULT_ADDR: server.url, VAULT_TOKEN: token },
    })
  try {
    const [all] = await Promise.all([gather(server.token, "all.tar.gz"), gather("nobody", "few", "-compress=false")])
    assert.match(all.stdout, /Success! Bundle written to: .*all\.tar\.gz/)
    const opened = join(server.dir, "opened")
    await mkdir(opened)
    await run("tar", ["-xzf", join(server.dir, "all.tar.gz"), "-C", opened])
    const index = fields(await json(join(opened, "index.json")))
    assert.deepEqual(index.errors, [])
    const names = (await readdir(opened)).filter(name => /\.(json|log)$/.test(name))
    assert.deepEqual(names.sort(), [
      "config.json",
      "host_info.json",
      "index.json",
      "metrics.json",
      "replication_status.json",
      "requests.json",
      "server_status.json",
      "vault.log",
    ])
    const profiled = (await readdir(opened, { recursive: true })).find(name => name.endsWith("cpu.cpuprofile"))
    assert.ok(Array.isArray(fields(await json(join(opened, profiled ?? ""))).nodes))

    const few = fields(await json(join(server.dir, "few", "index.json")))
    assert.deepEqual(fields(few.output).files, ["replication_status.json", "server_status.json", "vault.log"])
    const refused = Array.isArray(few.errors) ? few.errors.map(one => fields(one).target) : []
    assert.deepEqual([...new Set(refused)].sort(), ["config", "host", "log", "metrics", "pprof", "requests"])
    await assert.rejects(gather(server.token, "all"), /is there already; choose another with -output/)
  } finally {
    await server.stop()
  }
})
