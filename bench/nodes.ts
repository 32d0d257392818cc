/**
 * What a request costs on a cluster, for sizing one: `node bench/nodes.ts [seconds]`. One, two and three nodes on one PostgreSQL
 * and on one etcd, all on this machine, with clients that read and write secrets (KV 2, 200 bytes).
 *
 * Requests a second say little on a machine that does other work besides. So the processor time that nodes and store have used is
 * counted (from /proc), and divided by the requests: what a core can serve does not depend on who else is running.
 */

import { readdir, readFile } from "node:fs/promises"
import { asker, must, startCluster } from "../tests/cluster/nodes.ts"
import { missing, type StoreType, startStore } from "../tests/cluster/stores.ts"

interface Row {
  readonly store: string
  readonly nodes: number
  readonly request: string
  readonly perSecond: number
  /** Processor time of a request, in milliseconds. */
  readonly nodeMs: number
  readonly storeMs: number
  /** Requests a second that one core of a node, and one of the store, can take. */
  readonly perNodeCore: number
  readonly perStoreCore: number
  readonly p99Ms: number
}

const CLIENTS = 24
const SECRETS = 200
/** /proc counts in hundredths of a second on every Linux that Node runs on. */
const TICK_MS = 10

/** Processor time of processes and their children, in milliseconds. */
async function cpuOf(pids: readonly number[]): Promise<number> {
  const all: { readonly pid: number; readonly parent: number; readonly ms: number }[] = []
  for (const name of await readdir("/proc")) {
    if (!/^\d+$/.test(name)) continue
    const stat = await readFile(`/proc/${name}/stat`, "utf8").catch(() => "")
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ")
    const ms = (Number(fields[11]) + Number(fields[12])) * TICK_MS
    all.push({ pid: Number(name), parent: Number(fields[1]), ms })
  }
  return all.filter(one => pids.includes(one.pid) || pids.includes(one.parent)).reduce((sum, { ms }) => sum + ms, 0)
}

async function measure(type: StoreType, seconds: number): Promise<Row[]> {
  const store = await startStore(type, 3)
  const cluster = await startCluster(store, 3)
  const rows: Row[] = []
  try {
    const { root: token } = cluster
    await must(cluster, {
      method: "POST",
      path: "sys/mounts/kv",
      token,
      body: { type: "kv", options: { version: "2" } },
    })
    const value = "x".repeat(200)
    const path = () => `kv/data/app/${Math.floor(Math.random() * SECRETS)}`
    for (let nth = 0; nth < SECRETS; nth++)
      await must(cluster, { method: "POST", path: `kv/data/app/${nth}`, token, body: { data: { value } } })
    const requests = {
      read: () => ({ method: "GET", path: path(), token }) as const,
      write: () => ({ method: "POST", path: path(), token, body: { data: { value } } }) as const,
    }
    for (const nodes of [1, 2, 3]) {
      for (const [request, make] of Object.entries(requests)) {
        const ask = asker()
        const times: number[] = []
        const until = performance.now() + seconds * 1000
        const before = [await cpuOf(cluster.pids()), await cpuOf(store.pids())] as const
        const client = async (id: number) => {
          for (;;) {
            const began = performance.now()
            if (began > until) return
            const told = await ask(cluster.urls[id % nodes] ?? "", make())
            if (told?.status === 200) times.push(performance.now() - began)
          }
        }
        await Promise.all(Array.from({ length: CLIENTS }, (_, id) => client(id)))
        const nodeMs = ((await cpuOf(cluster.pids())) - before[0]) / times.length
        const storeMs = ((await cpuOf(store.pids())) - before[1]) / times.length
        times.sort((a, b) => a - b)
        rows.push({
          store: type,
          nodes,
          request,
          perSecond: Math.round(times.length / seconds),
          nodeMs: Number(nodeMs.toFixed(2)),
          storeMs: Number(storeMs.toFixed(2)),
          perNodeCore: Math.round(1000 / nodeMs),
          perStoreCore: Math.round(1000 / storeMs),
          p99Ms: Math.round(times[Math.floor(times.length * 0.99)] ?? 0),
        })
      }
    }
    return rows
  } finally {
    await cluster.stop()
    await store.stop()
  }
}

const seconds = Number(process.argv[2] ?? 10)
for (const type of ["postgresql", "etcd"] satisfies StoreType[]) {
  const lack = await missing(type)
  if (lack === undefined) console.table(await measure(type, seconds))
  else console.error(lack)
}
