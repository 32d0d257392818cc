/**
 * `arca operator diagnose` and `validate-config`: what would keep a server from starting, or from living long, found before
 * it is started. Nothing is changed: a store that does not exist yet is not made.
 */

import { createPrivateKey, X509Certificate } from "node:crypto"
import { constants } from "node:fs"
import { access, readFile, stat, statfs } from "node:fs/promises"
import { createServer } from "node:net"
import { dirname, resolve } from "node:path"
import { openStorage, systemClock } from "@arca/storage"
import { readConfig, type ServerConfig } from "./config/read.ts"
import type { ListenerOptions, TlsOptions } from "./listener/options.ts"
import { sealsOf } from "./seal/configured.ts"

export type Outcome = "ok" | "warning" | "failure"

export interface Finding {
  readonly check: string
  readonly outcome: Outcome
  /** What was found, and what to do about it. */
  readonly text: string
}

/** What the command line gives: where to print, and the environment. */
interface Surroundings {
  readonly stdout: { write(text: string): void }
  readonly env: Readonly<Record<string, string | undefined>>
}

const ok = (check: string, text: string): Finding => ({ check, outcome: "ok", text })
const warning = (check: string, text: string): Finding => ({ check, outcome: "warning", text })
const failure = (check: string, text: string): Finding => ({ check, outcome: "failure", text })

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** Findings of a check that may throw: what it throws is a failure. */
async function tried(check: string, run: () => Promise<readonly Finding[]>): Promise<readonly Finding[]> {
  try {
    return await run()
  } catch (error) {
    return [failure(check, textOf(error))]
  }
}

/** Everything that can be told from the outside. `now` is seconds since 1970. */
export async function diagnose(paths: readonly string[], env: Surroundings["env"], now: number): Promise<Finding[]> {
  const read = await readConfig(paths).catch((error: unknown) => failure("configuration", textOf(error)))
  if ("check" in read) return [read]
  const parts = [
    async () => configuration(read),
    operatingSystem,
    async () => storage(read),
    async () => seals(read, env),
    async () => listeners(read, now),
    async () => auditFolders(read),
  ]
  const found: Finding[] = []
  for (const part of parts) found.push(...(await part()))
  return found
}

function configuration(config: ServerConfig): Finding[] {
  const missing = [
    ...(config.storage === undefined ? ['no storage stanza; try storage "lmdb" { path = "/var/lib/arca" }'] : []),
    ...(config.listeners.length === 0 ? ['no listener stanza; try listener "tcp" { … }'] : []),
  ]
  return [
    ...missing.map(text => failure("configuration", text)),
    ...config.warnings.map(text => warning("configuration", text)),
    ...(missing.length + config.warnings.length === 0 ? [ok("configuration", "read without a complaint")] : []),
  ]
}

const FILES_WANTED = 4096

async function operatingSystem(): Promise<readonly Finding[]> {
  return tried("operating system", async () => {
    const limits = await readFile("/proc/self/limits", "utf8")
    const soft = (name: string) => new RegExp(`^${name} +(\\S+)`, "m").exec(limits)?.[1] ?? ""
    const files = soft("Max open files")
    const few = files !== "unlimited" && Number(files) < FILES_WANTED
    const dumps = soft("Max core file size") !== "0"
    return [
      few
        ? warning(
            "open files",
            `at most ${files}, and each connection takes one; raise it to ${FILES_WANTED} or more (LimitNOFILE)`,
          )
        : ok("open files", `at most ${files}`),
      dumps
        ? warning(
            "core dumps",
            "a crash may write memory, secrets included, to the disk; set the limit to 0 (LimitCORE)",
          )
        : ok("core dumps", "off"),
    ]
  })
}

const GIBIBYTE = 2 ** 30

async function storage({ storage: stanza }: ServerConfig): Promise<readonly Finding[]> {
  if (stanza === undefined) return []
  return tried(`storage "${stanza.type}"`, async () => {
    const path = stanza.options.get("path")
    const local = path !== undefined && stanza.type !== "etcd"
    const found = local ? [await space(path)] : []
    if (local && !(await exists(path))) {
      await access(await nearest(path), constants.W_OK)
      return [...found, ok("storage", `there is no store in ${path} yet; the first start makes it`)]
    }
    const notices: string[] = []
    const store = await openStorage(stanza, text => notices.push(text))
    try {
      const version = await store.version()
      return [
        ...found,
        ...notices.map(text => warning("storage", text)),
        ok("storage", `opened; ${version} commits so far`),
      ]
    } finally {
      await store[Symbol.asyncDispose]()
    }
  })
}

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  )

const nearest = async (path: string): Promise<string> => {
  const parent = dirname(resolve(path))
  return (await exists(parent)) ? parent : nearest(parent)
}

async function space(path: string): Promise<Finding> {
  const { bavail, blocks, bsize } = await statfs((await exists(path)) ? path : await nearest(path))
  const free = bavail * bsize
  const text = `${(free / GIBIBYTE).toFixed(1)} GiB free on the disk of ${path}`
  return free < GIBIBYTE || bavail < blocks / 20
    ? warning("disk space", `${text}; a full disk stops the server from acknowledging writes`)
    : ok("disk space", text)
}

async function seals(config: ServerConfig, env: Surroundings["env"]): Promise<readonly Finding[]> {
  return tried("seal", async () => {
    const { seal } = await sealsOf(config, env)
    if (seal.kind === "shamir") return [ok("seal", "shamir: people with shares of the key unseal it")]
    const probe = Buffer.from("a probe of the seal, not a secret")
    const back = await seal.unwrap(await seal.wrap(probe))
    if (!probe.equals(back)) return [failure("seal", `${seal.type} does not give back what it wrapped`)]
    return [ok("seal", `${seal.type} wraps and unwraps`)]
  })
}

