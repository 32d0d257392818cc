/**
 * `npm run bench:leases`: how late leases end, on LMDB, with many of them out. What is measured is the index of time, the store
 * and the background work, as a server runs it: of leases without an outside, and of those with one that answers at once. A lease has
 * ended when its being gone is durable.
 *
 *     npm run bench:leases                                100,000 leases out, 10,000 of them due in the same second
 *     npm run bench:leases -- --outstanding=1000000 --due=10000 --steady=200
 *
 * How start-up and memory depend on what lies in the store is told by `npm run bench:start`.
 */

import { randomBytes } from "node:crypto"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout } from "node:timers/promises"
import { parseArgs } from "node:util"
import { lmdbStorage } from "@arca/storage/lmdb"
import { assemble } from "../server/assemble.ts"
import { auditBroker } from "../server/audit/index.ts"
import { JOB_MILLISECONDS } from "../server/daemon.ts"
import { background } from "../server/jobs.ts"
import { type LeaseEntry, writeLease } from "../server/leases.ts"
import { type MountEntry, mountTable, writeMounts } from "../server/mounts.ts"
import { ROOT } from "../server/namespaces.ts"
import type { AnyEngine, Server } from "../server/server.ts"
import { newMount } from "../server/sys/mounts.ts"
import { reading, transact } from "../server/transact.ts"

const { values: flags } = parseArgs({
  options: {
    outstanding: { type: "string", default: "100000" },
    due: { type: "string", default: "10000" },
    steady: { type: "string", default: "200" },
  },
})

const [OUTSTANDING, DUE, STEADY] = [Number(flags.outstanding), Number(flags.due), Number(flags.steady)]
const STEADY_SECONDS = 15
const BATCH = 1000

const now = (): number => Date.now() / 1000

interface Ended {
  readonly dueAt: number
  readonly endedAt: number
}

type Kind = "bare" | "outside"

/** Leases that are only kept, and such that something outside depends on. */
const engine: AnyEngine = {
  kind: "secret",
  type: "noting",
  summary: "Has leases.",
  routes: [],
  leases: [{ name: "bare" }, { name: "outside", revoke: async () => {} }],
}

function lease(mount: MountEntry, kind: Kind, n: number, dueAt: number): LeaseEntry {
  return {
    id: `noting/creds/${Math.round(dueAt * 1000)}/${n.toString(36).padStart(24, "0")}`,
    namespace: ROOT.id,
    mount: mount.uuid,
    kind,
    data: {},
    state: "active",
    token: "",
    issuedAt: now(),
    expiresAt: dueAt,
    dueAt,
    maxTtl: 0,
    ttl: 3600,
    renewable: true,
    lastRenewal: 0,
    attempts: 0,
  }
}

let written = 0

interface Wish {
  readonly kind: Kind
  readonly count: number
  readonly dueAt: (n: number) => number
}

async function write(server: Server, mount: MountEntry, { kind, count, dueAt }: Wish): Promise<void> {
  for (let from = 0; from < count; from += BATCH) {
    await transact(server, async view => {
      for (let n = from; n < Math.min(from + BATCH, count); n++)
        writeLease(view, lease(mount, kind, written + n, dueAt(n)))
    })
  }
  written += count
}

function told(name: string, ended: readonly Ended[]): void {
  const lags = ended.map(one => one.endedAt - one.dueAt).sort((a, b) => a - b)
  const at = (share: number) =>
    (lags[Math.min(lags.length - 1, Math.floor(share * lags.length))] ?? Number.NaN).toFixed(2)
  process.stdout.write(
    `${name}: ${ended.length} leases ended, late by ${at(0.5)} s (p50), ${at(0.99)} s (p99), ${at(1)} s (max)\n`,
  )
}

async function main(): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), "arca-bench-leases-"))
  const inner = await lmdbStorage({ path: dir })
  const clock = { now: () => Date.now(), after: () => () => {} }
  const server = assemble({ inner, audit: auditBroker([], clock), now, random: randomBytes, engines: [engine] })
  try {
    await open(server)
    const mount = newMount({ random: randomBytes }, "secret", "noting/", "noting", {})
    const mounts = await reading(server, async view => mountTable(view, ROOT))
    await transact(server, async view => writeMounts(view, ROOT, [...mounts.all, mount]))
    const started = now()
    await write(server, mount, { kind: "bare", count: OUTSTANDING, dueAt: n => now() + 3600 + (n % 86_400) })
    process.stdout.write(`${OUTSTANDING} leases written in ${(now() - started).toFixed(1)} s, due later\n`)
    await watch(server, mount)
  } finally {
    await inner[Symbol.asyncDispose]()
    await rm(dir, { recursive: true, force: true })
  }
}

async function open(server: Server): Promise<void> {
  const made = await server.seal.init({ secret_shares: 1, secret_threshold: 1 })
  const { keys } = made as { keys: string[] }
  await server.seal.unseal({ key: keys[0], reset: false, migrate: false })
}

async function watch(server: Server, mount: MountEntry): Promise<void> {
  const ended: Ended[] = []
  void note(server, await server.storage.version(), ended)
  const jobs = background(server)
  let over = false
  const ticking = (async () => {
    while (!over) {
      void jobs.round()
      await setTimeout(JOB_MILLISECONDS)
    }
  })()
  const soon = now() + 3
  const steady = STEADY * STEADY_SECONDS
  await write(server, mount, { kind: "outside", count: steady, dueAt: n => soon + n / STEADY })
  await until(() => ended.length >= steady)
  told(`${STEADY} due in each second`, ended.splice(0))
  for (const kind of ["bare", "outside"] as const) await burst(server, mount, kind, ended)
  over = true
  await ticking
  await jobs.idle()
}

async function burst(server: Server, mount: MountEntry, kind: Kind, ended: Ended[]): Promise<void> {
  const dueAt = Math.ceil(now()) + 5
  await write(server, mount, { kind, count: DUE, dueAt: () => dueAt })
  await until(() => now() >= dueAt)
  const before = process.cpuUsage()
  await until(() => ended.length >= DUE)
  const { user, system } = process.cpuUsage(before)
  const spent = (user + system) / DUE
  process.stdout.write(`drained in ${(now() - dueAt).toFixed(1)} s, ${spent.toFixed(0)} µs of CPU for each\n`)
  told(`${DUE} due in the same second, ${kind}`, ended.splice(0))
}

/** Notes each lease that is gone. */
async function note(server: Server, since: number, ended: Ended[]): Promise<void> {
  for await (const { kind, key } of server.storage.changes(since)) {
    const [, dueAt] = /\/lease\/id\/noting\/creds\/(\d+)\//.exec(key) ?? []
    if (kind === "delete" && dueAt !== undefined) ended.push({ dueAt: Number(dueAt) / 1000, endedAt: now() })
  }
}

async function until(done: () => boolean): Promise<void> {
  const deadline = now() + 300
  while (!done()) {
    if (now() > deadline) throw new Error("the leases do not end")
    await setTimeout(20)
  }
}

await main()
