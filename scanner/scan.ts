import { existsSync } from "node:fs"
import { join, resolve } from "node:path"
import { allowsPath } from "./detect/allowlist.ts"
import { type DetectOptions, detect, type Fragment } from "./detect/detector.ts"
import type { Exempt } from "./detect/exempt.ts"
import { allRules, type CompiledRules, loadRules, type Ruleset } from "./detect/ruleset.ts"
import { type Sieve, sieveFor } from "./detect/sieve.ts"
import type { Finding } from "./finding.ts"
import type { Ignores } from "./ignore/arcaignore.ts"
import { type Baseline, isInBaseline } from "./ignore/baseline.ts"
import { type IgnoredPlaces, isIgnored } from "./ignore/gitleaksignore.ts"
import type { Known } from "./known.ts"
import type { Platform } from "./platform.ts"
import type { PartName } from "./remote/host.ts"
import type { BucketOptions } from "./remote/s3.ts"
import type { Config, Rule } from "./rule.ts"
import type { FileOptions } from "./sources/file.ts"
import type { LogOptions } from "./sources/logs.ts"
import type { Source, SourceReport } from "./sources/source.ts"

/** What to scan. Paths are reported as they are given here. */
export type Target =
  /** A repository's history: all of it, or what `git log` shows with the options. */
  | { kind: "history"; repository: string; logOptions?: readonly string[]; platform?: Platform }
  /** What is not committed: the staged changes, or the changes that are not staged. */
  | { kind: "changes"; repository: string; staged: boolean }
  /** A folder with everything below it, or one file. */
  | { kind: "files"; path: string; followSymlinks?: boolean }
  | { kind: "stdin" }
  | { kind: "stream"; stream: AsyncIterable<Uint8Array>; path?: string }
  | { kind: "text"; text: string | Uint8Array; path?: string }
  | RemoteTarget
  | BucketTarget
  | LogTarget

/** What lies on a code host, by its API: a repository (`owner/name`), or all repositories of an organisation, group or user. */
export type RemoteTarget = {
  kind: "github" | "gitlab"
  target: string
  /** A server of one's own; the public one without it. */
  url?: string
  /** Without it only what everybody may see is read. */
  token?: string
  /** Default: all but the logs of CI runs. */
  only?: readonly PartName[]
  /** A file in which finished parts are kept: the next scan goes on from there, and reads only what changed since. */
  statePath?: string
  /** The longest wait for a rate limit; default 3700, since those are by the hour. */
  maxWaitSeconds?: number
}

/** A bucket of Amazon S3, or of a store that speaks its protocol. Credentials are found as by Amazon's SDK. */
export type BucketTarget = { kind: "s3"; bucket: string } & Partial<
  Pick<BucketOptions, "prefix" | "startAfter" | "endpoint" | "region" | "versions" | "anonymous">
>

/** Log files, `-` for standard input; see {@link LogOptions}. */
export type LogTarget = { kind: "logs"; files: readonly string[] } & Partial<
  Pick<LogOptions, "follow" | "newOnly" | "format" | "until">
>

export type ScanOptions = {
  /** A rule file in Gitleaks' TOML format; else GITLEAKS_CONFIG and its kin, `.gitleaks.toml` beside the target, our own rules. */
  configPath?: string
  /** Rules as values; nothing is looked for then. */
  config?: Config
  /** Only these rules, by id. */
  enableRules?: readonly string[]
  /** Passes of decoding (base64, hexadecimal, percent, Unicode escapes). Default 5, as in Gitleaks. */
  maxDecodeDepth?: number
  /** How deep archives in archives are opened. Default 0: not at all, as in Gitleaks. */
  maxArchiveDepth?: number
  /** Larger files are left out; 0, the default: none are. */
  maxTargetMegabytes?: number
  /** Reports lines marked `gitleaks:allow`, too. */
  ignoreAllowComments?: boolean
  /** Entries of `.gitleaksignore` files to leave out (`readIgnoreFiles`). */
  ignored?: IgnoredPlaces
  /** The entries of an `.arcaignore` file (`readIgnores`); findings then carry content fingerprints. */
  ignores?: Ignores
  /** Values held elsewhere, by keyed hash (`readKnown`). */
  known?: Known
  /** An earlier report, whose findings are left out, and its path, which is not scanned. */
  baseline?: { known: Baseline; secrets: boolean; path?: string }
  /** Seconds until the scan ends, partial. 0, the default: no limit. */
  timeoutSeconds?: number
  /**
   * Where to keep what a whole history held, so that the next scan reads new commits only: a folder, or "" for
   * `.git/arca`. Without it `.git/arca` is used where it exists.
   */
  historyCache?: string
  /** A shallow history is then a warning; else it makes the scan partial. */
  allowPartial?: boolean
  signal?: AbortSignal
  cwd?: string
  env?: Readonly<Record<string, string | undefined>>
  onWarning?: (text: string) => void
  onProgress?: (progress: Progress) => void
}

