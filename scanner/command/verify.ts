import { existsSync, readFileSync, realpathSync } from "node:fs"
import { isAbsolute, relative } from "node:path"
import type { Finding } from "../finding.ts"
import { ConfigError } from "../rule.ts"
import { messageOf } from "../sources/source.ts"
import { customVerifiersIn } from "../verify/custom.ts"
import { verify } from "../verify/verify.ts"
import { type Line, listOf, switchOf, textOf } from "./flags.ts"
import type { ScanIo } from "./io.ts"
import type { Log } from "./log.ts"
import { Fatal, placeIn } from "./settings.ts"

/** What `--verify` and its kin ask for. */
export function verifierOf(
  line: Line,
  source: string,
  io: ScanIo,
  log: Log,
): (findings: readonly Finding[]) => Promise<Finding[]> {
  const dryRun = switchOf(line, "verify-dry-run")
  const options = {
    dryRun,
    announce: (request: string) => (dryRun ? io.stdout.write(`${request}\n`) : log.debug(request)),
    connect: switchOf(line, "verify-connect"),
    custom: customOf(line, source, io, log),
    hosts: Object.fromEntries(listOf(line, "verify-host").map(hostOf)),
    env: io.env,
  }
  return findings => verify(findings, options)
}

/**
 * Verifiers of the user's own come from a file that the user named, and from those that it extends. A `.gitleaks.toml` that was
 * merely found beside the code must not say where secrets are sent: whoever writes the code writes that file.
 */
function customOf(line: Line, source: string, io: ScanIo, log: Log) {
  const path = textOf(line, "config") || io.env.GITLEAKS_CONFIG
  if (!path) return []
  const isScanned = (one: string) => isBelow(placeIn(io, one), placeIn(io, source))
  return customVerifiersIn(path, {
    // Relative to the working directory, as Gitleaks reads `extend.path`.
    read: one => textIn(placeIn(io, one)),
    isTrusted: one => !isScanned(one) || isScanned(path),
    warn: log.warn,
  })
}

/** By where they really are: a link must not lead into the code unseen. */
function isBelow(path: string, folder: string): boolean {
  const way = relative(realOf(folder), realOf(path))
  return !way.startsWith("..") && !isAbsolute(way)
}

function hostOf(text: string): [string, string] {
  const [issuer = "", host = ""] = text.split("=")
  if (issuer === "" || host === "") throw new Fatal(`--verify-host takes ISSUER=HOST, not ${text}`)
  return [issuer, host]
}

const realOf = (path: string) => (existsSync(path) ? realpathSync(path) : path)

function textIn(path: string): string {
  try {
    return readFileSync(path, "utf8")
  } catch (error) {
    throw new ConfigError(`unable to load gitleaks config, err: ${messageOf(error)}`)
  }
}
