/**
 * Runs every script beside this file against a server of our own. ARCA_SCRIPTS_ADDR, _TOKEN and _UNSEAL_KEY run them against
 * another one, such as the reference server.
 */

import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { globSync, readFileSync } from "node:fs"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { basename, join } from "node:path"
import { createInterface } from "node:readline"
import { after, before, test } from "node:test"
import { missing, type Server, start } from "../parts/postgresql.ts"
import { runScript } from "./script.ts"

/** Scripts that begin with `# needs postgresql` find one at $PG_PORT, with the user root, whose password is sesame. */
const noDatabase = (await missing()) ?? false
let database: Server | undefined
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
  await database?.stop()
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

async function databasePort(): Promise<number> {
  if (database !== undefined) return database.port
  database = await start({ password: "sesame" })
  const { default: pg } = await import("pg")
  const admin = new pg.Client({ connectionString: database.url })
  await admin.connect()
  await admin.query("CREATE ROLE root SUPERUSER LOGIN PASSWORD 'sesame'")
  await admin.query("CREATE DATABASE app")
  await admin.end()
  return database.port
}

for (const path of globSync(join(import.meta.dirname, "*.txt")).sort()) {
  const source = readFileSync(path, "utf8")
  const needsDatabase = source.startsWith("# needs postgresql")
  test(`the script ${basename(path)} runs as written`, { skip: needsDatabase && noDatabase }, async () => {
    const work = await mkdtemp(join(folder, "work-"))
    if (needsDatabase) env = { ...env, PG_PORT: String(await databasePort()) }
    await runScript(source, work, env)
  })
}
