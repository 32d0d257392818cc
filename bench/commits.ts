/**
 * What the disk allows: commits a second of the bare store, each of the two entries that a KV v2 write makes, without a server.
 * `node bench/commits.ts DIR SECONDS WRITERS` prints `{ perSecond, cpu }` in JSON; `cpu` is microseconds for each commit.
 */

import { lmdbStorage } from "../storage/lmdb.ts"

const [path = "", seconds = "3", writers = "64"] = process.argv.slice(2)
const MOUNT = "ns/root/mount/00000000-0000-0000-0000-000000000000"
const entry = Buffer.alloc(300, 7)

await using storage = await lmdbStorage({ path })
let commits = 0

async function write(writer: number, until: number): Promise<void> {
  for (let nth = 0; performance.now() < until; nth++) {
    using view = storage.view()
    view.put(`${MOUNT}/meta/${writer}/${nth}`, entry)
    view.put(`${MOUNT}/data/1/${writer}/${nth}`, entry)
    await storage.commit(view)
    commits++
  }
}

const began = performance.now()
const used = process.cpuUsage()
await Promise.all(Array.from({ length: Number(writers) }, (_, nth) => write(nth, began + Number(seconds) * 1000)))
const { user, system } = process.cpuUsage(used)
const perSecond = (commits * 1000) / (performance.now() - began)
process.stdout.write(`${JSON.stringify({ perSecond, cpu: (user + system) / commits })}\n`)
