import { type Finding, inOrder, redact } from "../finding.ts"
import type { Ignore, Ignores } from "../ignore/arcaignore.ts"
import { ConfigError } from "../rule.ts"
import { type Summary, scan, type Target } from "../scan.ts"
import {
  type CommandName,
  commandFlags,
  FlagError,
  type FlagTable,
  globalFlags,
  type Line,
  listOf,
  numberOf,
  parseLine,
  switchOf,
  textOf,
} from "./flags.ts"
import type { ScanIo } from "./io.ts"
import { byteCount, duration, type Log, levelOf, logTo } from "./log.ts"
import { Fatal, placeIn, redactionOf, scanOptionsOf, targetOf } from "./settings.ts"

const aliases = new Map<string, CommandName>([
  ["git", "git"],
  ["dir", "dir"],
  ["file", "dir"],
  ["directory", "dir"],
  ["stdin", "stdin"],
  ["detect", "detect"],
  ["protect", "protect"],
  ["logs", "logs"],
  ["s3", "s3"],
  ["github", "github"],
  ["gitlab", "gitlab"],
])

/**
 * Runs one line of `arca scan` (or of `gitleaks`, when called by that name) and returns its exit code: 0 no leaks, 1 (or
 * `--exit-code`) leaks, 1 a mistake or a partial scan, 126 an unknown flag.
 */
export async function runLine(words: readonly string[], io: ScanIo): Promise<number> {
  try {
    return await carryOut(words, io)
  } catch (error) {
    if (error instanceof FlagError) return refuseLine(error, io)
    if (!(error instanceof Fatal || error instanceof ConfigError)) throw error
    logOf(undefined, io).fatal(error.message)
    return 1
  }
}

function refuseLine(error: FlagError, io: ScanIo): number {
  io.stderr.write(`Error: ${error.message}\nSee ${titleOf(io)} --help\n`)
  return error.unknown ? 126 : 1
}

const titleOf = ({ program }: ScanIo) => (program === "gitleaks" ? program : `${program} scan`)

async function carryOut(words: readonly string[], io: ScanIo): Promise<number> {
  const other = io.program === "gitleaks" ? undefined : await otherCommand(words[0])
  if (other !== undefined) return other(words, io)
  // Flags may stand before the command, so all are known while it is looked for.
  const all: FlagTable = { ...globalFlags, ...Object.assign({}, ...Object.values(commandFlags)) }
  const [word] = parseLine(all, words).args
  if (word === undefined || word === "help" || word === "version") return explain(word, words, io)
  const command = aliases.get(word)
  if (command === undefined) throw new Fatal(`unknown command "${word}" for "${titleOf(io)}"`)
  const parsed = parseLine({ ...globalFlags, ...commandFlags[command] }, words)
  const line = { ...parsed, args: parsed.args.slice(1) }
  if (switchOf(line, "help")) return explain(command, words, io)
  return runScan(command, line, io)
}

/** Commands that Gitleaks does not have. */
async function otherCommand(word: string | undefined) {
  if (word === "known") return (await import("./known.ts")).knownCommand
  if (word === "ignore") return (await import("./ignore.ts")).ignoreCommand
  if (word === "install-hook") return (await import("./install-hook.ts")).installHookCommand
  return undefined
}

async function explain(command: string | undefined, words: readonly string[], io: ScanIo): Promise<number> {
  const { helpText, versionText } = await import("./help.ts")
  io.stdout.write(command === "version" ? `${versionText()}\n` : helpText(titleOf(io), command))
  return command !== undefined || words.length === 0 || words.some(word => word === "--help" || word === "-h") ? 0 : 1
}

function logOf(line: Line | undefined, io: ScanIo): Log {
  const word = line === undefined ? "info" : textOf(line, "log-level") || "info"
  const hasColour = io.stderr.isTerminal && (line === undefined || !switchOf(line, "no-color")) && !io.env.NO_COLOR
  const log = logTo(text => io.stderr.write(text), levelOf(word) ?? "info", hasColour)
  if (levelOf(word) === undefined) log.warn(`unknown log level: ${word}`)
  return log
}

async function runScan(command: CommandName, line: Line, io: ScanIo): Promise<number> {
  const log = logOf(line, io)
  const { target, source } = await targetOf(command, line, io)
  if (target.kind === "history" || target.kind === "files") io.onLongScan?.()
  const options = await scanOptionsOf(line, source, io, log)
  const enabled = listOf(line, "enable-rule")
  if (enabled.length > 0) log.info(`Overriding enabled rules: ${enabled.join(", ")}`)
  const report = await reportFor(line, io)
  const progress = await progressOn(line, io)
  const isWatch = target.kind === "logs" && target.follow === true
  const percent = redactionOf(line, target.kind === "logs" ? 100 : 0)
  const print = await printerOn(line, io, isWatch)
  const verify = await verifierOn(line, source, io, log)
  const found: Finding[] = []
  let count = 0
  const show = (finding: Finding) => {
    const shown = redact(finding, percent)
    count++
    // A watch may last for months: it keeps only what a report asks for.
    if (!isWatch || report !== undefined) found.push(shown)
    progress?.clear()
    print?.(shown)
  }
  const unverified: Finding[] = []
  const take = verify === undefined ? show : (finding: Finding) => void unverified.push(finding)
  const summary = await run(scan(target, { ...options, ...(progress && { onProgress: progress.show }) }), take)
  progress?.clear()
  if (verify !== undefined) for (const finding of await verify(unverified)) show(finding)
  if (options.ignores !== undefined) tellIgnores(options.ignores, isWhole(target) && summary.partial.length === 0, log)
  tell(summary, target.kind === "history" || target.kind === "changes", log)
  await report?.(inOrder(found), summary)
  if (!report && print === undefined && io.program !== "gitleaks") await showFindings(inOrder(found), summary, io)
  if (summary.partial.length > 0 && !switchOf(line, "allow-partial")) return 1
  return count > 0 ? numberOf(line, "exit-code", 1) : 0
}

