import { existsSync } from "node:fs"
import { join, relative, resolve } from "node:path"
import { ignoreFiles, readIgnoreFiles } from "../ignore/gitleaksignore.ts"
import type { Platform } from "../platform.ts"
import type { ScanOptions, Target } from "../scan.ts"
import { type CommandName, FlagError, type Line, listOf, numberOf, optionalOf, switchOf, textOf } from "./flags.ts"
import type { ScanIo } from "./io.ts"
import type { Log } from "./log.ts"

/** A line that cannot be carried out; ends the program with 1 and this message. */
export class Fatal extends Error {
  override name = "Fatal"
}

/** What a command is to scan. `source` is where `.gitleaks.toml` and `.gitleaksignore` are looked for. */
export async function targetOf(
  command: CommandName,
  line: Line,
  io: ScanIo,
): Promise<{ target: Target; source: string }> {
  if (command === "github" || command === "gitlab" || command === "s3" || command === "logs")
    return { target: (await import("./targets.ts")).otherTarget(command, line, io), source: "." }
  const source = command === "detect" || command === "protect" ? textOf(line, "source") || "." : onePath(command, line)
  const staged = switchOf(line, "staged")
  const history = { kind: "history", repository: source, ...logOptionsOf(line), ...platformOf(line) } as const
  const changes = { kind: "changes", repository: source, staged } as const
  const files = { kind: "files", path: source, followSymlinks: switchOf(line, "follow-symlinks") } as const
  switch (command) {
    case "git":
      return { target: staged || switchOf(line, "pre-commit") ? changes : history, source }
    case "protect":
      return { target: changes, source }
    case "dir":
      return { target: files, source }
    case "stdin":
      return { target: { kind: "stdin" }, source: "" }
    case "detect":
      if (switchOf(line, "no-git")) return { target: files, source }
      return switchOf(line, "pipe") ? { target: { kind: "stdin" }, source } : { target: history, source }
  }
}

function onePath(command: CommandName, { args }: Line): string {
  if (args.length > 1 && command !== "stdin")
    throw new Fatal(`accepts at most 1 arg(s), received ${args.length}: scan one path at a time`)
  return args[0] || "."
}

/** Words are split at spaces and nowhere else, as in Gitleaks: quotes do not hold them together. */
function logOptionsOf(line: Line): { logOptions?: string[] } {
  const text = textOf(line, "log-opts")
  return text === "" ? {} : { logOptions: text.split(" ").filter(word => word !== "") }
}

const platforms = new Map<string, Platform>([
  ["none", "none"],
  ["github", "github"],
  ["gitlab", "gitlab"],
  ["azuredevops", "azuredevops"],
  ["gitea", "gitea"],
  ["bitbucket", "bitbucket"],
])

function platformOf(line: Line): { platform?: Platform } {
  const word = textOf(line, "platform").toLowerCase()
  if (word === "" || word === "unknown") return {}
  const platform = platforms.get(word)
  if (platform === undefined) throw new FlagError(`invalid scm platform value: ${textOf(line, "platform")}`)
  return { platform }
}

export const placeIn = ({ cwd = process.cwd() }: ScanIo, path: string) => resolve(cwd, path)

/** What lies in logs belongs to others: it is hidden unless `--redact=0` says otherwise. */
export const redactionOf = (line: Line, preset = 0) => numberOf(line, "redact", preset)

export async function scanOptionsOf(line: Line, source: string, io: ScanIo, log: Log): Promise<ScanOptions> {
  const configPath = textOf(line, "config")
  const baseline = await baselineOf(line, placeIn(io, source), io, log)
  return {
    ...(configPath === "" ? {} : { configPath }),
    enableRules: listOf(line, "enable-rule"),
    maxDecodeDepth: numberOf(line, "max-decode-depth", 5),
    maxArchiveDepth: numberOf(line, "max-archive-depth", 0),
    maxTargetMegabytes: numberOf(line, "max-target-megabytes", 0),
    ignoreAllowComments: switchOf(line, "ignore-gitleaks-allow"),
    ignored: readIgnoreFiles(
      ignoreFiles(placeIn(io, textOf(line, "gitleaks-ignore-path") || "."), placeIn(io, source)),
      log.warn,
    ),
    ...(await ignoresOf(placeIn(io, source), io)),
    ...(baseline === undefined ? {} : { baseline }),
    timeoutSeconds: numberOf(line, "timeout", 0),
    ...cacheOf(line, io),
    ...(await knownOf(line, io)),
    allowPartial: switchOf(line, "allow-partial"),
    cwd: placeIn(io, "."),
    env: io.env,
    onWarning: log.warn,
  }
}

/** The scanned folder's `.arcaignore`; its format is loaded only where there is one. */
async function ignoresOf(source: string, { env }: ScanIo): Promise<Pick<ScanOptions, "ignores">> {
  const path = join(source, ".arcaignore")
  if (!existsSync(path)) return {}
  const { readIgnores } = await import("../ignore/arcaignore.ts")
  const ignores = readIgnores(path, env, new Date())
  return ignores === undefined ? {} : { ignores }
}

async function knownOf(line: Line, io: ScanIo): Promise<Pick<ScanOptions, "known">> {
  const path = textOf(line, "known")
  return path === "" ? {} : { known: (await import("../known.ts")).readKnown(placeIn(io, path)) }
}

function cacheOf(line: Line, io: ScanIo): { historyCache?: string } {
  const folder = optionalOf(line, "cache")
  if (folder === undefined) return {}
  return { historyCache: folder === "" ? "" : placeIn(io, folder) }
}

async function baselineOf(line: Line, source: string, io: ScanIo, log: Log): Promise<ScanOptions["baseline"]> {
  const given = textOf(line, "baseline-path")
  if (given === "") return undefined
  const path = placeIn(io, given)
  const { readBaseline } = await import("../ignore/baseline.ts")
  const secrets = redactionOf(line) === 0
  try {
    return { known: readBaseline(path, { secrets }), secrets, path: relative(source, path) }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    log.error(
      `Could not load baseline. The path must point of a gitleaks report generated using the default format: ${reason}`,
    )
    return undefined
  }
}