export type Progress = { bytes: number; commits: number; findings: number; path: string }

/** How a scan went. With reasons in `partial`, no findings does not mean no leaks. */
export type Summary = {
  /** Bytes looked at. */
  bytes: number
  commits: number
  findings: number
  /** Why something was not read; empty when all was. */
  partial: string[]
  /** All rules of the configuration, in their order. */
  rules: () => Rule[]
  milliseconds: number
}

/** A clock that only runs forward; `performance` would load more than a commit's scan needs. */
const milliseconds = () => process.uptime() * 1000

/** Ends a scan early from within a source. */
class EndOfTime extends Error {
  override name = "EndOfTime"
}

/**
 * Scans a target and yields what it finds as it finds it, in an order that depends only on the target. The generator's
 * return value is the {@link Summary}. Throws ConfigError for rules that cannot be used; trouble with the target ends in
 * `partial`.
 *
 *     for await (const finding of scan({ kind: "files", path: "src" })) console.log(finding.ruleId, finding.file)
 */
export async function* scan(target: Target, options: ScanOptions = {}): AsyncGenerator<Finding, Summary> {
  const started = milliseconds()
  const ending = new AbortController()
  try {
    const { rules: all, key } = await rulesFor(target, options)
    const ruleset = loadRules(await enabledOf(all, options))
    const tally: Tally = { bytes: 0, commits: 0, findings: 0, path: "", partial: [], later: [], commit: "" }
    const detection = detectionOf(target, options)
    const cache = await cacheFor(target, options, key, detection)
    const skips = (path: string) => isSkipped(ruleset, path)
    const mayPass = target.kind === "history" && options.known === undefined
    const sieve = mayPass ? sieveFor(ruleset, detection) : undefined
    const history = { known: cache?.tips ?? [], exempt: all.global.exempt, sieve }
    const source = await open(target, options, ending.signal, skips, history)
    const judge = await judgeFor(target, options)
    const raw: Finding[] = [...(cache?.findings ?? [])]
    const known = raw.flatMap(judge)
    const sift = (fragment: Fragment) => {
      const found = detect(ruleset, detection, fragment)
      if (options.known !== undefined) found.push(...options.known.find(fragment, detection.ignoreAllowComments))
      if (cache !== undefined) raw.push(...found)
      return found.map(finding => fragment.complete?.(finding) ?? finding).flatMap(judge)
    }
    yield* detectAll(source, sift, tally, reportTo(options, started, tally), options)
    yield* known
    tally.findings += known.length
    tally.commits += cache?.commits ?? 0
    if (tally.partial.length === 0) cache?.save(raw, tally.commits)
    const { bytes, commits, findings, partial } = tally
    return { bytes, commits, findings, partial, rules: () => allRules(all), milliseconds: milliseconds() - started }
  } finally {
    ending.abort()
  }
}

/** All findings of a scan at once, with its summary. */
export async function scanAll(
  target: Target,
  options: ScanOptions = {},
): Promise<{ findings: Finding[]; summary: Summary }> {
  const findings: Finding[] = []
  const running = scan(target, options)
  for (;;) {
    const { done, value } = await running.next()
    if (done === true) return { findings, summary: value }
    findings.push(value)
  }
}

/** `commit`: whose texts were read last. */
type Tally = Progress & { partial: string[]; later: (() => Promise<void>)[]; commit: string }

/** One piece of work may lead to more: an archive holds archives. */
async function doLater({ later }: Tally): Promise<void> {
  for (let work = later.shift(); work !== undefined; work = later.shift()) await work()
}

