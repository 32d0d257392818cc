/**
 * `npm run bench:workers`: how reads and writes grow with the workers of one machine, on a machine with few cores. Each worker is
 * given a part of a core (a control group's quota), so that the cores are not what ends the growth: what is left are the locks
 * and files that workers share. Needs root.
 *
 *     npm run bench:workers -- --workers=1,2,4 --share=0.2 --seconds=5
 */

import { mkdir, rmdir, stat, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { setTimeout } from "node:timers/promises"
import { parseArgs } from "node:util"
import { makeStore, putSecrets, startArca } from "./arca.ts"
import { kvShots, load, type Rate, wrkIsThere } from "./load.ts"

const { values: flags } = parseArgs({
  options: {
    workers: { type: "string", default: "1,2,4" },
    share: { type: "string", default: "0.2" },
    seconds: { type: "string", default: "5" },
    connections: { type: "string", default: "64" },
  },
})

const PERIOD_MICROSECONDS = 10_000

/** A control group in which a process gets at most `share` of a core; disposing of it needs the process to be gone. */
async function limited(pid: number, share: number): Promise<AsyncDisposable> {
  const first = await stat("/sys/fs/cgroup/cpu").catch(() => undefined)
  const dir = join(first === undefined ? "/sys/fs/cgroup" : "/sys/fs/cgroup/cpu", `arca-bench-${pid}`)
  const quota = Math.round(PERIOD_MICROSECONDS * share)
  await mkdir(dir)
  if (first === undefined) await writeFile(join(dir, "cpu.max"), `${quota} ${PERIOD_MICROSECONDS}`)
  else {
    await writeFile(join(dir, "cpu.cfs_period_us"), String(PERIOD_MICROSECONDS))
    await writeFile(join(dir, "cpu.cfs_quota_us"), String(quota))
  }
  await writeFile(join(dir, "cgroup.procs"), String(pid))
  return { [Symbol.asyncDispose]: () => rmdir(dir) }
}

/** Requests a second, by the name of the request. */
async function measured(workers: number, share: number): Promise<Map<string, Rate>> {
  const store = await makeStore()
  await using groups = new AsyncDisposableStack()
  groups.defer(() => store.remove())
  const rates = new Map<string, Rate>()
  {
    await using arca = await startArca(store, workers)
    await putSecrets(arca)
    const pids = await arca.pids()
    // With several workers the first process only watches over them.
    for (const pid of workers === 1 ? pids : pids.slice(1)) groups.use(await limited(pid, share))
    for (const shot of kvShots(arca.token)) {
      await load(arca.url, shot, Number(flags.connections), 2)
      rates.set(shot.name, await load(arca.url, shot, Number(flags.connections), Number(flags.seconds)))
    }
  }
  // A group is empty a moment after its process has ended.
  await setTimeout(200)
  return rates
}

if (!wrkIsThere()) throw new Error("The benchmark makes its load with wrk: apt-get install wrk")
const share = Number(flags.share)
let alone: Map<string, Rate> | undefined
process.stdout.write(`each worker has ${share} of a core\nworkers  request      requests/s   times one worker\n`)
for (const workers of flags.workers.split(",").map(Number)) {
  const rates = await measured(workers, share)
  alone ??= rates
  for (const [name, { perSecond }] of rates) {
    const times = perSecond / (alone.get(name)?.perSecond ?? Number.NaN)
    process.stdout.write(
      `${String(workers).padStart(7)}  ${name.padEnd(12)} ${perSecond.toFixed(0).padStart(10)} ${times.toFixed(2).padStart(18)}\n`,
    )
  }
}
