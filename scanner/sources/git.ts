import { spawn } from "node:child_process"
import type { Readable } from "node:stream"
import type { Commit } from "../finding.ts"
import { archiveKind } from "./archive.ts"
import { type FileOptions, scanFile } from "./file.ts"
import { logFormat, patchReader } from "./git-log.ts"
import { readerOf, type Source, type SourceReport } from "./source.ts"

export type GitOptions = FileOptions & {
  /** What to read: the history, or the changes that are not committed. */
  read: { kind: "log"; options: readonly string[] } | { kind: "diff"; staged: boolean }
  repository: string
  env: NodeJS.ProcessEnv
  onCommit?: (commit: Commit) => void
}

// The user's settings must not change the shape of what is read.
const settings = [
  "diff.noprefix=false",
  "diff.mnemonicPrefix=false",
  "diff.external=",
  "color.ui=false",
  "log.showSignature=false",
  "core.quotePath=true",
  "i18n.logOutputEncoding=UTF-8",
].flatMap(setting => ["-c", setting])

/** All history, unless the options say otherwise; then they replace Gitleaks' defaults as there. */
function logArguments(options: readonly string[]): string[] {
  const chosen = options.length > 0 ? options : ["--full-history", "--all", "--diff-filter=tuxdb"]
  return ["log", "-p", "-U0", logFormat, "--no-ext-diff", "--no-color", ...chosen]
}

const diffArguments = (staged: boolean) => [
  "diff",
  "-U0",
  "--no-ext-diff",
  "--no-color",
  ...(staged ? ["--staged"] : []),
  ".",
]

// Git mentions these without failing: all commits are still shown.
const harmless = [
  "exhaustive rename detection was skipped",
  "inexact rename detection was skipped",
  "you may want to set your diff.renameLimit",
  'See "git help gc" for manual housekeeping',
  "Auto packing the repository in background",
]

/** The added lines of a history or of uncommitted changes, hunk by hunk. A git that fails makes the scan partial. */
export function gitSource(options: GitOptions): Source {
  return async (emit, report) => {
    const { read } = options
    const args = read.kind === "log" ? logArguments(read.options) : diffArguments(read.staged)
    const git = startGit(options, args)
    const archives: { path: string; commit: Commit | undefined }[] = []
    const reader = patchReader({
      hunk: ({ path, startLine, bytes, commit }) => emit({ path, startLine, bytes, ...(commit ? { commit } : {}) }),
      binary: (path, commit) => {
        if (options.maxArchiveDepth > 0 && archiveKind(path) !== undefined) archives.push({ path, commit })
      },
      commit: commit => options.onCommit?.(commit),
    })
    for await (const piece of git.stdout) {
      report.checkTime()
      reader.push(piece)
    }
    reader.end()
    judgeExit(await git.ended, report)
    for (const { path, commit } of archives) await scanBlob(options, path, commit, emit, report)
  }
}

async function scanBlob(
  options: GitOptions,
  path: string,
  commit: Commit | undefined,
  emit: Parameters<Source>[0],
  report: SourceReport,
): Promise<void> {
  const git = startGit(options, ["cat-file", "blob", `${commit?.sha ?? ""}:${path}`])
  const pieces: Buffer[] = []
  for await (const piece of git.stdout) pieces.push(piece)
  const { code, errors } = await git.ended
  if (code !== 0) return report.incomplete(`Cannot read ${path} from git: ${errors}`)
  const bytes = Buffer.concat(pieces)
  const file = { path, read: readerOf(bytes), content: () => bytes }
  scanFile(file, options, fragment => emit({ ...fragment, ...(commit ? { commit } : {}) }), report)
}

type Ended = { code: number | null; errors: string }

function startGit(
  options: Pick<GitOptions, "repository" | "env">,
  args: string[],
): { stdout: Readable; ended: Promise<Ended> } {
  const git = spawn("git", ["-C", options.repository, ...settings, ...args], {
    env: options.env,
    stdio: ["ignore", "pipe", "pipe"],
  })
  let errors = ""
  git.stderr.setEncoding("utf8").on("data", (text: string) => {
    if (errors.length < 64 * 1024) errors += text
  })
  const ended = new Promise<Ended>(resolve => {
    git.on("error", error => resolve({ code: null, errors: `cannot run git: ${error.message}` }))
    git.on("close", code => resolve({ code, errors: errors.trim() }))
  })
  return { stdout: git.stdout, ended }
}

function judgeExit({ code, errors }: Ended, report: SourceReport): void {
  const lines = errors.split("\n").filter(line => line !== "")
  for (const line of lines) if (harmless.some(text => line.includes(text))) report.warn(`[git] ${line}`)
  const grave = lines.filter(line => !harmless.some(text => line.includes(text)))
  if (code !== 0)
    report.incomplete(`git ended with ${code === null ? "an error" : `status ${code}`}: ${grave.join("; ")}`)
  else if (grave.length > 0) report.incomplete(`git complained: ${grave.join("; ")}`)
}

/** What a short command prints, trimmed; undefined when it fails. */
export async function gitAnswer(
  options: Pick<GitOptions, "repository" | "env">,
  ...args: string[]
): Promise<string | undefined> {
  const git = startGit(options, args)
  let text = ""
  for await (const piece of git.stdout) text += piece
  return (await git.ended).code === 0 ? text.trim() : undefined
}
