import { randomBytes } from "node:crypto"
import { lstat, open, readFile, rename, rm } from "node:fs/promises"
import { join } from "node:path"
import { variable } from "@arca/sdk/variable"
import { Failure } from "./failure.ts"
import type { Io } from "./io.ts"

/**
 * Where a login keeps its token: `~/.vault-token` (or what ARCA_, BAO_ or VAULT_TOKEN_PATH names), readable by its owner
 * only, or the program that `token_helper` in `~/.vault` names. Such a program is called with `get`, `store` or `erase`.
 */
export async function readToken(io: Io): Promise<string> {
  const program = await externalProgram(io)
  if (program !== undefined) return (await callProgram(program, "get", io)).trim()
  try {
    return (await readFile(tokenPath(io), "utf8")).trim()
  } catch (error) {
    if (isMissing(error)) return ""
    throw new Failure(`failed to get token from token helper: ${said(error)}`, 2)
  }
}

export async function storeToken(token: string, io: Io): Promise<void> {
  const program = await externalProgram(io)
  if (program !== undefined) return void (await callProgram(program, "store", io, token))
  const path = tokenPath(io)
  // A new file beside it and a rename: no reader sees half a token, nobody else's permissions apply.
  const draft = `${path}.${randomBytes(6).toString("hex")}.tmp`
  const file = await open(draft, "wx", 0o600)
  try {
    await file.writeFile(token)
    await file.sync()
    await file.close()
    await rename(draft, path)
  } catch (error) {
    await file.close().catch(() => {})
    await rm(draft, { force: true })
    throw error
  }
}

export async function eraseToken(io: Io): Promise<void> {
  const program = await externalProgram(io)
  if (program !== undefined) return void (await callProgram(program, "erase", io))
  await rm(tokenPath(io), { force: true })
}

const tokenPath = (io: Io): string => variable(io.env, "TOKEN_PATH") || join(io.home, ".vault-token")

async function externalProgram(io: Io): Promise<string | undefined> {
  const path = variable(io.env, "CONFIG_PATH") || join(io.home, ".vault")
  let text: string
  try {
    // ~/.vault may be a directory of one's own.
    if ((await lstat(path)).isDirectory()) return undefined
    text = await readFile(path, "utf8")
  } catch (error) {
    if (isMissing(error)) return undefined
    throw new Failure(`Error loading CLI configuration from "${path}": ${said(error)}`, 2)
  }
  return namedProgram(path, text)
}

async function namedProgram(path: string, text: string): Promise<string | undefined> {
  const { attribute, parseHcl, readString } = await import("@arca/hcl")
  try {
    const item = attribute(parseHcl(text), "token_helper")
    return item === undefined ? undefined : readString(item) || undefined
  } catch (error) {
    throw new Failure(`Error loading CLI configuration from "${path}": ${said(error)}`, 2)
  }
}

/** Runs through the shell, as the setting may carry arguments. */
async function callProgram(program: string, verb: "get" | "store" | "erase", io: Io, input = ""): Promise<string> {
  const { spawn } = await import("node:child_process")
  const child = spawn(`${program} ${verb}`, { shell: true, env: { ...io.env }, stdio: ["pipe", "pipe", "pipe"] })
  const stdout: Buffer[] = []
  const stderr: Buffer[] = []
  child.stdout.on("data", chunk => stdout.push(chunk))
  child.stderr.on("data", chunk => stderr.push(chunk))
  child.stdin.on("error", () => {})
  child.stdin.end(input)
  const code = await new Promise<number | null>((resolve, reject) => child.once("error", reject).once("close", resolve))
  if (code === 0) return Buffer.concat(stdout).toString("utf8")
  throw new Failure(
    `the token helper "${program}" failed to ${verb} the token: ${Buffer.concat(stderr).toString("utf8").trim()}`,
    2,
  )
}

const isMissing = (error: unknown): boolean => error instanceof Error && "code" in error && error.code === "ENOENT"
const said = (error: unknown): string => (error instanceof Error ? error.message : String(error))
