/**
 * Command lines against our server: ours, called by the name of Vault's, and the unmodified one of Vault or OpenBao
 * (`VAULT_BINARY=/path/to/vault`). Each command of commands.ts in order, with its exit code and what it shows.
 */

import assert from "node:assert/strict"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { symlink, writeFile } from "node:fs/promises"
import { join, resolve } from "node:path"
import { type TestContext, test } from "node:test"
import { fields, startUnsealed } from "../parts/arca.ts"
import { type Command, commands } from "./commands.ts"

const binary = process.env.VAULT_BINARY
const reason = binary === undefined && "VAULT_BINARY names no vault or bao binary whose commands could be tried"
const modules = resolve(import.meta.dirname, "../../node_modules/.bin")

test("the unmodified command line works", { skip: reason }, t => tryAll(t, async () => binary ?? "", commands))

test("ours does what Vault's does when it is called by its name", t =>
  tryAll(
    t,
    called,
    commands.filter(({ agent }) => !agent),
  ))

async function called(dir: string): Promise<string> {
  const program = join(dir, "vault")
  await symlink(resolve(import.meta.dirname, "../../bin/arca"), program)
  return program
}

async function tryAll(t: TestContext, found: (dir: string) => Promise<string>, all: readonly Command[]): Promise<void> {
  const server = await startUnsealed()
  const program = await found(server.dir)
  const kept = new Map([
    ["share", server.share],
    ["dir", server.dir],
  ])
  const env: NodeJS.ProcessEnv = { PATH: `${modules}:${process.env.PATH}`, HOME: server.dir }
  for (const prefix of ["VAULT", "BAO"]) {
    Object.assign(env, {
      [`${prefix}_ADDR`]: server.url,
      [`${prefix}_CACERT`]: server.caFile,
      [`${prefix}_TOKEN`]: server.token,
    })
  }
  try {
    for (const [number, command] of all.entries()) {
      await t.test(`${number + 1}: ${command.line}`, () => type(program, command, env, kept))
    }
  } finally {
    await server.stop()
  }
}

/** Longer than any of them takes; one that does not end is a failure like another. */
const PATIENCE = 60_000

/** Runs one command and holds it against what is expected of it. */
async function type(
  program: string,
  command: Command,
  env: NodeJS.ProcessEnv,
  kept: Map<string, string>,
): Promise<void> {
  const filled = (text: string) => text.replace(/\$([a-zA-Z]+)/g, (whole, name: string) => kept.get(name) ?? whole)
  for (const [name, text] of Object.entries(command.files ?? {}))
    await writeFile(join(kept.get("dir") ?? "", name), filled(text))
  const token = command.token && filled(command.token)
  const args = command.line.split(" ").map(filled)
  const child = spawn(program, args, {
    env: token === undefined ? env : { ...env, VAULT_TOKEN: token, BAO_TOKEN: token },
    stdio: ["pipe", "pipe", "pipe"],
    timeout: PATIENCE,
  })
  let out = ""
  let err = ""
  child.stdout.on("data", chunk => (out += chunk))
  child.stderr.on("data", chunk => (err += chunk))
  child.stdin.end(command.stdin ?? "")
  const [code] = await once(child, "close")
  assert.equal(code, command.code ?? 0, `exit code ${code}\n${out}${err}`)
  if (command.shows !== undefined) assert.match(code === 0 ? out : `${out}${err}`, command.shows)
  for (const [name, at] of Object.entries(command.keep ?? {})) {
    const found = at.split(".").reduce<unknown>((inner, key) => fields(inner)[key], JSON.parse(out))
    assert.notEqual(found, undefined, `no ${at} in\n${out}`)
    kept.set(name, String(found))
  }
}
