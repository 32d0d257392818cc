import { spawn, spawnSync } from "node:child_process"
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Readable } from "node:stream"
import type { Fragment } from "../detect/detector.ts"
import type { Exempt } from "../detect/exempt.ts"
import type { Sieve } from "../detect/sieve.ts"
import type { Commit } from "../finding.ts"
import { archiveKind } from "./archive-name.ts"
import { inBatches, type Output, pipeInBatches } from "./batches.ts"
import { type FileOptions, fileInMemory, scanFile } from "./file.ts"
import { logFormat, patchReader } from "./git-log.ts"
import type { Emit, Source, SourceReport } from "./source.ts"

export type GitPlace = {
  repository: string
  env: NodeJS.ProcessEnv
  /** For the command's standard input. */
  input?: string
}

export type GitOptions = FileOptions &
  GitPlace & {
    /** What to read: the history, or the changes that are not committed. */
    read:
      | {
          kind: "log"
          options: readonly string[]
          allowPartial: boolean
          known: readonly string[]
          exempt: Exempt
        }
      | { kind: "diff"; staged: boolean }
    /** Tells which hunks are worth a closer look; without it all are. */
    sieve?: Sieve | undefined
    /** Ends git when the scan ends before it. */
    signal: AbortSignal
  }

// The user's settings must not change the shape of what is read.
const settings = [
  "diff.noprefix=false",
  "diff.mnemonicPrefix=false",
  "diff.srcPrefix=a/",
  "diff.dstPrefix=b/",
  "diff.relative=false",
  "diff.interHunkContext=0",
  "diff.submodule=short",
  "diff.external=",
  "color.ui=false",
  "log.showRoot=true",
  "log.showSignature=false",
  "core.quotePath=true",
  "i18n.logOutputEncoding=UTF-8",
].flatMap(setting => ["-c", setting])

// Git keeps 96 MB of what it has unpacked, most of a history scan's memory. With half of that it takes no longer (measured on
// fastify's history of 16,000 commits).
const memory = ["-c", "core.deltaBaseCacheLimit=48m"]

const shape = ["--no-ext-diff", "--no-textconv", "--no-color"]

/** All history, unless the options say otherwise; then they replace Gitleaks' defaults as there. */
function logArguments(options: readonly string[], hasInput: boolean): string[] {
  const chosen = options.length > 0 ? [...options] : ["--full-history", "--all", "--diff-filter=tuxdb"]
  if (hasInput) chosen.push("--stdin")
  const paths = chosen.indexOf("--")
  // The format comes after the user's options, so that none of them replaces it.
  chosen.splice(paths < 0 ? chosen.length : paths, 0, logFormat)
  return ["log", "-p", "-U0", ...shape, ...chosen]
}

const diffArguments = (staged: boolean) => ["diff", "-U0", ...shape, ...(staged ? ["--staged"] : []), "."]

// Git mentions these without failing: all commits are still shown.
const harmless = [
  "exhaustive rename detection was skipped",
  "inexact rename detection was skipped",
  "you may want to set your diff.renameLimit",
  'See "git help gc" for manual housekeeping',
  "Auto packing the repository in background",
]

/**
 * The added lines of a history or of uncommitted changes, hunk by hunk. Git starts at once. A git that fails, or a history
 * that is cut off, makes the scan partial.
 */
export function gitSource(options: GitOptions): Source {
  const { read, signal } = options
  const short = read.kind === "diff" ? diffAtOnce(options, read.staged) : undefined
  if (short !== undefined) return short
  // Commits that are known already, with all before them, are left out.
  const known = read.kind === "log" && read.known.length > 0 ? read.known.map(id => `^${id}`).join("\n") : undefined
  const words = read.kind === "log" ? logArguments(read.options, known !== undefined) : diffArguments(read.staged)
  const exempt = read.kind === "log" ? read.exempt : undefined
  const place = known === undefined ? options : { ...options, input: known }
  const output = read.kind === "log" ? pipeInBatches() : undefined
  if (output !== undefined) signal.addEventListener("abort", output.close, { once: true })
  const git = startGit(place, words, { signal, exempt, output })
  const batches = output?.batches ?? inBatches(opened(git.stdout))
  const shallow = read.kind === "log" ? gitAnswer(options, "rev-parse", "--is-shallow-repository") : undefined
  return async function* (emit, report) {
    const { reader, blobs } = readerFor(options, emit, report)
    for await (const _ of batches(reader.push)) {
      report.checkTime()
      yield
    }
    reader.end()
    yield
    judgeExit(await git.ended, report)
    if (read.kind === "log" && (await shallow) === "true") judgeShallow(read, report)
    yield* scanBlobs(options, blobs, emit, report)
  }
}

