/**
 * The programs of tests/conformance, made ready to run: packages and binaries go to .cache/, once; a second call is quick.
 * A client whose toolchain is not on this machine says so instead.
 */

import { execFile } from "node:child_process"
import { createHash } from "node:crypto"
import { mkdir, open, readFile, rm, writeFile } from "node:fs/promises"
import { join, resolve } from "node:path"
import { setTimeout } from "node:timers/promises"
import { promisify } from "node:util"

export type Prepared = { command: string; args: string[]; env?: Record<string, string> } | { absent: string }

export interface ClientProgram {
  /** The name in STORY.md. */
  name: string
  prepare: () => Promise<Prepared>
}

const run = promisify(execFile)
const root = resolve(import.meta.dirname, "../..")
const cache = join(root, ".cache")
const programs = join(root, "tests/conformance")

export const clients: ClientProgram[] = [
  { name: "hvac", prepare: () => locked("python", python) },
  { name: "node-vault", prepare: async () => nodeProgram("node-vault/main.ts") },
  { name: "litehex", prepare: async () => nodeProgram("litehex/main.ts") },
  { name: "go", prepare: () => locked("go", go) },
  { name: "vaultrs", prepare: () => locked("cargo", rust) },
]

const nodeProgram = (file: string): Prepared => ({ command: process.execPath, args: [join(programs, "node", file)] })

const python = async (): Promise<Prepared> => {
  const version = await versionOf("python3", ["--version"])
  if (before(version, 3, 9)) return { absent: `python3 3.9 or newer is needed${found(version)}` }
  const venv = join(cache, "python")
  const wanted = join(programs, "python/requirements.txt")
  const stamp = createHash("sha256")
    .update(`${version} ${await readFile(wanted, "utf8")}`)
    .digest("hex")
  const current = await readFile(join(venv, "stamp"), "utf8").catch(() => "")
  if (current !== stamp) {
    await rm(venv, { recursive: true, force: true })
    const made = await run("python3", ["-m", "venv", venv]).catch((error: Error) => error)
    if (made instanceof Error) return { absent: `python3 cannot make a virtual environment: ${made.message}` }
    await run(join(venv, "bin/pip"), ["install", "--quiet", "--require-hashes", "-r", wanted])
    await writeFile(join(venv, "stamp"), stamp)
  }
  return { command: join(venv, "bin/python"), args: [join(programs, "python/story.py")] }
}

const go = async (): Promise<Prepared> => {
  const version = await versionOf("go", ["env", "GOVERSION"])
  // From 1.21 on, go fetches the toolchain that go.mod asks for.
  if (before(version, 1, 21)) return { absent: `go 1.21 or newer is needed${found(version)}` }
  const binary = join(cache, "go-story")
  await run("go", ["build", "-mod=readonly", "-o", binary, "."], { cwd: join(programs, "go") })
  return { command: binary, args: [] }
}

const rust = async (): Promise<Prepared> => {
  const version = await versionOf("cargo", ["--version"])
  if (before(version, 1, 85)) return { absent: `cargo 1.85 or newer is needed${found(version)}` }
  const env = { ...process.env, CARGO_TARGET_DIR: join(cache, "cargo") }
  await run("cargo", ["build", "--quiet", "--locked"], { cwd: join(programs, "rust"), env })
  return { command: join(cache, "cargo/debug/conformance"), args: [], env: { RUST_BACKTRACE: "0" } }
}

/** What a tool prints about itself; empty if there is no such tool. */
const versionOf = async (tool: string, args: string[]): Promise<string> =>
  (await run(tool, args).catch(() => ({ stdout: "" }))).stdout.trim()

const before = (version: string, major: number, minor: number): boolean => {
  const [, foundMajor, foundMinor] = /(\d+)\.(\d+)/.exec(version) ?? []
  return Number(foundMajor ?? 0) < major || (Number(foundMajor) === major && Number(foundMinor) < minor)
}

const found = (version: string): string => (version === "" ? "" : `, found "${version}"`)

/** Runs one preparation at a time, over all processes; the lock of a process that died is taken over. */
const locked = async (name: string, prepare: () => Promise<Prepared>): Promise<Prepared> => {
  await mkdir(cache, { recursive: true })
  const path = join(cache, `${name}.lock`)
  while (!(await take(path))) await setTimeout(100)
  try {
    return await prepare()
  } finally {
    await rm(path, { force: true })
  }
}

const take = async (path: string): Promise<boolean> => {
  const file = await open(path, "wx").catch(() => undefined)
  if (file === undefined) {
    const owner = Number(await readFile(path, "utf8").catch(() => ""))
    if (owner > 0 && !alive(owner)) await rm(path, { force: true })
    return false
  }
  await file.writeFile(String(process.pid))
  await file.close()
  return true
}

const alive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
