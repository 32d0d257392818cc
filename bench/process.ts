/** Processes under measurement: started, asked for their processor time and memory, ended. */

import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { readdir, readFile } from "node:fs/promises"
import { createServer } from "node:net"
import { setTimeout } from "node:timers/promises"

export interface Measured extends AsyncDisposable {
  readonly url: string
  /** Processor seconds that it and its children have used. */
  cpu(): Promise<number>
  /** Bytes that it and its children hold. Shared pages of a memory map count in each of them, as the system does. */
  memory(): Promise<Memory>
  /** Itself and its children. */
  pids(): Promise<number[]>
  /** Milliseconds from the start of the process to its first answer. */
  readonly ready: number
}

export interface Memory {
  readonly resident: number
  /** Without the pages of mapped files, which the system takes back when it needs them. */
  readonly own: number
}

const READY_MILLISECONDS = 120_000

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1")
  await once(server, "listening")
  const address = server.address()
  server.close()
  await once(server, "close")
  if (address === null || typeof address === "string") throw new Error("no port to be had on 127.0.0.1")
  return address.port
}

/** Starts `node ...args`; it is ready when `isReady` says so. Disposing of it ends it with SIGTERM. */
export async function start(args: readonly string[], port: number, isReady: () => Promise<boolean>): Promise<Measured> {
  const started = performance.now()
  const child = spawn(process.execPath, args, { stdio: ["ignore", "ignore", "pipe"] })
  let printed = ""
  child.stderr.on("data", chunk => {
    printed = `${printed}${chunk}`.slice(-10_000)
  })
  while (!(await isReady().catch(() => false))) {
    if (child.exitCode !== null) throw new Error(`the process ended with ${child.exitCode}:\n${printed}`)
    if (performance.now() - started > READY_MILLISECONDS) throw new Error(`the process did not answer:\n${printed}`)
    await setTimeout(5)
  }
  return {
    url: `http://127.0.0.1:${port}`,
    ready: performance.now() - started,
    pids: () => family(child),
    cpu: () => over(child, cpuOf),
    memory: async () => ({ resident: await over(child, residentOf), own: await over(child, ownOf) }),
    [Symbol.asyncDispose]: () => end(child),
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, "exit")
  child.kill("SIGTERM")
  await gone
}

async function family(child: ChildProcess): Promise<number[]> {
  const pid = child.pid ?? 0
  return [pid, ...(await childrenOf(pid))]
}

async function over(child: ChildProcess, of: (pid: number) => Promise<number>): Promise<number> {
  const figures = await Promise.all((await family(child)).map(of))
  return figures.reduce((sum, one) => sum + one, 0)
}

async function childrenOf(pid: number): Promise<number[]> {
  const tasks = await readdir(`/proc/${pid}/task`)
  const lists = await Promise.all(tasks.map(task => readFile(`/proc/${pid}/task/${task}/children`, "utf8")))
  return lists.join(" ").split(" ").filter(Boolean).map(Number)
}

/** Clock ticks of /proc, which Linux fixes at 100 a second for programs. */
const TICKS = 100

async function cpuOf(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8")
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ")
  return (Number(fields[11]) + Number(fields[12])) / TICKS
}

const statusOf = async (pid: number, name: string): Promise<number> => {
  const status = await readFile(`/proc/${pid}/status`, "utf8")
  return Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(status)?.[1] ?? 0) * 1024
}

const residentOf = (pid: number) => statusOf(pid, "VmRSS")
const ownOf = (pid: number) => statusOf(pid, "RssAnon")