async function* detectAll(
  source: Source,
  sift: (fragment: Fragment) => Finding[],
  tally: Tally,
  report: SourceReport,
  { onProgress }: ScanOptions,
): AsyncGenerator<Finding> {
  let found: Finding[] = []
  const emit = (fragment: Fragment) => {
    tally.path = fragment.path
    count(tally, fragment.bytes.length, fragment.commit?.sha ?? "")
    found.push(...sift(fragment))
  }
  const handOver = () => {
    const ready = found
    found = []
    tally.findings += ready.length
    return ready
  }
  try {
    for await (const _ of source(emit, report)) {
      if (tally.later.length > 0) await doLater(tally)
      onProgress?.(tally)
      if (found.length > 0) yield* handOver()
    }
    await doLater(tally)
  } catch (error) {
    if (!(error instanceof EndOfTime)) throw error
    report.incomplete(error.message)
  }
  yield* handOver()
}

function count(tally: Tally, bytes: number, commit: string): void {
  tally.bytes += bytes
  if (commit !== tally.commit) tally.commits++
  tally.commit = commit
}

function reportTo(options: ScanOptions, started: number, tally: Tally): SourceReport {
  const { timeoutSeconds = 0, signal } = options
  const end = timeoutSeconds > 0 ? started + timeoutSeconds * 1000 : Number.POSITIVE_INFINITY
  return {
    warn: text => options.onWarning?.(text),
    incomplete: text => void tally.partial.push(text),
    passed: (bytes, { sha }) => count(tally, bytes, sha),
    checkTime: () => {
      if (milliseconds() > end) throw new EndOfTime("the time limit was reached")
      if (signal?.aborted === true) throw new EndOfTime("the scan was cancelled")
    },
    isEnd: error => error instanceof EndOfTime,
    later: work => void tally.later.push(work),
  }
}

const cwdOf = ({ cwd }: ScanOptions) => cwd ?? process.cwd()
const placeOf = (repository: string, options: ScanOptions) => ({
  repository: resolve(cwdOf(options), repository),
  env: { ...(options.env ?? process.env) },
})

/** Opens the target. Sources are loaded when they are used. */
async function open(
  target: Target,
  options: ScanOptions,
  signal: AbortSignal,
  skips: (path: string) => boolean,
  { sieve, ...history }: { known: readonly string[]; exempt: Exempt; sieve: Sieve | undefined },
): Promise<Source> {
  const { maxArchiveDepth = 0, maxTargetMegabytes = 0, allowPartial = false } = options
  const file = { maxArchiveDepth, skips }
  if (target.kind === "history" || target.kind === "changes") {
    const { gitSource } = await import("./sources/git.ts")
    const read =
      target.kind === "history"
        ? { kind: "log" as const, options: target.logOptions ?? [], allowPartial, ...history }
        : { kind: "diff" as const, staged: target.staged }
    return gitSource({ ...file, ...placeOf(target.repository, options), read, signal, sieve })
  }
  if (target.kind === "files") {
    const { dirSource } = await import("./sources/dir.ts")
    const { path, followSymlinks = false } = target
    return dirSource(path, { ...file, followSymlinks, maxFileBytes: maxTargetMegabytes * 1e6, cwd: cwdOf(options) })
  }
  if (target.kind === "stdin" || target.kind === "stream" || target.kind === "text") return openStream(target)
  if (target.kind === "logs") return openLogs(target, cwdOf(options))
  if (target.kind === "s3") return openBucket(target, { ...file, maxFileBytes: maxTargetMegabytes * 1e6 })
  return openRemote(target, options, signal, file, history)
}

async function openLogs(target: LogTarget, cwd: string): Promise<Source> {
  const { logSource } = await import("./sources/logs.ts")
  return logSource({ follow: false, newOnly: false, until: new AbortController().signal, ...target, cwd })
}

async function openBucket(target: BucketTarget, file: FileOptions & { maxFileBytes: number }): Promise<Source> {
  const { bucketSource } = await import("./remote/s3.ts")
  const preset = { prefix: "", startAfter: "", endpoint: "", region: "", versions: false, anonymous: false }
  return bucketSource({ ...preset, ...target, ...file })
}

async function openStream(target: Target & { kind: "stdin" | "stream" | "text" }): Promise<Source> {
  const { stdinSource, streamSource, textSource } = await import("./sources/stream.ts")
  if (target.kind === "stdin") return stdinSource()
  return target.kind === "stream" ? streamSource(target.stream, target.path) : textSource(target.text, target.path)
}

