import { lstat, mkdir, mkdtemp, open, readdir, readFile, rename, rm, writeFile } from "node:fs/promises"
import { dirname, join, resolve } from "node:path"
import { setTimeout } from "node:timers/promises"
import { promisify } from "node:util"
import { gzip } from "node:zlib"
import type { Json, JsonObject } from "@arca/api/json"
import { API_LEVEL } from "@arca/api/level"
import type { Client } from "@arca/sdk"
import { type Call, command } from "../command.ts"
import { Failure } from "../failure.ts"
import { choice, duration, list, text } from "../flags.ts"
import { columns } from "../output/table.ts"
import { serverFunction } from "../server-part.ts"

/** Vault asks no more often than this. */
const LEAST_SECONDS = 5

const flags = {
  compress: choice("Pack what was gathered into one file; true unless told."),
  duration: duration("For how long to look; 2m unless told."),
  interval: duration("How often to take profiles and the server's state; 30s unless told."),
  "metrics-interval": duration("How often to take the metrics; 10s unless told."),
  "log-format": text("standard or json.", { choices: ["standard", "json"] }),
  output: text("Where to put it; vault-debug-TIME in this folder unless told."),
  target: list("What to gather; all unless told. May be given several times."),
}

type Flags = Parameters<Parameters<typeof command<typeof flags>>[0]["run"]>[0]["flags"]

/** What is asked for again and again: each answer goes into a list in the target's file. */
interface Polled {
  readonly file: string
  readonly every: "once" | "interval" | "metrics-interval"
  ask(server: Client): Promise<JsonObject>
}

/** The status of `sys/health` says what its body says as well. */
const get = (server: Client, path: string): Promise<Json> =>
  server.json({ method: "GET", path, accept: () => path === "sys/health" })

const dataOf = async (server: Client, path: string): Promise<JsonObject> => (await server.read(path))?.data ?? {}

const POLLED: Readonly<Record<string, Polled>> = {
  config: {
    file: "config.json",
    every: "once",
    ask: async server => ({ config: await dataOf(server, "sys/config/state/sanitized") }),
  },
  host: { file: "host_info.json", every: "interval", ask: server => dataOf(server, "sys/host-info") },
  requests: {
    file: "requests.json",
    every: "interval",
    ask: async server => ({ in_flight_requests: await dataOf(server, "sys/in-flight-req") }),
  },
  metrics: {
    file: "metrics.json",
    every: "metrics-interval",
    ask: async server => ({ metrics: await get(server, "sys/metrics") }),
  },
  "replication-status": {
    file: "replication_status.json",
    every: "interval",
    ask: server => dataOf(server, "sys/replication/status"),
  },
  "server-status": {
    file: "server_status.json",
    every: "interval",
    ask: async server => ({ health: await get(server, "sys/health"), seal: await get(server, "sys/seal-status") }),
  },
}

const TARGETS = [...Object.keys(POLLED), "pprof", "log"]
const LOG = "vault.log"

interface Plan {
  readonly targets: readonly string[]
  readonly seconds: Readonly<Record<"duration" | "interval" | "metrics-interval", number>>
  readonly logFormat: string
  readonly compress: boolean
  readonly output: string
}

/** One gathering, from its first request to its index. */
interface Capture {
  readonly plan: Plan
  readonly server: Client
  /** Where it is gathered, beside the place of the result. */
  readonly folder: string
  /** Ends it: time is over, or the person is impatient. */
  readonly over: AbortSignal
  readonly errors: JsonObject[]
}

