/**
 * `arca server`: reads flags and configuration, puts the parts together, and runs until it is told to stop.
 * The clock, chance, the network and the disk enter here and nowhere else.
 */

import cluster from "node:cluster"
import { randomBytes } from "node:crypto"
import { rename, rm, writeFile } from "node:fs/promises"
import { availableParallelism, homedir, hostname, tmpdir } from "node:os"
import { dirname, join, resolve } from "node:path"
import { setTimeout as pause } from "node:timers/promises"
import { pooled } from "@arca/crypto/random"
import { memoryStorage, openStorage, type Storage, StorageFailed, StorageUnavailable } from "@arca/storage"
import { assemble } from "./assemble.ts"
import { type AuditMetrics, auditBroker } from "./audit/index.ts"
import { followAuditTable } from "./audit-table.ts"
import { ownerName } from "./claims.ts"
import { BadConfig, readConfig, type ServerConfig } from "./config/read.ts"
import { sanitized } from "./config/sanitized.ts"
import { type Daemon, startDaemon } from "./daemon.ts"
import { devCertificate } from "./dev-tls.ts"
import { declareAudit } from "./first-requests.ts"
import { BadFlag, fromEnv, readFlags, type ServerFlags } from "./flags.ts"
import { ListenerFailed } from "./listener/failure.ts"
import { LISTENER_DEFAULTS, type ListenerOptions } from "./listener/options.ts"
import { type LockoutStanzas, userLockout } from "./lockout.ts"
import { openLogs } from "./logs/open.ts"
import { logSettings } from "./logs/settings.ts"
import { membersOf } from "./members.ts"
import { type Metrics, metricsOf } from "./metrics/metrics.ts"
import { measureProcess } from "./metrics/process.ts"
import { TELEMETRY_DEFAULTS } from "./metrics/telemetry.ts"
import { halfCopied } from "./migrate/copy.ts"
import { openByItself, openLater } from "./open-by-itself.ts"
import { alone, workerPeers } from "./peers.ts"
import { serve } from "./pipeline.ts"
import { uuid } from "./random.ts"
import { ownRequest } from "./revocation.ts"
import { sealsOf } from "./seal/configured.ts"
import type { Reloads, Server } from "./server.ts"
import { RestoreLost, resumeRestore } from "./snapshot/stage.ts"
import { superviseWorkers } from "./supervisor.ts"
import { API_VERSION, ARCA_VERSION } from "./version.ts"

const random = pooled(randomBytes)
const now = (): number => Date.now() / 1000

/** What an operator can put right: a sentence says how. Anything else is a bug, and shows where. */
const TOLD = [BadFlag, BadConfig, ListenerFailed, StorageFailed, StorageUnavailable]

/** Runs a server until a signal ends it; returns the exit code. */
export async function serverCommand(argv: readonly string[]): Promise<number> {
  try {
    const flags = readFlags(argv, process.env)
    if (flags.dev) return await runDev(flags)
    if (flags.config.length === 0) {
      process.stderr.write(
        'Nothing to serve: give a configuration with -config=FILE, or try things out with "arca server -dev".\n',
      )
      return 1
    }
    const config = await readConfig(flags.config)
    for (const warning of config.warnings) process.stderr.write(`WARNING: ${warning}\n`)
    const workers = flags.workers ?? config.workers ?? 1
    const count = workers === 0 ? availableParallelism() : workers
    if (cluster.isWorker) return await runConfigured(config, flags)
    if (config.pidFile !== "") await writeFile(config.pidFile, `${process.pid}\n`)
    const code = await (count > 1 ? superviseWorkers(count) : runConfigured(config, flags))
    if (config.pidFile !== "") await rm(config.pidFile, { force: true })
    return code
  } catch (error) {
    if (!TOLD.some(kind => error instanceof kind)) throw error
    process.stderr.write(`Error: ${error instanceof Error ? error.message : String(error)}\n`)
    return 1
  }
}