/** The changes of most commits are read in one go, which spares Node's streams. Undefined for larger ones. */
function diffAtOnce(options: GitOptions, staged: boolean): Source | undefined {
  const { status, error, stdout, stderr } = spawnSync("git", wordsFor(options, diffArguments(staged)), {
    env: options.env,
    stdio: ["ignore", "pipe", "pipe"],
    maxBuffer: maxShortDiff,
  })
  if (error !== undefined && "code" in error && error.code === "ENOBUFS") return undefined
  const ended =
    error === undefined
      ? { code: status, errors: stderr.toString().trim() }
      : { code: null, errors: `cannot run git: ${error.message}` }
  return async function* (emit, report) {
    const { reader, blobs } = readerFor(options, emit, report)
    if (error === undefined) reader.push(stdout)
    reader.end()
    judgeExit(ended, report)
    yield* scanBlobs(options, blobs, emit, report)
    yield
  }
}

const maxShortDiff = 4 * 1024 * 1024

/** A file of which the patch shows nothing, and that is to be read whole. */
type Blob = { path: string; commit: Commit | undefined; kind: "archive" | "renamed" }

function readerFor(options: GitOptions, emit: Emit, report: SourceReport) {
  const blobs: Blob[] = []
  const { read, skips } = options
  let whole: Blob | undefined
  const reader = patchReader({
    hunks: (bytes, hunks) => {
      const marks = options.sieve?.({ bytes, texts: hunks })
      let start = 0
      hunks.forEach(({ path, startLine, commit = uncommitted, end }, i) => {
        const isKnown = whole !== undefined && whole.path === path && whole.commit === commit
        if (!isKnown && marks?.[i] === 0) report.passed(end - start, commit)
        else if (!isKnown) emit({ path, startLine, bytes: bytes.subarray(start, end), commit })
        start = end
      })
    },
    binary: (path, commit) => {
      if (options.maxArchiveDepth > 0 && archiveKind(path) !== undefined) blobs.push({ path, commit, kind: "archive" })
    },
    // It was never scanned under its former name, and git may not have compared it.
    renamed: (from, path, commit) => {
      if (read.kind === "log" && skips(from) && !skips(path)) blobs.push((whole = { path, commit, kind: "renamed" }))
    },
  })
  return { reader, blobs }
}

async function* scanBlobs(options: GitOptions, blobs: readonly Blob[], emit: Emit, report: SourceReport) {
  for (const blob of blobs) {
    report.checkTime()
    await scanBlob(options, blob, emit, report)
    yield
  }
}

async function scanBlob(
  options: GitOptions,
  { path, commit, kind }: Blob,
  emit: Emit,
  report: SourceReport,
): Promise<void> {
  const git = startGit(options, ["cat-file", "blob", `${commit?.sha ?? ""}:${path}`])
  const pieces: Buffer[] = []
  for await (const piece of opened(git.stdout)) pieces.push(piece)
  const { code, errors } = await git.ended
  if (code !== 0) return report.incomplete(`Cannot read ${path} from git: ${errors}`)
  const bytes = Buffer.concat(pieces)
  const emitOf = (fragment: Fragment) => emit(commit ? { ...fragment, commit } : fragment)
  if (kind === "archive") return scanFile(fileInMemory(path, bytes), options, emitOf, report)
  // As git tells binary files.
  if (!bytes.subarray(0, 8000).includes(0)) emitOf({ path, startLine: 1, bytes })
}

/** What is not committed has no commit, and Go's first date. */
const uncommitted: Commit = { sha: "", author: "", email: "", date: "0001-01-01T00:00:00Z", message: "" }

type Ended = { code: number | null; errors: string }

const wordsFor = ({ repository }: Pick<GitPlace, "repository">, args: readonly string[]) => [
  "-C",
  repository,
  ...memory,
  ...settings,
  ...args,
]

function opened<T>(stream: T | null): T {
  if (stream === null) throw new Error("git was started without its pipes")
  return stream
}

type Start = { signal: AbortSignal; exempt: Exempt | undefined; output: Output | undefined }

