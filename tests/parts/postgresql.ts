/** A real PostgreSQL server for tests: its own directory, its own port, gone afterwards. */

import { type ChildProcess, spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import { chown, mkdtemp, readdir, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { freePort } from "./port.ts"

export interface Server {
  /** `postgres://postgres@127.0.0.1:port/postgres` */
  readonly url: string
  readonly port: number
  /** The process of the server. */
  pid(): number
  /** Stops the server at once and removes its data. */
  stop(): Promise<void>
  /** Ends the server as a crash would; its data remains. */
  crash(): Promise<void>
  /** Starts it again on the same data and port. */
  resume(): Promise<void>
}

/** Where Debian keeps the server's programs; undefined when it is not installed. */
export async function programs(): Promise<string | undefined> {
  const root = "/usr/lib/postgresql"
  const versions = await readdir(root).catch(() => [])
  const newest = versions
    .map(Number)
    .filter(Number.isFinite)
    .sort((a, b) => b - a)[0]
  return newest === undefined ? undefined : join(root, String(newest), "bin")
}

/** Why tests that need the server must be skipped here; undefined when they can run. */
export async function missing(): Promise<string | undefined> {
  if ((await programs()) === undefined) return "PostgreSQL is not installed (node tools/parts.ts installs it on Debian)"
  if (process.getuid?.() === 0 && spawnSync("id", ["postgres"]).status !== 0)
    return 'There is no user "postgres" to run it'
  return undefined
}

/**
 * Starts a server with a database `postgres` that its superuser (`postgres`) may enter from this machine: without a password, or with
 * the one that is given. `args` go to the server.
 */
export async function start(
  options: { readonly password?: string; readonly user?: string; readonly args?: readonly string[] } = {},
): Promise<Server> {
  const bin = await programs()
  if (bin === undefined) throw new Error(await missing())
  const data = await mkdtemp(join(tmpdir(), "arca-postgresql-"))
  await own(data)
  const superuser = options.user ?? "postgres"
  await initialise(bin, data, superuser, options.password)
  const port = await freePort()
  const args = options.args ?? []
  let server = await run(bin, data, port, args)
  const user = options.password === undefined ? superuser : `${superuser}:${encodeURIComponent(options.password)}`
  return {
    url: `postgres://${user}@127.0.0.1:${port}/postgres`,
    port,
    pid: () => server.pid ?? 0,
    crash: () => end(server, "SIGQUIT"),
    resume: async () => {
      server = await run(bin, data, port, args)
    },
    stop: async () => {
      await end(server, "SIGQUIT")
      await rm(data, { recursive: true, force: true })
    },
  }
}

async function initialise(bin: string, data: string, user: string, password: string | undefined): Promise<void> {
  const auth = password === undefined ? "trust" : "scram-sha-256"
  const file = join(tmpdir(), `arca-postgresql-password-${process.pid}`)
  if (password !== undefined) {
    await writeFile(file, `${password}\n`)
    await own(file)
  }
  const given = password === undefined ? [] : [`--pwfile=${file}`]
  const args = ["-D", data, "-U", user, "-A", auth, "-E", "UTF8", "--no-sync", ...given]
  const [code] = await once(asPostgres(join(bin, "initdb"), args), "exit")
  await rm(file, { force: true })
  if (code !== 0) throw new Error(`initdb failed with status ${code}`)
}

/** Gives a file to the user that runs the server. */
export async function own(directory: string): Promise<void> {
  if (process.getuid?.() !== 0) return
  const id = (flag: string) => Number(spawnSync("id", [flag, "postgres"], { encoding: "utf8" }).stdout)
  await chown(directory, id("-u"), id("-g"))
}

/** The server refuses to run as root. */
function asPostgres(program: string, args: string[]): ChildProcess {
  const [command, all] =
    process.getuid?.() === 0
      ? ["setpriv", ["--reuid=postgres", "--regid=postgres", "--clear-groups", program, ...args]]
      : [program, args]
  return spawn(command, all, { stdio: ["ignore", "ignore", "pipe"], cwd: "/" })
}

async function run(bin: string, data: string, port: number, extra: readonly string[]): Promise<ChildProcess> {
  const server = asPostgres(join(bin, "postgres"), [
    ...["-D", data, "-p", String(port), "-h", "127.0.0.1", "-k", data, ...extra],
  ])
  let log = ""
  await new Promise<void>((resolve, reject) => {
    server.stderr?.setEncoding("utf8").on("data", (text: string) => {
      log = (log + text).slice(-4000)
      if (log.includes("ready to accept connections")) resolve()
    })
    server.once("exit", code => reject(new Error(`PostgreSQL ended with status ${code}:\n${log}`)))
  })
  return server
}

async function end(server: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return
  const ended = once(server, "exit")
  server.kill(signal)
  await ended
}
