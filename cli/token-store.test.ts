import assert from "node:assert/strict"
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, test } from "node:test"
import type { Io } from "./io.ts"
import { eraseToken, readToken, storeToken } from "./token-store.ts"

let home = ""
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "arca-token-"))
})
afterEach(() => rm(home, { recursive: true }))

const silent = { isTerminal: false, write: () => {} }
const io = (env: Record<string, string> = {}): Io => ({
  env: { PATH: process.env.PATH, ...env },
  program: "arca",
  home,
  hostname: "test",
  stdout: silent,
  stderr: silent,
  stdin: { isTerminal: false, text: async () => "", secretLine: () => Promise.reject(new Error("no terminal")) },
  interrupted: new AbortController().signal,
})

test("a token is kept in the home folder, for its owner only, without a newline and without leftovers", async () => {
  const path = join(home, ".vault-token")
  await writeFile(path, "an older, longer token", { mode: 0o644 })
  await storeToken("hvs.new", io())
  assert.equal(await readFile(path, "utf8"), "hvs.new")
  assert.equal((await stat(path)).mode & 0o777, 0o600)
  assert.deepEqual(await readdir(home), [".vault-token"])
  assert.equal(await readToken(io()), "hvs.new")
})

test("no token is an empty one, and erasing it twice is no error", async () => {
  assert.equal(await readToken(io()), "")
  await storeToken("t", io())
  await eraseToken(io())
  await eraseToken(io())
  assert.equal(await readToken(io()), "")
})

test("a variable names another file", async () => {
  const path = join(home, "elsewhere")
  await storeToken("t", io({ VAULT_TOKEN_PATH: path }))
  assert.equal(await readFile(path, "utf8"), "t")
  assert.equal(await readToken(io({ BAO_TOKEN_PATH: path, VAULT_TOKEN_PATH: "/nowhere" })), "t")
})

test("a program named in ~/.vault keeps the token instead, and its words are passed on when it fails", async () => {
  const program = join(home, "keeper")
  await writeFile(
    program,
    `#!/bin/sh\ncase "$1" in\nstore) cat > ${home}/kept ;;\nget) cat ${home}/kept ;;\n*) echo "cannot $1" >&2; exit 3 ;;\nesac\n`,
  )
  await chmod(program, 0o755)
  await writeFile(join(home, ".vault"), `token_helper = "${program}"\n`)
  await storeToken("hvs.kept", io())
  assert.equal(await readToken(io()), "hvs.kept")
  assert.deepEqual((await readdir(home)).sort(), [".vault", "keeper", "kept"])
  await assert.rejects(eraseToken(io()), /failed to erase the token: cannot erase/)
})

test("a broken ~/.vault is named with its place", async () => {
  await writeFile(join(home, ".vault"), "token_helper = ")
  await assert.rejects(readToken(io()), /Error loading CLI configuration from ".*\.vault"/)
})