function startGit(
  place: GitPlace,
  args: string[],
  { signal, exempt, output }: Partial<Start> = {},
): { stdout: Readable | null; ended: Promise<Ended> } {
  const { env, input } = place
  const attributes = exempt === undefined ? undefined : attributesFor(place, exempt)
  const git = spawn("git", wordsFor(place, [...(attributes?.words ?? []), ...args]), {
    // Without a flush after each commit.
    env: { ...env, GIT_FLUSH: "0" },
    stdio: ["pipe", output?.descriptor ?? "pipe", "pipe", ...(attributes === undefined ? [] : [attributes.fd])],
    ...(signal === undefined ? {} : { signal }),
  })
  if (attributes !== undefined) closeSync(attributes.fd)
  if (output !== undefined) closeSync(output.descriptor)
  const { stdout } = git
  const [stdin, stderr] = [opened(git.stdin), opened(git.stderr)]
  // A git that ends before it has read everything says why on its own.
  stdin.on("error", () => {}).end(input ?? "")
  let errors = ""
  stderr.setEncoding("utf8").on("data", (text: string) => {
    if (errors.length < 64 * 1024) errors += text
  })
  const ended = new Promise<Ended>(resolve => {
    git.on("error", error => resolve({ code: null, errors: `cannot run git: ${error.message}` }))
    git.on("close", code => resolve({ code, errors: errors.trim() }))
  })
  return { stdout, ended }
}

/**
 * Tells git not to compare exempt files, by attributes: it looks at those only of files that it would compare, which
 * pathspecs cost for every file. The file has no name, so that none is left behind; Windows has no such files.
 */
function attributesFor(place: GitPlace, { patterns, foldsCase }: Exempt): { fd: number; words: string[] } | undefined {
  if (patterns.length === 0 || process.platform === "win32") return undefined
  const worth = worthwhile(place, patterns)
  const folder = mkdtempSync(join(tmpdir(), "arca-attributes-"))
  try {
    const file = join(folder, "attributes")
    writeFileSync(file, worth.map(pattern => `${pattern} -diff\n`).join(""))
    const words = ["-c", "core.attributesFile=/dev/fd/3", "-c", `core.ignoreCase=${foldsCase}`]
    return { fd: openSync(file, "r"), words }
  } catch {
    // A full disk, or none to write to: git compares more.
    return undefined
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const anywhere = "**/"

/**
 * Git compares each pattern with the path of each file, which takes longest where a pattern begins with anything, and four times
 * as long where that is folders: those only stay that fit a file of HEAD. Names, and folders at the top of the tree, are told by
 * their length or first letters and always stay, since what is exempt may have been removed.
 */
function worthwhile(place: GitPlace, patterns: readonly string[]): string[] {
  const words = ["ls-tree", "-r", "--full-tree", "--name-only", "HEAD"]
  const { status, stdout } = spawnSync("git", wordsFor(place, words), { env: place.env, maxBuffer: maxListing })
  if (status !== 0) return [...patterns]
  const paths = stdout.toString().toLowerCase()
  return patterns.flatMap(pattern => {
    if (!pattern.startsWith("*") || paths.includes(fixedPart(pattern))) return pattern
    return pattern.startsWith(anywhere) ? pattern.slice(anywhere.length - 1) : []
  })
}

const maxListing = 64 * 1024 * 1024

/** What every path holds that the pattern, which begins with a star, fits: with the slash or the end of the line that must follow. */
function fixedPart(pattern: string): string {
  const fixed = pattern.toLowerCase().replace(/^\*+(\/\*(?!\*))?/, "")
  if (fixed.endsWith("/**")) return fixed.slice(0, -2)
  return fixed.endsWith("*") ? fixed.slice(0, -1) : `${fixed}\n`
}

/** With options of one's own a part of the history was asked for, and that part may be whole. */
function judgeShallow(
  { options, allowPartial }: { options: readonly string[]; allowPartial: boolean },
  report: SourceReport,
): void {
  const text =
    "this is a shallow clone: older commits were not scanned. Fetch them (git fetch --unshallow; fetch-depth: 0 in actions/checkout)"
  if (options.length > 0 || allowPartial) report.warn(text)
  else report.incomplete(`${text}, or pass --allow-partial`)
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
export async function gitAnswer(place: GitPlace, ...args: string[]): Promise<string | undefined> {
  const git = startGit(place, args)
  let text = ""
  for await (const piece of opened(git.stdout)) text += piece
  return (await git.ended).code === 0 ? text.trim() : undefined
}
