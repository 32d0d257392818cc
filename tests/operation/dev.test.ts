/** What a newcomer types first: a development server, a secret written, the secret read. */

import assert from "node:assert/strict"
import { type ChildProcess, execFile, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtemp, readFile, rm, stat } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { createInterface } from "node:readline"
import { after, before, test } from "node:test"
import { promisify } from "node:util"

const run = promisify(execFile)
const root = resolve(import.meta.dirname, "../..")
let home = ""

before(async () => {
  home = await mkdtemp(join(tmpdir(), "arca-dev-"))
})

after(() => rm(home, { recursive: true, force: true }))

interface Dev extends AsyncDisposable {
  readonly printed: string
  readonly environment: NodeJS.ProcessEnv
}

/** Starts `arca server -dev` with its home in the test's own folder, and waits for its last line. */
async function dev(...flags: string[]): Promise<Dev> {
  const { VAULT_TOKEN: _t, VAULT_ADDR: _a, ...outside } = process.env
  const env = { ...outside, HOME: home }
  const args = ["server", "-dev", "-dev-listen-address=127.0.0.1:0", ...flags]
  const child = spawn(process.execPath, [join(root, "bin/arca"), ...args], {
    stdio: ["ignore", "pipe", "inherit"],
    env,
  })
  let printed = ""
  for await (const line of createInterface(child.stdout)) {
    printed += `${line}\n`
    if (line.startsWith("Development mode")) break
  }
  child.stdout.resume()
  const address = /Listener 1: (http\S+)/.exec(printed)?.[1]
  assert.ok(address !== undefined, `the server printed no address:\n${printed}`)
  const caFile = /VAULT_CACERT='([^']+)'/.exec(printed)?.[1]
  const trust = caFile === undefined ? {} : { VAULT_CACERT: caFile }
  const environment = { ...env, VAULT_ADDR: address, ...trust }
  return { printed, environment, [Symbol.asyncDispose]: () => ended(child) }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode === null) {
    child.kill("SIGTERM")
    await once(child, "exit")
  }
  assert.equal(child.exitCode, 0)
}

const arca = async ({ environment }: Dev, ...args: string[]): Promise<string> =>
  (await run(process.execPath, [join(root, "bin/arca"), ...args], { env: environment })).stdout

test("the token is where the command line looks for it, and a secret written is a secret read", async () => {
  await using server = await dev()
  const token = /^Root Token: (\S+)$/m.exec(server.printed)?.[1]
  assert.match(server.printed, /^Unseal Key: \S{44}$/m)
  assert.equal(await readFile(join(home, ".vault-token"), "utf8"), token)
  assert.equal((await stat(join(home, ".vault-token"))).mode & 0o777, 0o600)
  await arca(server, "kv", "put", "secret/db", "password=correct-horse")
  assert.equal(await arca(server, "kv", "get", "-field=password", "secret/db"), "correct-horse")
})

test("flags choose the token, the version of kv, and TLS; the token file is left alone", async () => {
  await rm(join(home, ".vault-token"), { force: true })
  await using server = await dev("-dev-root-token-id=root", "-dev-no-store-token", "-dev-kv-v1", "-dev-tls")
  await assert.rejects(stat(join(home, ".vault-token")), { code: "ENOENT" })
  server.environment.VAULT_TOKEN = "root"
  assert.match(server.environment.VAULT_ADDR ?? "", /^https:/)
  await arca(server, "kv", "put", "secret/db", "password=correct-horse")
  assert.match(await arca(server, "read", "secret/db"), /password\s+correct-horse/)
})