export const debug = command({
  name: "debug",
  summary: "Gathers what helps to find out what is wrong with a server: state, metrics, profiles, log.",
  about:
    "For a while it asks one server, and puts the answers into one file to look at or hand on. It holds no secrets: names of paths and addresses of callers are in it. What the token may not read is left out, and index.json says so. Ctrl-C ends it early and keeps what there is.",
  examples: [
    ["Look for two minutes", "debug"],
    ["Look at the next ten minutes, each minute", "debug -duration=10m -interval=1m"],
    ["Only the machine and the metrics", "debug -target=host -target=metrics"],
  ],
  flags,
  run: async call => {
    const plan = planOf(call.flags)
    const started = new Date()
    const server = (await call.client()).with({ timeout: 0 })
    await mustBeFree(plan.output)
    call.out.line(announcement(plan, server.settings.address))
    const folder = await mkdtemp(join(dirname(plan.output), ".arca-debug-"))
    try {
      const over = AbortSignal.any([AbortSignal.timeout(plan.seconds.duration * 1000), call.io.interrupted])
      const capture: Capture = { plan, server, folder, over, errors: [] }
      await gather(capture)
      await writeJson(join(folder, "index.json"), await indexOf(capture, call, started))
      if (plan.compress) await writeFile(plan.output, await pack(folder), { mode: 0o600, flag: "wx" })
      else await rename(folder, plan.output)
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
    call.out.line(`Success! Bundle written to: ${plan.output}`)
  },
})

function planOf(given: Flags): Plan {
  const unknown = given.target.filter(target => !TARGETS.includes(target))
  if (unknown.length > 0)
    throw new Failure(`Unknown target: ${unknown.join(", ")}. Targets are ${TARGETS.join(", ")}`, 1)
  const seconds = {
    duration: Math.max(LEAST_SECONDS, given.duration ?? 120),
    interval: Math.max(LEAST_SECONDS, given.interval ?? 30),
    "metrics-interval": Math.max(LEAST_SECONDS, given["metrics-interval"] ?? 10),
  }
  const compress = given.compress ?? true
  const name = given.output ?? `vault-debug-${stampOf(new Date())}`
  return {
    targets: given.target.length > 0 ? TARGETS.filter(target => given.target.includes(target)) : TARGETS,
    seconds,
    logFormat: given["log-format"] ?? "standard",
    compress,
    output: resolve(compress && !/\.t(ar\.)?gz$/.test(name) ? `${name}.tar.gz` : name),
  }
}

/** A time that can stand in the name of a file. */
const stampOf = (time: Date): string => `${time.toISOString().slice(0, 19).replaceAll(":", "-")}Z`

async function mustBeFree(output: string): Promise<void> {
  const there = await lstat(output).then(
    () => true,
    error => error.code !== "ENOENT",
  )
  if (there) throw new Failure(`Output path ${output} is there already; choose another with -output`, 1)
}

const announcement = ({ targets, seconds, output }: Plan, address: string): string =>
  [
    "==> Starting debug capture...",
    columns([
      ["Vault Address", address],
      ["Duration", `${seconds.duration}s`],
      ["Interval", `${seconds.interval}s`],
      ["Metrics Interval", `${seconds["metrics-interval"]}s`],
      ["Targets", targets.join(", ")],
      ["Output", output],
    ]),
    "",
  ].join("\n")

async function gather(capture: Capture): Promise<void> {
  await Promise.all(
    capture.plan.targets.map(target => {
      const polled = POLLED[target]
      if (polled !== undefined) return poll(capture, target, polled)
      return target === "log" ? follow(capture) : profile(capture)
    }),
  )
}

/** Does `act` now and after each pause, until it is over. What fails is noted, and tried again the next time. */
async function repeatedly(
  { over, errors }: Capture,
  target: string,
  seconds: number,
  act: () => Promise<void>,
): Promise<void> {
  while (!over.aborted) {
    const pause = setTimeout(seconds * 1000, undefined, { signal: over }).catch(() => {})
    await act().catch((error: unknown) => {
      if (over.aborted) return
      const text = error instanceof Error ? error.message : String(error)
      errors.push({ error: text, target, timestamp: new Date().toISOString() })
    })
    await pause
  }
}

async function poll(capture: Capture, target: string, { file, every, ask }: Polled): Promise<void> {
  const answers: JsonObject[] = []
  const seconds = every === "once" ? capture.plan.seconds.duration : capture.plan.seconds[every]
  await repeatedly(capture, target, seconds, async () => {
    const timestamp = new Date().toISOString()
    answers.push({ ...(await ask(capture.server)), timestamp })
  })
  if (answers.length > 0) await writeJson(join(capture.folder, file), answers)
}

/** Where time is spent in one half of each interval, who allocates memory in the other: the server takes one profile at a time. */
async function profile(capture: Capture): Promise<void> {
  const { folder, server, over, plan } = capture
  const seconds = String(Math.max(1, Math.floor(plan.seconds.interval / 2) - 1))
  await repeatedly(capture, "pprof", plan.seconds.interval, async () => {
    const into = join(folder, stampOf(new Date()))
    for (const [kind, name] of PROFILES) {
      const reply = await server.request({
        method: "GET",
        path: `sys/pprof/${kind}`,
        query: { seconds },
        signal: over,
      })
      const taken = await reply.text()
      await mkdir(into, { recursive: true, mode: 0o700 })
      await writeFile(join(into, name), taken, { mode: 0o600 })
    }
  })
}

const PROFILES = [
  ["profile", "cpu.cpuprofile"],
  ["heap", "memory.heapprofile"],
] as const

async function follow(capture: Capture): Promise<void> {
  const { folder, server, over, plan } = capture
  await using file = await open(join(folder, LOG), "w", 0o600)
  await repeatedly(capture, "log", LEAST_SECONDS, async () => {
    const query = { log_level: "debug", log_format: plan.logFormat }
    const reply = await server.request({ method: "GET", path: "sys/monitor", query, signal: over })
    for await (const piece of reply.body ?? []) await file.write(piece)
  })
}

async function indexOf(
  { plan, server, folder, errors }: Capture,
  { io }: Call<Flags>,
  started: Date,
): Promise<JsonObject> {
  const files = await filesIn(folder)
  const version = await get(server, "sys/seal-status").catch(() => null)
  return {
    version: 1,
    vault_address: server.settings.address,
    client_version: API_LEVEL,
    server_version: typeof version === "object" && version !== null && "version" in version ? version.version : "",
    timestamp: started.toISOString(),
    duration_seconds: plan.seconds.duration,
    interval_seconds: plan.seconds.interval,
    metrics_interval_seconds: plan.seconds["metrics-interval"],
    compress: plan.compress,
    interrupted: io.interrupted.aborted,
    targets: [...plan.targets],
    output: { files },
    errors,
  }
}

const filesIn = async (folder: string): Promise<string[]> =>
  (await readdir(folder, { recursive: true, withFileTypes: true }))
    .filter(one => one.isFile())
    .map(one => join(one.parentPath, one.name).slice(folder.length + 1))
    .sort()

const writeJson = (file: string, value: Json): Promise<void> =>
  writeFile(file, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600 })

/** All files as a gzipped tar. */
async function pack(folder: string): Promise<Buffer> {
  const tar = await serverFunction("snapshot/archive", "tarOf")
  const files = await Promise.all(
    (await filesIn(folder)).map(async name => ({ name, content: await readFile(join(folder, name)) })),
  )
  const packed = tar(files)
  if (!(packed instanceof Uint8Array)) throw new Failure("the archive could not be made", 1)
  return promisify(gzip)(packed)
}
