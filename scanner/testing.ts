import { spawnSync } from "node:child_process"
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import type { TestContext } from "node:test"
import { scanCommand } from "./index.ts"

/** Values of the shape that rules look for, built from parts so that no scanner takes this repository for leaky. */
export const fakes = {
  github: `ghp_${"aZ3bY8cX1dW6eV4fU9gT2hS7iR5jQ0kPmNlO"}`,
  aws: `AKIA${"Q3EGRTZ6XW5V2LNB"}`,
  slack: `xoxb-${"730191371696"}-${"1413868247813"}-${"IG7Z8cYwSVM8YmIr8wRVn3fO"}`,
}

/** Gitleaks' default rules, as data. */
export const gitleaksRules = new URL("./testdata/gitleaks.toml", import.meta.url).pathname

type Files = Readonly<Record<string, string | Uint8Array>>

/** A folder that is gone after the test. */
export function folder(t: TestContext, files: Files = {}): string {
  const path = mkdtempSync(join(tmpdir(), "arca-scan-"))
  t.after(() => rmSync(path, { recursive: true, force: true }))
  write(path, files)
  return path
}

export function write(root: string, files: Files): void {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true })
    writeFileSync(join(root, name), content)
  }
}

/** A git repository without the machine's settings, its clock standing still. */
export type Repository = { path: string; git(...args: string[]): string; commit(files: Files, message: string): string }

export const repository = (t: TestContext): Repository => repositoryAt(folder(t))

export function repositoryAt(path: string): Repository {
  const git = (...args: string[]) => {
    const { status, stdout, stderr } = spawnSync("git", args, { cwd: path, env: gitEnv, encoding: "utf8" })
    if (status !== 0) throw new Error(`git ${args.join(" ")}: ${stderr}`)
    return stdout.trim()
  }
  git("init", "-q", "-b", "main")
  return {
    path,
    git,
    commit(files, message) {
      write(path, files)
      git("add", "-A")
      git("commit", "-q", "--allow-empty", "-m", message)
      return git("rev-parse", "HEAD")
    },
  }
}

export const gitEnv = {
  PATH: process.env.PATH,
  HOME: "/nonexistent",
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_AUTHOR_NAME: "Ada Lovelace",
  GIT_AUTHOR_EMAIL: "ada@example.com",
  GIT_AUTHOR_DATE: "2026-01-02T03:04:05+02:00",
  GIT_COMMITTER_NAME: "Ada Lovelace",
  GIT_COMMITTER_EMAIL: "ada@example.com",
  GIT_COMMITTER_DATE: "2026-01-02T03:04:05+02:00",
}

export type Outcome = { code: number; stdout: string; stderr: string }

/** One line of `arca scan` in a folder, without colours; rules are compiled once for all tests of a machine. */
export async function runScan(
  cwd: string,
  words: readonly string[],
  program = "arca",
  more: Readonly<Record<string, string>> = {},
): Promise<Outcome> {
  const out = { stdout: "", stderr: "" }
  const into = (name: "stdout" | "stderr") => ({ isTerminal: false, write: (text: string) => void (out[name] += text) })
  const env = { ...gitEnv, ...more, ARCA_CACHE_DIR: join(tmpdir(), "arca-test-cache") }
  const code = await scanCommand(words, { env, program, cwd, stdout: into("stdout"), stderr: into("stderr") })
  return { code, ...out }
}