async function listeners(config: ServerConfig, now: number): Promise<readonly Finding[]> {
  const found: Finding[] = []
  for (const listener of config.listeners) {
    found.push(...(await tried(`listener ${nameOf(listener)}`, () => listenerFindings(listener, now))))
  }
  return found
}

const nameOf = ({ socket, host, port }: ListenerOptions): string => socket?.path ?? `${host}:${port}`

async function listenerFindings(listener: ListenerOptions, now: number): Promise<readonly Finding[]> {
  const check = `listener ${nameOf(listener)}`
  const taken = listener.socket === undefined && !(await isFree(listener))
  return [
    taken
      ? warning(check, "something answers there already; is the server running?")
      : ok(check, "nothing else is there"),
    ...(listener.tls === undefined
      ? [
          warning(
            check,
            "without TLS tokens and secrets cross the network in clear; set tls_cert_file and tls_key_file",
          ),
        ]
      : await certificate(check, listener.tls, now)),
  ]
}

const isFree = ({ host, port }: ListenerOptions): Promise<boolean> =>
  new Promise((done, fail) => {
    const probe = createServer()
    probe.once("error", (error: NodeJS.ErrnoException) => (error.code === "EADDRINUSE" ? done(false) : fail(error)))
    probe.listen(port, host, () => probe.close(() => done(true)))
  })

const DAY = 86_400
const SOON_DAYS = 30

async function certificate(check: string, tls: TlsOptions, now: number): Promise<readonly Finding[]> {
  const leaf = new X509Certificate(await readFile(tls.certFile))
  const key = createPrivateKey(await readFile(tls.keyFile))
  const { mode } = await stat(tls.keyFile)
  const days = Math.floor((leaf.validToDate.getTime() / 1000 - now) / DAY)
  return [
    ...(leaf.checkPrivateKey(key) ? [] : [failure(check, `${tls.keyFile} is not the key of ${tls.certFile}`)]),
    ...((mode & 0o077) === 0 ? [] : [warning(check, `others may read ${tls.keyFile}; chmod 600 keeps it private`)]),
    days < 0
      ? failure(check, `the certificate is over since ${leaf.validTo}; replace it and send SIGHUP`)
      : days < SOON_DAYS
        ? warning(check, `the certificate ends in ${days} days; replace it and send SIGHUP`)
        : ok(check, `certificate of ${leaf.subjectAltName ?? leaf.subject}, good for ${days} days`),
  ]
}

async function auditFolders({ auditDirectories }: ServerConfig): Promise<readonly Finding[]> {
  const found = await Promise.all(
    auditDirectories.map(folder =>
      access(folder, constants.W_OK).then(
        () => ok("audit", `files may be written in ${folder}`),
        () => warning("audit", `the server's user cannot write in ${folder}`),
      ),
    ),
  )
  return found
}

const MARKS = { ok: "[  ok   ]", warning: "[warning]", failure: "[failure]" } as const

/** 0: nothing to say; 1: something will fail; 2: something to think about. */
const codeOf = (found: readonly Finding[]): number =>
  found.some(one => one.outcome === "failure") ? 1 : found.some(one => one.outcome === "warning") ? 2 : 0

/** `arca operator diagnose -config=FILE [-format=json]`. */
export async function diagnoseCommand(argv: readonly string[], io: Surroundings): Promise<number> {
  const given = argumentsOf(argv)
  if (typeof given === "string") {
    io.stdout.write(`${given}\nUsage: arca operator diagnose -config=FILE [-format=json]\n`)
    return 1
  }
  const found = await diagnose(given.paths, io.env, systemClock.now())
  const width = Math.max(...found.map(one => one.check.length))
  if (given.json) io.stdout.write(`${JSON.stringify({ findings: found }, null, 2)}\n`)
  else for (const one of found) io.stdout.write(`${MARKS[one.outcome]} ${one.check.padEnd(width)}  ${one.text}\n`)
  return codeOf(found)
}

/** `arca operator validate-config FILE …`: only what the configuration itself says. */
export async function validateConfigCommand(argv: readonly string[], io: Surroundings): Promise<number> {
  const given = argumentsOf(argv)
  if (typeof given === "string") {
    io.stdout.write(`${given}\nUsage: arca operator validate-config -config=FILE\n`)
    return 1
  }
  const read = await readConfig(given.paths).catch((error: unknown) => failure("configuration", textOf(error)))
  const found = "check" in read ? [read] : configuration(read)
  for (const one of found) io.stdout.write(`${MARKS[one.outcome]} ${one.text}\n`)
  return found.some(one => one.outcome === "failure") ? 1 : 0
}

/** The files meant, named by `-config` or by themselves; a sentence when there are none. */
function argumentsOf(argv: readonly string[]): { readonly paths: string[]; readonly json: boolean } | string {
  const paths: string[] = []
  let json = false
  for (let at = 0; at < argv.length; at++) {
    const word = argv[at] ?? ""
    const [, name, value] = /^--?([\w-]+)(?:=(.*))?$/.exec(word) ?? []
    if (name === undefined) paths.push(word)
    else if (name === "config") paths.push(value ?? argv[++at] ?? "")
    else if (name === "format") json = (value ?? argv[++at]) === "json"
    else return `${word} is no flag of this command.`
  }
  return paths.length === 0 ? "No configuration was named." : { paths, json }
}
