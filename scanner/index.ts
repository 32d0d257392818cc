/**
 * Finds leaked secrets in files, git histories, changes and streams.
 *
 *     import { scan, scanAll } from "@arca/scanner"
 *
 *     const { findings, summary } = await scanAll({ kind: "history", repository: "." })
 *     for await (const finding of scan({ kind: "files", path: "src" })) console.log(finding.file, finding.startLine)
 *
 * Findings hold the secrets they found; `redact` hides them. Loading this module loads nothing else: what a scan needs is
 * loaded when it starts.
 */
import type { ScanIo } from "./command/io.ts"
import type { Finding } from "./finding.ts"
import type { ScanOptions, Summary, Target } from "./scan.ts"

export type { Finding, RequiredFinding, Verification } from "./finding.ts"
export type { Platform } from "./platform.ts"
export type { Allowlist, Config, Required, Rule } from "./rule.ts"
export type { Progress, ScanOptions, Summary, Target } from "./scan.ts"

/**
 * Scans a target and yields what it finds as it finds it, in an order that depends only on the target. The generator's
 * return value is the {@link Summary}: with reasons in its `partial`, no findings does not mean no leaks.
 * Throws ConfigError for rules that cannot be used.
 */
export async function* scan(target: Target, options: ScanOptions = {}): AsyncGenerator<Finding, Summary> {
  return yield* (await import("./scan.ts")).scan(target, options)
}

/** All findings at once, with the summary. */
export async function scanAll(
  target: Target,
  options: ScanOptions = {},
): Promise<{ findings: Finding[]; summary: Summary }> {
  return (await import("./scan.ts")).scanAll(target, options)
}

/** A copy of the finding with its secret hidden: 100 percent as `REDACTED`, less keeps the beginning. */
export async function redact(finding: Finding, percent = 100): Promise<Finding> {
  return (await import("./finding.ts")).redact(finding, percent)
}

/** `arca scan known make`: values on standard input, their keyed hashes into a file for `--known`. */
export async function knownCommand(
  line: readonly string[],
  io: ScanIo & { stdin?: { text(): Promise<string> } },
): Promise<number> {
  return (await import("./command/known.ts")).knownCommand(line, io)
}

/** The command line `arca scan …`, without its first two words; resolves to the exit code. */
export async function scanCommand(line: readonly string[], io: ScanIo): Promise<number> {
  return (await import("./command/run.ts")).runLine(line, io)
}