async function run(running: AsyncGenerator<Finding, Summary>, take: (finding: Finding) => void): Promise<Summary> {
  for (;;) {
    const { done, value } = await running.next()
    if (done === true) return value
    take(value)
  }
}

/** With `--verify`: asks the issuers of what was found, before anything is redacted. */
async function verifierOn(line: Line, source: string, io: ScanIo, log: Log) {
  if (!switchOf(line, "verify") && !switchOf(line, "verify-dry-run")) return undefined
  return (await import("./verify.ts")).verifierOf(line, source, io, log)
}

function templateOf(line: Line, io: ScanIo): string {
  const path = textOf(line, "report-template")
  return path === "" ? "" : placeIn(io, path)
}

type Report = (findings: readonly Finding[], summary: Summary) => Promise<void>

async function reportFor(line: Line, io: ScanIo): Promise<Report | undefined> {
  const given = textOf(line, "report-path")
  if (given === "") return undefined
  const path = given === "-" ? given : placeIn(io, given)
  const { reporterFor, writeReport } = await import("../report/report.ts")
  const request = { path, format: textOf(line, "report-format"), template: templateOf(line, io) }
  const reporter = await reporterFor(request).catch((error: Error) => {
    throw new Fatal(error.message)
  })
  return async (findings, summary) => writeReport(path, reporter(findings, summary), io.stdout)
}

/** With `--verbose`, or while a log is watched: Gitleaks' block for each finding, at once. */
async function printerOn(line: Line, io: ScanIo, isWatch: boolean): Promise<((finding: Finding) => void) | undefined> {
  if (!switchOf(line, "verbose") && !isWatch) return undefined
  const { coloured, findingBlock, plain } = await import("../report/block.ts")
  const noColor = switchOf(line, "no-color")
  const paint = io.stdout.isTerminal && !noColor && !io.env.NO_COLOR ? coloured : plain
  return finding => io.stdout.write(findingBlock(finding, noColor, paint))
}

async function showFindings(findings: readonly Finding[], summary: Summary, io: ScanIo): Promise<void> {
  const { terminalReport } = await import("../report/terminal.ts")
  const width = io.stdout.isTerminal ? (process.stdout.columns ?? 100) : 100
  const colours = io.stdout.isTerminal && !io.env.NO_COLOR
  const { noteOn } = await import("../rules/index.ts")
  io.stdout.write(terminalReport(findings, summary, { width, colours, now: Date.now() }, noteOn))
}

async function progressOn(line: Line, io: ScanIo) {
  if (!io.stderr.isTerminal || switchOf(line, "verbose")) return undefined
  const { progressLine } = await import("./progress.ts")
  return progressLine(text => io.stderr.write(text))
}

/** Whether what was not found is not there. */
const isWhole = (target: Target) =>
  target.kind === "files" || (target.kind === "history" && (target.logOptions ?? []).length === 0)

function tellIgnores({ expired, unused }: Ignores, everything: boolean, log: Log): void {
  const entry = ({ finding, owner, reason }: Ignore) => `${finding} (${owner}: ${reason})`
  for (const one of expired) log.warn(`An ignore has expired on ${one.expires} and counts no longer: ${entry(one)}`)
  if (everything) for (const one of unused()) log.warn(`An ignore is stale, nothing was found for it: ${entry(one)}`)
}

/** Never a bare "no leaks found" when something was not looked at. */
function tell(summary: Summary, isGit: boolean, log: Log): void {
  const { bytes, commits, findings, partial, milliseconds } = summary
  const scanned = `scanned ~${bytes} bytes (${byteCount(bytes)})`
  for (const reason of partial) log.error(reason)
  if (isGit) log.info(`${commits} commits scanned.`)
  if (partial.length === 0) {
    log.info(`${scanned} in ${duration(milliseconds)}`)
    if (findings > 0) log.warn(`leaks found: ${findings}`)
    else log.info("no leaks found")
    return
  }
  log.warn(scanned)
  log.warn(`partial scan completed in ${duration(milliseconds)}`)
  log.warn(findings > 0 ? `${findings} leaks found in partial scan` : "no leaks found in partial scan")
}
