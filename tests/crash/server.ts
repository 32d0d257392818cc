/** A server that can be killed and started again on the same store. */

import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { setTimeout } from "node:timers/promises"
import { call, fields, type Reply } from "../parts/arca.ts"
import { freePort } from "../parts/port.ts"

export interface Mortal {
  readonly url: string
  readonly token: string
  /** What it has printed since its last start. */
  readonly log: () => string
  /** How often it has said something, in all its lives. */
  said(text: string): number
  /** Starts it and opens its store; resolves when it answers, or was killed before. */
  start(): Promise<void>
  /** Resolves when it is open. */
  open(): Promise<void>
  /** Ends it in the middle of whatever it does. */
  kill(): Promise<void>
  /** Seconds that it was up and open, until now. */
  up(): number
  ask(method: string, path: string, body?: unknown): Promise<Reply>
  remove(): Promise<void>
}

const MAIN = resolve(import.meta.dirname, "../../server/main.ts")

/** Makes a server with a store of its own, started and open. */
export async function mortalServer(): Promise<Mortal> {
  const dir = await mkdtemp(join(tmpdir(), "arca-crash-"))
  const port = await freePort()
  const file = join(dir, "server.hcl")
  await writeFile(
    file,
    `storage "lmdb" { path = "${dir}/store" }\nlistener "tcp" {\n  address = "127.0.0.1:${port}"\n  tls_disable = true\n}\nlog_level = "warn"\n`,
  )
  const at = { url: `http://127.0.0.1:${port}`, caFile: "" }
  // What is compiled once need not be at each of some hundred starts; it is written when a process ends by itself.
  const env = { ...process.env, NODE_COMPILE_CACHE: join(dir, "compiled") }
  let child: ChildProcess | undefined
  /** It hears of its end before we hear that it has ended. */
  let dying: ChildProcess | undefined
  let printed = ""
  let before = ""
  let share = ""
  let token = ""
  let openSince: number | undefined
  let opening = Promise.withResolvers<void>()
  let upBefore = 0
  const now = () => performance.now() / 1000
  const ask = (method: string, path: string, body?: unknown) => call(at, { method, path, token, body })

  const start = async () => {
    before += printed
    printed = ""
    const started = spawn(process.execPath, [MAIN, "-config", file], { stdio: ["ignore", "pipe", "pipe"], env })
    child = started
    for (const stream of [started.stdout, started.stderr]) stream.on("data", chunk => (printed += chunk))
    const sealed = await answerOf(started, () => ask("GET", "sys/seal-status"))
    if (sealed === undefined) return
    if (share === "") {
      const made = fields((await ask("PUT", "sys/init", { secret_shares: 1, secret_threshold: 1 })).json)
      share = String(Array.isArray(made.keys) ? made.keys[0] : "")
      token = String(made.root_token)
    }
    const opened = await ask("PUT", "sys/unseal", { key: share }).catch(() => undefined)
    if (dying === started) return
    if (fields(opened?.json).sealed !== false) throw new Error(`The server does not open: ${opened?.text}\n${printed}`)
    openSince = now()
    opening.resolve()
  }

  /** What a starting process answers at last; undefined when it was killed before. */
  const answerOf = async (started: ChildProcess, request: () => Promise<Reply>): Promise<Reply | undefined> => {
    for (let tries = 0; ; tries++) {
      const answer = await request().catch(() => undefined)
      if (dying === started) return undefined
      if (started.exitCode !== null || started.signalCode !== null || tries > 3000)
        throw new Error(`The server does not start:\n${printed}`)
      if (answer !== undefined) return answer
      await setTimeout(10)
    }
  }

  const end = async (signal: NodeJS.Signals) => {
    if (openSince !== undefined) {
      upBefore += now() - openSince
      opening = Promise.withResolvers()
    }
    openSince = undefined
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const gone = once(child, "exit")
    dying = child
    child.kill(signal)
    await gone
  }

  await start()
  await end("SIGTERM")
  await start()
  return {
    url: at.url,
    token,
    log: () => printed,
    said: text => (before + printed).split(text).length - 1,
    start,
    open: () => opening.promise,
    kill: () => end("SIGKILL"),
    up: () => upBefore + (openSince === undefined ? 0 : now() - openSince),
    ask,
    remove: async () => {
      await end("SIGKILL")
      await rm(dir, { recursive: true, force: true })
    },
  }
}
