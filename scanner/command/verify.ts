import { readFileSync } from "node:fs"
import type { Finding } from "../finding.ts"
import { customVerifiers } from "../verify/custom.ts"
import { verify } from "../verify/verify.ts"
import { type Line, listOf, switchOf, textOf } from "./flags.ts"
import type { ScanIo } from "./io.ts"
import type { Log } from "./log.ts"
import { Fatal, placeIn } from "./settings.ts"

/** What `--verify` and its kin ask for. */
export function verifierOf(line: Line, io: ScanIo, log: Log): (findings: readonly Finding[]) => Promise<Finding[]> {
  const dryRun = switchOf(line, "verify-dry-run")
  const options = {
    dryRun,
    announce: (request: string) => (dryRun ? io.stdout.write(`${request}\n`) : log.debug(request)),
    connect: switchOf(line, "verify-connect"),
    custom: customOf(line, io),
    hosts: Object.fromEntries(listOf(line, "verify-host").map(hostOf)),
    env: io.env,
  }
  return findings => verify(findings, options)
}

/**
 * Verifiers of the user's own come from a file that the user named. A `.gitleaks.toml` that was merely found beside the
 * code must not say where secrets are sent: whoever writes the code writes that file.
 */
function customOf(line: Line, io: ScanIo) {
  const path = textOf(line, "config") || io.env.GITLEAKS_CONFIG
  return path ? customVerifiers(readFileSync(placeIn(io, path), "utf8"), path) : []
}

function hostOf(text: string): [string, string] {
  const [issuer = "", host = ""] = text.split("=")
  if (issuer === "" || host === "") throw new Fatal(`--verify-host takes ISSUER=HOST, not ${text}`)
  return [issuer, host]
}
