/**
 * `npm run bench`: how many requests a second the server answers on LMDB with a file audit device, beside a floor that
 * answers the same bytes and does nothing else. The two take turns, so that a machine whose speed drifts slows both; the
 * ratio is what counts. Processor time for each request is told as well: it hardly depends on what else is running.
 *
 *     npm run bench                     one worker
 *     npm run bench -- --workers=2      several workers on one store, and as many on the floor
 *     npm run bench -- --seconds=5 --rounds=5 --connections=64 --only=read
 */

import { execFile } from "node:child_process"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { parseArgs, promisify } from "node:util"
import { type BenchServer, makeStore, putSecrets, startArca } from "./arca.ts"
import { kvShots, load, type Rate, type Shot, WRITE, wrkIsThere } from "./load.ts"
import { freePort, type Measured, start } from "./process.ts"

const run = promisify(execFile)

const { values: flags } = parseArgs({
  options: {
    workers: { type: "string", default: "1" },
    seconds: { type: "string", default: "3" },
    rounds: { type: "string", default: "3" },
    connections: { type: "string", default: "64" },
    only: { type: "string", default: "" },
  },
})

/** One kind of load, measured: on the server, on the floor. */
interface Row {
  readonly name: string
  readonly ours: Figures
  readonly floor: Figures
}

interface Figures extends Rate {
  /** Processor microseconds for each request. */
  readonly cpu: number
}

async function main(): Promise<void> {
  if (!wrkIsThere()) {
    process.stderr.write("The benchmark makes its load with wrk: apt-get install wrk\n")
    process.exitCode = 1
    return
  }
  const workers = Number(flags.workers)
  const store = await makeStore()
  try {
    await using arca = await startArca(store, workers)
    const rows: Row[] = []
    for (const shot of await prepare(arca)) {
      if (!shot.name.includes(flags.only)) continue
      const row = await measure(arca, shot, workers)
      rows.push(row)
      process.stdout.write(rows.length === 1 ? `${HEAD}\n${line(row)}\n` : `${line(row)}\n`)
    }
    if (rows.some(row => row.name === WRITE)) process.stdout.write(`${await bareStore()}\n`)
    const { resident, own } = await arca.memory()
    process.stdout.write(
      `\nmemory after it: ${megabytes(resident)} resident, ${megabytes(own)} without mapped files; workers: ${workers}\n`,
    )
  } finally {
    await store.remove()
  }
}

/** Fills the store with what the requests ask for. */
async function prepare(arca: BenchServer): Promise<Shot[]> {
  await arca.ask("PUT", "sys/policies/acl/bench", {
    policy: 'path "secret/data/*" { capabilities = ["create", "read", "update"] }',
  })
  const made = await arca.ask("POST", "auth/token/create", { policies: ["bench"], ttl: "24h" })
  const token: string = JSON.parse(made.text).auth.client_token
  await putSecrets(arca)
  await arca.ask("POST", "sys/auth/approle", { type: "approle" })
  await arca.ask("POST", "auth/approle/role/bench", { token_policies: ["bench"], token_ttl: "1h" })
  const role = JSON.parse((await arca.ask("GET", "auth/approle/role/bench/role-id")).text).data.role_id
  const id = JSON.parse((await arca.ask("POST", "auth/approle/role/bench/secret-id", {})).text).data.secret_id
  const shot = (name: string, method: Shot["method"], path: string, body = ""): Shot => ({
    name,
    method,
    path: `/v1/${path}`,
    body,
    spread: 1,
    token,
  })
  return [
    ...kvShots(token),
    shot("token lookup-self", "GET", "auth/token/lookup-self"),
    {
      ...shot("approle login", "POST", "auth/approle/login", JSON.stringify({ role_id: role, secret_id: id })),
      token: "",
    },
  ]
}