/** A timer that keeps no process alive. */
const later = (milliseconds: number, callback: () => void): (() => void) => {
  const timer = setTimeout(callback, milliseconds)
  timer.unref()
  return () => clearTimeout(timer)
}

const clock = { now: () => Date.now(), after: later }

const optedIn = (): string[] =>
  (fromEnv(process.env, "UNAUTHED_ENDPOINTS") ?? "").split(",").filter(name => name !== "")

async function runDev(flags: ServerFlags): Promise<number> {
  const opened = openLogs(logSettings(flags), process.stderr, clock.now)
  const stopping = new AbortController()
  const metrics = metricsOf(now, () => performance.now(), TELEMETRY_DEFAULTS.retention)
  const server = assemble({
    inner: memoryStorage(),
    audit: auditBroker([], clock, { metrics: auditMetrics(metrics) }),
    metrics,
    auditPlaces: { context: clock, allowed: [process.cwd(), tmpdir(), "/var/log"], denied: [], worker: 0 },
    now,
    random,
    logs: opened.logs,
    stopping: stopping.signal,
    rootTokenText: flags.devRootTokenId,
    facts: { storageType: "inmem", apiAddress: `http://${flags.devListenAddress}` },
    unauthenticated: new Set(optedIn()),
  })
  measureProcess(metrics, server.facts.startedAt, () => server.inFlight.all.size)
  const { keys_base64, root_token } = (await server.seal.init({ secret_shares: 1, secret_threshold: 1 })) as {
    keys_base64: string[]
    root_token: string
  }
  await server.seal.unseal({ key: keys_base64[0], reset: false, migrate: false })
  await mountDevKv(server, root_token, flags.devKvV1)
  const tls = flags.devTls
    ? await devCertificate(flags.devTlsCertDir || join(tmpdir(), `arca-dev-tls-${process.pid}`))
    : undefined
  const listener = { ...devListener(flags.devListenAddress), ...(tls === undefined ? {} : { tls: tls.options }) }
  const daemon = await startDaemon(server, { listeners: [listener], clusterName: "arca-dev" })
  if (!flags.devNoStoreToken) await storeToken(root_token)
  process.stdout.write(devBanner(daemon.listeners[0]?.address ?? "", keys_base64[0] ?? "", root_token, tls?.caFile))
  return untilSignal(daemon, stopping, new Map([["listener", () => daemon.reload()]]))
}

async function openedStore(...given: Parameters<typeof openStorage>): Promise<Storage> {
  const store = await openStorage(...given)
  const half = await halfCopied(store)
  if (half === undefined) return store
  await store[Symbol.asyncDispose]()
  throw new StorageFailed(half)
}

/** Stores that several nodes can share. */
const SHARED = ["postgresql", "etcd"]

