/**
 * The programs of tests/conformance, made ready to run: packages and binaries go to .cache/, once; a second call is quick.
 * A client whose toolchain is not on this machine says so instead.
 */

import { execFile } from "node:child_process"
import { join, resolve } from "node:path"
import { promisify } from "node:util"
import { cache, environment, locked } from "./python.ts"

export type Prepared = { command: string; args: string[]; env?: Record<string, string> } | { absent: string }

export interface ClientProgram {
  /** The name in STORY.md. */
  name: string
  prepare: () => Promise<Prepared>
}

const run = promisify(execFile)
const root = resolve(import.meta.dirname, "../..")
const programs = join(root, "tests/conformance")

export const clients: ClientProgram[] = [
  { name: "hvac", prepare: () => python() },
  { name: "node-vault", prepare: async () => nodeProgram("node-vault/main.ts") },
  { name: "litehex", prepare: async () => nodeProgram("litehex/main.ts") },
  { name: "go", prepare: () => locked("go", go) },
  { name: "vaultrs", prepare: () => locked("cargo", rust) },
]

const nodeProgram = (file: string): Prepared => ({ command: process.execPath, args: [join(programs, "node", file)] })

const python = async (): Promise<Prepared> => {
  const made = await environment("python", join(programs, "python/requirements.txt"))
  if ("absent" in made) return made
  return { command: join(made.bin, "python"), args: [join(programs, "python/story.py")] }
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
