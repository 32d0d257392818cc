/** Audit devices that the configuration declares are there before the first request, whoever opens the store. */

import assert from "node:assert/strict"
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { test } from "node:test"
import { call, fields, reference, start, startUnsealed } from "../parts/arca.ts"

const skip = reference !== undefined && "the stanza is one of ours"

/** A folder for a log, with the configuration that declares it. While the folder is `blocked` no log can be opened in it. */
async function place() {
  const path = await mkdtemp(join(tmpdir(), "arca-declared-"))
  const inner = join(path, "logs")
  const log = join(inner, "audit.log")
  return {
    config: `audit_allowed_directories = ["${path}"]\naudit "file" "declared" { options { file_path = "${log}" } }\n`,
    block: () => writeFile(inner, "a file where the folder should be"),
    unblock: () => rm(inner),
    log: () => readFile(log, "utf8"),
    key: async () => {
      const file = join(path, "seal-key")
      await writeFile(file, "f".repeat(64), { mode: 0o600 })
      return `file://${file}`
    },
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }),
  }
}

test("a store that is made and opened by hand records from its first request", { skip }, async () => {
  await using own = await place()
  const server = await startUnsealed({ plain: true, config: own.config })
  try {
    assert.equal((await call(server, { path: "sys/mounts", token: server.token })).status, 200)
    assert.match(await own.log(), /"path":"sys\/mounts"/)
  } finally {
    await server.stop()
  }
})

test("a store whose declared device cannot be opened stays sealed and says why, until it can", { skip }, async () => {
  await using own = await place()
  await own.block()
  const server = await start({ plain: true, config: own.config })
  try {
    const shares = { secret_shares: 1, secret_threshold: 1 }
    const made = fields((await call(server, { method: "PUT", path: "sys/init", body: shares })).json)
    const [key] = Array.isArray(made.keys) ? made.keys : []
    const unseal = () => call(server, { method: "PUT", path: "sys/unseal", body: { key } })
    const refused = await unseal()
    assert.equal(refused.status, 500)
    assert.match(refused.text, /the audit device \\"declared\/\\" cannot be used: EEXIST/)
    assert.equal((await call(server, { path: "sys/health" })).status, 503)
    await own.unblock()
    assert.equal(fields((await unseal()).json).sealed, false)
    await call(server, { path: "sys/mounts", token: String(made.root_token) })
    assert.match(await own.log(), /"path":"sys\/mounts"/)
  } finally {
    await server.stop()
  }
})

test("whoever makes a store with an auto seal gets its keys, even when it cannot be served yet", { skip }, async () => {
  await using own = await place()
  await own.block()
  const seal = `seal "static" { current_key_id = "1" current_key = "${await own.key()}" }`
  const server = await start({ plain: true, config: own.config + seal })
  try {
    const shares = { recovery_shares: 1, recovery_threshold: 1 }
    const made = fields((await call(server, { method: "PUT", path: "sys/init", body: shares })).json)
    assert.match(String(made.root_token), /^hvs\./)
    assert.equal((await call(server, { path: "sys/health" })).status, 503)
    await own.unblock()
    // It is tried again every five seconds.
    for (let tries = 0; tries < 60 && (await call(server, { path: "sys/health" })).status === 503; tries++)
      await new Promise(resolve => setTimeout(resolve, 500))
    assert.equal((await call(server, { path: "sys/mounts", token: String(made.root_token) })).status, 200)
    assert.match(await own.log(), /"path":"sys\/mounts"/)
  } finally {
    await server.stop()
  }
})