/** A server as its configuration describes it: sealed until someone, or its seal, opens it. */
async function runConfigured(config: ServerConfig, flags: ServerFlags): Promise<number> {
  const settings = logSettings(flags, config)
  const opened = openLogs(settings, process.stderr, clock.now)
  const { log } = opened.logs
  const stopping = new AbortController()
  const reloads: Reloads = new Map()
  if (config.storage === undefined)
    throw new BadConfig('the configuration has no storage stanza; try storage "lmdb" { path = "/var/lib/arca" }')
  if (config.listeners.length === 0) throw new BadConfig("the configuration has no listener stanza")
  const inner = await openedStore(config.storage, text => log.named("storage").warn(text))
  await resumeRestore(inner, true).catch((error: unknown) => {
    if (!(error instanceof RestoreLost)) throw error
  })
  const worker = cluster.worker?.id ?? 0
  const path = config.storage.options.get("path")
  const seals = await sealsOf(config, process.env)
  const metrics = metricsOf(now, () => performance.now(), config.telemetry.retention)
  const server = assemble({
    inner,
    ...seals,
    audit: auditBroker([], clock, { metrics: auditMetrics(metrics) }),
    auditPlaces: {
      context: {
        ...clock,
        report: event => log.named("audit").warn(`audit device ${event.path} ${event.kind}: ${event.message}`),
      },
      allowed: auditDirectories(config, flags),
      denied: path === undefined ? [] : [path],
      worker,
    },
    now,
    random,
    logs: opened.logs,
    stopping: stopping.signal,
    reloads,
    snapshotFolders: config.snapshotDirectories,
    rollbackPolicy: config.onStoreRollback,
    peers: cluster.isWorker ? workerPeers() : alone,
    members: membersOf({
      alone: !SHARED.includes(config.storage.type) && !cluster.isWorker,
      id: ownerName(`${worker}/${randomBytes(4).toString("hex")}`),
      hostname: hostname(),
      worker,
      now,
    }),
    limits: limitsOf(config),
    lockout: userLockout(lockoutOf(config)),
    ...(config.outbound === undefined ? {} : { outbound: config.outbound }),
    telemetry: config.telemetry,
    metrics,
    unauthenticated: new Set(optedIn()),
    facts: {
      storageType: config.storage.type,
      shared: SHARED.includes(config.storage.type),
      apiAddress: fromEnv(process.env, "API_ADDR") ?? (config.apiAddress || addressOf(config.listeners[0])),
      clusterAddress: fromEnv(process.env, "CLUSTER_ADDR") ?? config.clusterAddress,
      configuration: sanitized(config, { level: settings.level, format: settings.format }),
      introspection: config.introspection,
    },
    opened: async unsealed => {
      await followAuditTable(unsealed)
      await declareAudit(unsealed, config.audit)
      log.info("unsealed")
    },
    closing: async () => log.info("sealed"),
  })
  measureProcess(metrics, server.facts.startedAt, () => server.inFlight.all.size)
  await openByItself(server, config)
  const daemon = await startDaemon(server, {
    listeners: config.listeners,
    clusterName: config.clusterName || "arca",
    worker,
  })
  openLater(server, seconds => pause(seconds * 1000, undefined, { signal: stopping.signal })).catch(
    (error: unknown) => {
      if (!stopping.signal.aborted) throw error
    },
  )
  reloads.set("listener", () => daemon.reload())
  reloads.set("audit", () => server.audit.reload())
  reloads.set("log", async () => opened.reload(logSettings(flags, await readConfig(flags.config)).level))
  if (worker <= 1) process.stdout.write(banner(config, daemon))
  const code = await untilSignal(daemon, stopping, reloads)
  opened.close()
  // The channel to the process that started us would keep us alive.
  if (cluster.isWorker) process.disconnect?.()
  return code
}

const auditMetrics = (metrics: Metrics): AuditMetrics => ({
  clock: metrics.clock,
  measure: metrics.sample,
  count: (name, increment) => metrics.count(name, undefined, increment),
})

/** Vault's switch for all of it, then the stanzas. */
const lockoutOf = ({ lockout }: ServerConfig): LockoutStanzas =>
  isTrue(fromEnv(process.env, "DISABLE_USER_LOCKOUT")) ? new Map([["all", { disabled: true }]]) : lockout

const isTrue = (text: string | undefined): boolean => /^(1|t|true)$/i.test(text ?? "")

function limitsOf({ defaultTtl, maxTtl }: ServerConfig): { defaultTtl: number; maxTtl: number } {
  const month = 768 * 3600
  const longest = maxTtl || month
  return { maxTtl: longest, defaultTtl: Math.min(defaultTtl || month, longest) }
}

/** Where audit files may be when the configuration does not say: beside it, where the server was started, and in /var/log. */
function auditDirectories(config: ServerConfig, flags: ServerFlags): readonly string[] {
  if (config.auditDirectories.length > 0) return config.auditDirectories
  return ["/var/log", process.cwd(), ...flags.config.map(path => dirname(resolve(path)))]
}

