/**
 * `npm run bench:leases`: how late leases end, on LMDB, with many of them out. The engine has no outside: what is measured is
 * the index of time, the store and the background work, as a server runs it.
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

/** An engine whose leases note when they end. */
function noting(ended: Ended[]): AnyEngine {
  return {
    kind: "secret",
    type: "noting",
    summary: "Notes when its leases end.",
    routes: [],
    leases: [
      {
        name: "noted",
        revoke: async (data: { readonly dueAt: number }) => void ended.push({ dueAt: data.dueAt, endedAt: now() }),
      },
    ],
  }
}

function lease(mount: MountEntry, n: number, dueAt: number): LeaseEntry {
  return {
    id: `noting/creds/app/${n.toString(36).padStart(24, "0")}`,
    namespace: ROOT.id,
    mount: mount.uuid,
    kind: "noted",
    data: { dueAt },
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

async function write(server: Server, mount: MountEntry, count: number, dueAt: (n: number) => number): Promise<void> {
  for (let from = 0; from < count; from += BATCH) {
    await transact(server, async view => {
      for (let n = from; n < Math.min(from + BATCH, count); n++) writeLease(view, lease(mount, written + n, dueAt(n)))
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
  const ended: Ended[] = []
  const clock = { now: () => Date.now(), after: () => () => {} }
  const server = assemble({ inner, audit: auditBroker([], clock), now, random: randomBytes, engines: [noting(ended)] })
  try {
    await open(server)
    const mount = newMount({ random: randomBytes }, "secret", "noting/", "noting", {})
    const mounts = await reading(server, async view => mountTable(view, ROOT))
    await transact(server, async view => writeMounts(view, ROOT, [...mounts.all, mount]))
    const started = now()
    await write(server, mount, OUTSTANDING, n => now() + 3600 + (n % 86_400))
    process.stdout.write(`${OUTSTANDING} leases written in ${(now() - started).toFixed(1)} s, due later\n`)
    await watch(server, mount, ended)
  } finally {
    await inner[Symbol.asyncDispose]()
    await rm(dir, { recursive: true, force: true })
  }
}

async function open(server: Server): Promise<void> {
  const wishes = {
    pgp_keys: [],
    root_token_pgp_key: undefined,
    recovery_shares: undefined,
    recovery_threshold: undefined,
  }
  const made = await server.seal.init({
    ...wishes,
    secret_shares: 1,
    secret_threshold: 1,
    recovery_pgp_keys: [],
    stored_shares: undefined,
  })
  const { keys } = made as { keys: string[] }
  await server.seal.unseal({ key: keys[0], reset: false, migrate: false })
}

async function watch(server: Server, mount: MountEntry, ended: Ended[]): Promise<void> {
  const jobs = background(server)
  let over = false
  const ticking = (async () => {
    while (!over) {
      void jobs.round()
      await setTimeout(JOB_MILLISECONDS)
    }
  })()
  const soon = now() + 3
  await write(server, mount, STEADY * STEADY_SECONDS, n => soon + n / STEADY)
  await until(() => ended.length >= STEADY * STEADY_SECONDS)
  told(`${STEADY} due in each second`, ended.splice(0))
  const burst = Math.ceil(now()) + 5
  await write(server, mount, DUE, () => burst)
  await until(() => ended.length >= DUE)
  process.stdout.write(`drained in ${(now() - burst).toFixed(1)} s\n`)
  told(`${DUE} due in the same second`, ended.splice(0))
  over = true
  await ticking
  await jobs.idle()
}

async function until(done: () => boolean): Promise<void> {
  const deadline = now() + 300
  while (!done()) {
    if (now() > deadline) throw new Error("the leases do not end")
    await setTimeout(20)
  }
}

await main()
