import { spawnSync } from "node:child_process"
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { dirname, join, resolve } from "node:path"
import { type FlagTable, parseLine, switchOf } from "./flags.ts"
import type { ScanIo } from "./io.ts"
import { Fatal, placeIn } from "./settings.ts"

const flags = { force: { kind: "switch", about: "replace a hook that is there already" } } as const satisfies FlagTable

const mark = "# arca scan: installed by `arca scan install-hook`"

/** `arca scan install-hook [repository]`: a pre-commit hook that scans the staged changes. */
export async function installHookCommand(words: readonly string[], io: ScanIo): Promise<number> {
  const line = parseLine(flags, words)
  const repository = placeIn(io, line.args[1] ?? ".")
  const hook = join(hooksOf(repository, io), "pre-commit")
  if (existsSync(hook) && !switchOf(line, "force") && !readFileSync(hook, "utf8").includes(mark))
    throw new Fatal(
      `${hook} is there already. Add \`arca scan git --pre-commit --staged --redact --verbose\` to it, or pass --force`,
    )
  mkdirSync(dirname(hook), { recursive: true })
  writeFileSync(hook, `#!/bin/sh\n${mark}\nexec arca scan git --pre-commit --staged --redact --verbose\n`)
  chmodSync(hook, 0o755)
  io.stdout.write(`Installed ${hook}. Skip it once with: git commit --no-verify\n`)
  return 0
}

/** Where the repository looks for hooks: `core.hooksPath` counts, and so do worktrees. */
function hooksOf(repository: string, { env }: ScanIo): string {
  const { status, stdout, stderr, error } = spawnSync("git", ["rev-parse", "--git-path", "hooks"], {
    cwd: repository,
    env: { ...env },
    encoding: "utf8",
  })
  if (error !== undefined) throw new Fatal(`cannot run git: ${error.message}`)
  if (status !== 0) throw new Fatal(stderr.trim())
  return resolve(repository, stdout.trim())
}