const addressOf = (listener: ListenerOptions | undefined): string =>
  listener === undefined ? "" : `${listener.tls === undefined ? "http" : "https"}://${listener.host}:${listener.port}`

function devListener(address: string): ListenerOptions {
  const at = address.lastIndexOf(":")
  return {
    ...LISTENER_DEFAULTS,
    host: address.slice(0, at).replace(/^\[|\]$/g, ""),
    port: Number(address.slice(at + 1)),
  }
}

async function mountDevKv(server: Server, token: string, v1: boolean): Promise<void> {
  const reply = await serve(server, {
    ...ownRequest(uuid(random)),
    path: "sys/mounts/secret",
    token,
    body: { type: "kv", description: "key/value secret storage", options: { version: v1 ? "1" : "2" } },
  })
  if (reply.status >= 300) throw new Error(`could not mount secret/: ${JSON.stringify(reply.body)}`)
}

/** Where the command line looks for it: `~/.vault-token`, readable by its owner only. */
async function storeToken(token: string): Promise<void> {
  const path = fromEnv(process.env, "TOKEN_PATH") ?? join(homedir(), ".vault-token")
  await writeFile(`${path}.tmp`, token, { mode: 0o600 })
  await rename(`${path}.tmp`, path)
}

const rows = (pairs: readonly (readonly [string, string])[]): string =>
  pairs.map(([name, value]) => `${name.padStart(24)}: ${value}\n`).join("")

const VERSION_LINE = `Arca ${ARCA_VERSION}, serving the API of Vault ${API_VERSION}`

const banner = (config: ServerConfig, daemon: Daemon): string => `==> Arca server configuration:

${rows([
  ...daemon.listeners.map((one, index) => [`Listener ${index + 1}`, one.address] as const),
  ["Log Level", config.logLevel || "info"],
  ["Storage", config.storage?.type ?? ""],
  ["Version", VERSION_LINE],
])}
==> Arca server started! Log data will stream in below:

`

const devBanner = (
  address: string,
  unsealKey: string,
  token: string,
  caFile: string | undefined,
): string => `==> Arca server configuration:

${rows([
  ["Listener 1", address],
  ["Log Level", "info"],
  ["Storage", "inmem"],
  ["Version", VERSION_LINE],
])}
==> Arca server started! Log data will stream in below:

WARNING! dev mode is enabled! In this mode everything is kept in memory and
is lost when the server stops; it starts unsealed with a single unseal key.

In another terminal, tell the command line where the server is:

    $ export VAULT_ADDR='${address}'
${caFile === undefined ? "" : `    $ export VAULT_CACERT='${caFile}'\n`}
The unseal key and root token, should you want to seal and unseal, or log in
anew:

Unseal Key: ${unsealKey}
Root Token: ${token}

Development mode should NOT be used in production installations!
`

/** Runs until SIGINT or SIGTERM; SIGHUP reads files anew. */
function untilSignal(daemon: Daemon, stopping: AbortController, reloads: Reloads): Promise<number> {
  const failed = (error: unknown) => process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  return new Promise(resolve => {
    const stop = () => {
      if (stopping.signal.aborted) process.exit(1)
      stopping.abort()
      process.stderr.write("==> Arca shutdown triggered\n")
      daemon.stop().then(
        () => resolve(0),
        (error: unknown) => {
          failed(error)
          resolve(1)
        },
      )
    }
    process.on("SIGINT", stop)
    process.on("SIGTERM", stop)
    process.on("SIGHUP", () => {
      process.stderr.write("==> Arca reload triggered\n")
      // Each by itself: a certificate that cannot be read must not keep a log file from being opened anew.
      for (const reload of reloads.values()) void reload().catch(failed)
    })
  })
}

if (import.meta.main) process.exitCode = await serverCommand(process.argv.slice(2))