/** Rounds in turn: floor, server, floor, server …; the median of each. */
async function measure(arca: BenchServer, shot: Shot, workers: number): Promise<Row> {
  await using folder = await temporary()
  await using floor = await startFloor(folder.path, await sample(arca, shot), workers)
  const ours: Figures[] = []
  const theirs: Figures[] = []
  await round(arca, shot, 1)
  await round(floor, shot, 1)
  for (let n = 0; n < Number(flags.rounds); n++) {
    theirs.push(await round(floor, shot, Number(flags.seconds)))
    ours.push(await round(arca, shot, Number(flags.seconds)))
  }
  return { name: shot.name, ours: median(ours), floor: median(theirs) }
}

async function round(server: Measured, shot: Shot, seconds: number): Promise<Figures> {
  const before = await server.cpu()
  const rate = await load(server.url, shot, Number(flags.connections), seconds)
  return { ...rate, cpu: (((await server.cpu()) - before) * 1e6) / rate.requests }
}

interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** One real answer, for the floor to repeat. */
async function sample(arca: BenchServer, shot: Shot): Promise<Answer> {
  const reply = await fetch(arca.url + shot.path.replace("{n}", "0"), {
    method: shot.method,
    headers: { "X-Vault-Token": shot.token },
    ...(shot.body === "" ? {} : { body: shot.body }),
  })
  const body = await reply.text()
  if (!reply.ok) throw new Error(`${shot.name}: ${reply.status} ${body}`)
  const headers = { "Content-Type": "application/json", "Cache-Control": "no-store" }
  return { status: reply.status, headers: { ...headers, "Content-Length": String(Buffer.byteLength(body)) }, body }
}

/** What a write could be at most: the same entries in the bare store, on the same disk, in the same run. */
async function bareStore(): Promise<string> {
  await using folder = await temporary()
  const program = resolve(import.meta.dirname, "commits.ts")
  const { stdout } = await run(process.execPath, [
    program,
    join(folder.path, "store"),
    flags.seconds,
    flags.connections,
  ])
  const { perSecond, cpu } = JSON.parse(stdout)
  return `the bare store${perSecond.toFixed(0).padStart(16)} commits/s, ${cpu.toFixed(0)} µs of CPU each, by ${flags.connections} writers: what the disk allows`
}

async function temporary() {
  const path = await mkdtemp(join(tmpdir(), "arca-bench-floor-"))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}

async function startFloor(dir: string, answer: Answer, workers: number): Promise<Measured> {
  const file = join(dir, "answer.json")
  await writeFile(file, JSON.stringify(answer))
  const port = await freePort()
  const args = [resolve(import.meta.dirname, "floor.ts"), String(port), String(workers), file]
  return start(args, port, async () => (await fetch(`http://127.0.0.1:${port}/`)).status === answer.status)
}

function median(figures: readonly Figures[]): Figures {
  const of = (pick: (one: Figures) => number): number =>
    figures.map(pick).sort((a, b) => a - b)[Math.floor(figures.length / 2)] ?? Number.NaN
  return {
    perSecond: of(one => one.perSecond),
    p50: of(one => one.p50),
    p99: of(one => one.p99),
    requests: of(one => one.requests),
    cpu: of(one => one.cpu),
  }
}

const megabytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(0)} MiB`

const HEAD =
  "                    requests/s   p50 ms   p99 ms   CPU µs │ floor: requests/s   p50 ms   p99 ms   CPU µs │ of the floor   by CPU"

const line = ({ name, ours, floor }: Row): string =>
  `${name.padEnd(18)}${columns(ours, 12)} │ ${columns(floor, 17)} │ ${percent(ours.perSecond / floor.perSecond, 12)} ${percent(floor.cpu / ours.cpu, 8)}`

const columns = (one: Figures, width: number): string =>
  one.perSecond.toFixed(0).padStart(width) +
  [one.p50, one.p99].map(value => value.toFixed(2).padStart(9)).join("") +
  one.cpu.toFixed(0).padStart(9)

const percent = (ratio: number, width: number): string => `${(ratio * 100).toFixed(0)} %`.padStart(width)

await main()