async function openRemote(
  target: RemoteTarget,
  options: ScanOptions,
  signal: AbortSignal,
  file: FileOptions,
  { exempt }: { exempt: Exempt },
): Promise<Source> {
  const { remoteSource } = await import("./remote/walk.ts")
  const { presetParts } = await import("./remote/host.ts")
  const { statePath, url = "", token = "", maxWaitSeconds = 3700, only = presetParts } = target
  return remoteSource({
    ...file,
    host: target.kind,
    target: target.target,
    url,
    token,
    maxWaitSeconds,
    only: new Set(only),
    ...(statePath === undefined ? {} : { statePath: resolve(cwdOf(options), statePath) }),
    env: { ...(options.env ?? process.env) },
    signal,
    exempt,
  })
}

/** Any path of a global allowlist is left out, even where the list asks for more; so does Gitleaks. */
function isSkipped(ruleset: Ruleset, path: string): boolean {
  if (ruleset.exceptions.length === 0) return false
  const bytes = Buffer.from(path).toString("latin1")
  return ruleset.exceptions.some(list => allowsPath(list, bytes))
}

type Rules = { rules: CompiledRules; key: string }

const rulesFor = (target: Target, options: ScanOptions): Promise<Rules> =>
  options.config === undefined ? foundRules(target, options) : compiledRules(options.config)

async function enabledOf(all: CompiledRules, { enableRules = [] }: ScanOptions): Promise<CompiledRules> {
  return enableRules.length === 0 ? all : (await import("./config/enable.ts")).onlyRules(all, enableRules)
}

async function foundRules(target: Target, options: ScanOptions) {
  const { configPath } = options
  const { findRules } = await import("./config/find.ts")
  return findRules({
    ...(configPath === undefined ? {} : { config: configPath }),
    source: sourceOf(target),
    cwd: cwdOf(options),
    env: options.env ?? process.env,
    warn: text => options.onWarning?.(text),
  })
}

const compiledRules = async (config: Config): Promise<Rules> => ({
  rules: (await import("./detect/compile.ts")).compileRules(config),
  key: JSON.stringify(config),
})

/** Only whole histories are kept: what options leave out would be missing later. */
async function cacheFor(target: Target, options: ScanOptions, rulesKey: string, detection: DetectOptions) {
  const { historyCache, maxArchiveDepth = 0, enableRules = [], known } = options
  if (target.kind !== "history" || (target.logOptions ?? []).length > 0) return undefined
  const place = placeOf(target.repository, options)
  if (historyCache === undefined && !existsSync(join(place.repository, ".git", "arca"))) return undefined
  const { openHistoryCache } = await import("./history-cache.ts")
  const key = JSON.stringify([rulesKey, enableRules, known?.id])
  return openHistoryCache(place, historyCache, key, { ...detection, maxArchiveDepth })
}

/** Where a `.gitleaks.toml` is looked for. */
function sourceOf(target: Target): string {
  if (target.kind === "history" || target.kind === "changes") return target.repository
  return target.kind === "files" ? target.path : "."
}

function detectionOf(target: Target, options: ScanOptions): DetectOptions {
  const { configPath, baseline, maxDecodeDepth = 5, ignoreAllowComments = false, maxTargetMegabytes = 0 } = options
  const config = configPath ?? join(target.kind === "stdin" ? "" : sourceOf(target), ".gitleaks.toml")
  const skipPaths = new Set(baseline?.path === undefined ? [config] : [config, baseline.path])
  return { maxDecodeDepth, ignoreAllowComments, maxTargetMegabytes, skipPaths }
}

/** Leaves out what is known already, and adds links. */
async function judgeFor(target: Target, options: ScanOptions): Promise<(finding: Finding) => Finding[]> {
  const { ignored, ignores, baseline } = options
  const link = await linksFor(target, options)
  return finding => {
    if (ignores?.covers(finding) === true) return []
    if (ignored !== undefined && isIgnored(ignored, finding)) return []
    if (baseline !== undefined && isInBaseline(baseline.known, finding, baseline)) return []
    return [
      {
        ...finding,
        ...(link === undefined ? {} : { link: link(finding) }),
        ...(ignores === undefined ? {} : { contentFingerprint: ignores.fingerprint(finding) }),
      },
    ]
  }
}

async function linksFor(target: Target, options: ScanOptions): Promise<((finding: Finding) => string) | undefined> {
  if (target.kind !== "history" || target.platform === "none") return undefined
  const { linkOf, remoteOf } = await import("./platform.ts")
  const remote = await remoteOf(placeOf(target.repository, options), target.platform)
  return remote && (finding => linkOf(remote, finding))
}
