/** Runs the steps of a page in one shell, in a folder of its own, against a server of its own. */

import assert from "node:assert/strict"
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { createInterface } from "node:readline"
import { patternOf, type Script, type Step } from "./page.ts"

const ROOT = join(import.meta.dirname, "../..")

/** Folders of a machine that a page may name: they stand below the page's own folder. */
const PLACES = /(?<![\w.])\/(etc\/arca|var\/lib\/arca|var\/log\/arca|var\/backups|run\/credentials)\b/g

const MARK = "\u001e"

/** What a page or an example has around it. */
interface Surroundings {
  readonly work: string
  readonly port: number
  /** For its processes: where the server is, a home of its own, and `arca` by all its names. */
  readonly env: NodeJS.ProcessEnv
}

async function withFolder<T>(run: (around: Surroundings) => Promise<T>): Promise<T> {
  const work = await mkdtemp(join(tmpdir(), "arca-docs-"))
  const port = await freePort()
  try {
    for (const folder of ["etc/arca", "var/lib/arca", "var/log/arca", "var/backups", "run/credentials", "bin"]) {
      await mkdir(join(work, folder), { recursive: true })
    }
    for (const name of ["arca", "vault", "bao"]) await symlink(join(ROOT, "bin/arca"), join(work, "bin", name))
    await symlink(join(ROOT, "node_modules"), join(work, "node_modules"))
    const path = `${join(work, "bin")}:${process.env.PATH}`
    // A page may run tests of its own: they are not a part of these.
    const { NODE_TEST_CONTEXT: _, ...outside } = process.env
    const env = { ...outside, VAULT_ADDR: `http://127.0.0.1:${port}`, HOME: work, NO_COLOR: "1", PATH: path }
    return await run({ work, port, env })
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

/** Runs something beside a development server whose root token is known. */
export const withServer = <T>(run: (around: Surroundings) => Promise<T>): Promise<T> =>
  withFolder(async around => {
    const server = await startServer(around)
    try {
      return await run({ ...around, env: { ...around.env, VAULT_TOKEN: "root" } })
    } finally {
      await stop(server)
    }
  })

/** Runs all steps; fails with the page's line, what was run and what it printed. */
export async function runScript(script: Script, page: string, env: NodeJS.ProcessEnv = {}): Promise<void> {
  const surround = script.needs.includes("server") ? withServer : withFolder
  await surround(async around => {
    const here = (text: string) =>
      text
        .replaceAll(PLACES, `${around.work}/$1`)
        .replaceAll(/\b8200\b/g, String(around.port))
        .replaceAll(/\b5432\b/g, env.DATABASE_URL === undefined ? "5432" : new URL(env.DATABASE_URL).port)
    for (const step of script.steps) if (step.kind === "file") await place(around.work, step, here)
    const steps = script.steps.filter(({ kind }) => kind === "run")
    await runSteps(steps, page, { ...around, env: { ...around.env, ...env } }, here)
  })
}

async function place(work: string, { name = "", text }: Step, here: (text: string) => string): Promise<void> {
  const to = name.startsWith("/") ? here(name) : join(work, name)
  await mkdir(dirname(to), { recursive: true })
  await writeFile(to, here(text))
}

/** What the shell knows: `npx` is already there, a server is waited for, and everything ends with the page. */
const PRELUDE = `
set -euo pipefail
exec 2>&1 </dev/null
npx() { "$@"; }
trap 'for job in $(jobs -p); do kill "$job" 2>/dev/null || true; done; wait' EXIT
reachable() { for _ in $(seq 200); do curl -sk -o /dev/null "$1/v1/sys/health" && return 0; sleep 0.1; done; cat server.log; return 1; }
`

async function runSteps(
  steps: readonly Step[],
  page: string,
  { work, env }: Surroundings,
  here: (text: string) => string,
): Promise<void> {
  const parts = steps.map((step, index) => `printf '${MARK}${index}\\n'\n${commands(here(step.text))}`)
  const shell = spawn("bash", ["-c", PRELUDE + parts.join("\n")], {
    cwd: work,
    stdio: ["ignore", "pipe", "inherit"],
    env,
  })
  let printed = ""
  shell.stdout?.on("data", chunk => (printed += chunk))
  const [code] = await once(shell, "close")
  const outputs = printed
    .split(MARK)
    .slice(1)
    .map(text => text.slice(text.indexOf("\n") + 1))
  for (const [index, step] of steps.entries()) {
    const output = outputs[index]
    if (output === undefined || (index === outputs.length - 1 && code !== 0)) {
      assert.fail(`${page}:${step.line}: ended with ${code}\n${step.text}\nprinted:\n${output ?? outputs.at(-1)}`)
    }
    // The command line ends a single field with a newline on a terminal only.
    const ended = output.endsWith("\n") ? output : `${output}\n`
    if (step.prints !== undefined && !patternOf(here(step.prints)).test(ended)) {
      assert.fail(
        `${page}:${step.line}: prints something else\n${step.text}\nexpected:\n${step.prints}\nprinted:\n${output}`,
      )
    }
  }
}

/** Lines that say they fail must fail; servers go to the background. */
const commands = (text: string): string =>
  text
    .split("\n")
    .map(line => {
      const failing = /^(.*\S)\s+# (?:denied|fails)\b/.exec(line)?.[1]
      if (failing !== undefined)
        return `if ${failing}; then echo "it succeeded: ${line.replaceAll('"', "'")}"; exit 1; fi`
      if (/^(npm start|(npx )?arca server )/.test(line)) {
        return `${line.replace(/^npm start/, "arca server -dev")} >>server.log 2>&1 &\nreachable "$VAULT_ADDR"`
      }
      return line
    })
    .join("\n")

async function startServer({ port, env }: Surroundings): Promise<ChildProcess> {
  const flags = ["-dev", "-dev-root-token-id=root", "-dev-no-store-token", `-dev-listen-address=127.0.0.1:${port}`]
  const server = spawn(process.execPath, [join(ROOT, "server/main.ts"), ...flags], {
    stdio: ["ignore", "pipe", "ignore"],
    env,
  })
  if (server.stdout === null) throw new Error("the server has no output")
  for await (const line of createInterface(server.stdout)) if (line.startsWith("Root Token:")) break
  server.stdout.resume()
  return server
}

async function stop(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null) return
  server.kill("SIGTERM")
  await once(server, "exit")
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1")
  await once(probe, "listening")
  const address = probe.address()
  probe.close()
  await once(probe, "close")
  if (address === null || typeof address === "string") throw new Error("no port to be had on 127.0.0.1")
  return address.port
}
