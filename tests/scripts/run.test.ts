/**
 * Runs every script beside this file against a server of our own. ARCA_SCRIPTS_ADDR, _TOKEN and _UNSEAL_KEY run them against
 * another one, such as the reference server.
 */

import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { globSync } from "node:fs"
import { mkdtemp, readFile, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { basename, join } from "node:path"
import { createInterface } from "node:readline"
import { after, before, test } from "node:test"
import { runScript } from "./script.ts"

let server: ChildProcess | undefined
let folder = ""
let env: Record<string, string> = {}

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "arca-scripts-"))
  const { ARCA_SCRIPTS_ADDR: address, ARCA_SCRIPTS_TOKEN: token, ARCA_SCRIPTS_UNSEAL_KEY: key } = process.env
  env =
    address === undefined
      ? await startServer()
      : { VAULT_ADDR: address, VAULT_TOKEN: token ?? "", UNSEAL_KEY: key ?? "" }
})

after(async () => {
  if (server !== undefined) {
    server.kill("SIGTERM")
    if (server.exitCode === null) await once(server, "exit")
  }
  await rm(folder, { recursive: true })
})

async function startServer(): Promise<Record<string, string>> {
  const main = join(import.meta.dirname, "../../server/main.ts")
  const flags = ["-dev", "-dev-root-token-id=root", "-dev-no-store-token", "-dev-listen-address=127.0.0.1:0"]
  server = spawn(process.execPath, [main, ...flags], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, HOME: folder },
  })
  const found: Record<string, string> = { VAULT_TOKEN: "root" }
  if (server.stdout === null) throw new Error("the server has no output")
  for await (const line of createInterface(server.stdout)) {
    const address = /Listener 1: (http\S+)/.exec(line)?.[1]
    const key = /^Unseal Key: (\S+)/.exec(line)?.[1]
    if (address !== undefined) found.VAULT_ADDR = address
    if (key !== undefined) found.UNSEAL_KEY = key
    if (line.startsWith("Root Token:")) break
  }
  server.stdout.resume()
  return found
}

for (const path of globSync(join(import.meta.dirname, "*.txt")).sort()) {
  test(`the script ${basename(path)} runs as written`, async () => {
    const work = await mkdtemp(join(folder, "work-"))
    await runScript(await readFile(path, "utf8"), work, env)
  })
}
