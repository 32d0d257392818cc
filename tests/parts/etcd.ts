/** A real etcd cluster for tests: its own directory, its own ports, gone afterwards. */

import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { existsSync } from "node:fs"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { freePort } from "./port.ts"

export interface Etcd {
  /** `http://127.0.0.1:port`, one for each member. */
  readonly endpoints: readonly string[]
  /** Stops all members at once and removes their data. */
  stop(): Promise<void>
  /** The processes of its members. */
  pids(): number[]
  /** Sends a signal to a member: SIGKILL as a crash, SIGSTOP and SIGCONT as a pause. */
  signal(member: number, signal: NodeJS.Signals): Promise<void>
  /** Starts a member again on its data and ports. */
  resume(member: number): Promise<void>
}

const PROGRAM = "/usr/bin/etcd"

/** Why tests that need the server must be skipped here; undefined when they can run. */
export const missing = (): string | undefined =>
  existsSync(PROGRAM) ? undefined : "etcd is not installed (node tools/parts.ts installs it on Debian)"

interface Member {
  readonly name: string
  readonly clients: string
  readonly peers: string
}

/** Starts a cluster of `size` members. `extra`: more arguments for each. */
export async function start(size = 1, extra: readonly string[] = [], scheme = "http"): Promise<Etcd> {
  const folder = await mkdtemp(join(tmpdir(), "arca-etcd-"))
  const members: Member[] = []
  for (let nth = 0; nth < size; nth++) {
    const [clients, peers] = [await freePort(), await freePort()]
    members.push({
      name: `m${nth}`,
      clients: `${scheme}://127.0.0.1:${clients}`,
      peers: `http://127.0.0.1:${peers}`,
    })
  }
  const cluster = members.map(({ name, peers }) => `${name}=${peers}`).join(",")
  const run = (member: Member) => startMember(folder, member, cluster, extra)
  const running = await Promise.all(members.map(run))
  return {
    endpoints: members.map(({ clients }) => clients),
    pids: () => running.map(({ pid }) => pid ?? 0),
    signal: async (nth, signal) => {
      const one = running[nth]
      if (one !== undefined) await send(one, signal)
    },
    resume: async nth => {
      const member = members[nth]
      if (member !== undefined) running[nth] = await run(member)
    },
    stop: async () => {
      for (const one of running) one.kill("SIGCONT")
      await Promise.all(running.map(one => send(one, "SIGKILL")))
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function startMember(
  folder: string,
  { name, clients, peers }: Member,
  cluster: string,
  extra: readonly string[],
): Promise<ChildProcess> {
  const args = [
    ...["--name", name, "--data-dir", join(folder, name), "--logger", "zap", "--log-level", "info"],
    ...["--listen-client-urls", clients, "--advertise-client-urls", clients],
    ...["--listen-peer-urls", peers, "--initial-advertise-peer-urls", peers],
    ...["--initial-cluster", cluster, "--initial-cluster-token", folder],
    ...["--heartbeat-interval", "50", "--election-timeout", "500"],
    ...extra,
  ]
  const server = spawn(PROGRAM, args, { stdio: ["ignore", "ignore", "pipe"], cwd: folder })
  let log = ""
  await new Promise<void>((resolve, reject) => {
    server.stderr?.setEncoding("utf8").on("data", (text: string) => {
      log = (log + text).slice(-8000)
      if (/ready to serve client requests|serving client traffic/.test(log)) resolve()
    })
    server.once("error", reject)
    server.once("exit", code => reject(new Error(`etcd ended with status ${code}:\n${log}`)))
  })
  return server
}

async function send(server: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return
  const ended = signal === "SIGKILL" || signal === "SIGTERM" ? once(server, "exit") : undefined
  server.kill(signal)
  await ended
}
