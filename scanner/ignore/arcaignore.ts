import { createHmac, randomBytes } from "node:crypto"
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { parse } from "smol-toml"
import type { Finding } from "../finding.ts"
import { placeFingerprint } from "../finding.ts"
import { ConfigError } from "../rule.ts"

/** The file's name, beside `.gitleaksignore`. */
export const arcaIgnoreName = ".arcaignore"

/** One finding that is known and left out, by whom, why and until when. */
export type Ignore = {
  /** A content fingerprint (the value, wherever it stands), or `[commit:]file:rule:line` (a place). */
  finding: string
  owner: string
  reason: string
  /** The last day on which it counts, `2027-01-31`; "" for ever. */
  expires: string
}

/**
 * The ignores of a repository. Content fingerprints are keyed: with `ARCA_SCAN_KEY` nobody without that key can test
 * guesses against them; the key in the file only keeps the fingerprints of two repositories apart.
 */
export type Ignores = {
  /** A keyed hash of rule and secret. */
  fingerprint(finding: Finding): string
  covers(finding: Finding): boolean
  /** Those that count no longer. */
  expired: readonly Ignore[]
  /** Those that nothing was found for so far: after a scan of everything, what was mended or never there. */
  unused(): Ignore[]
}

type Env = Readonly<Record<string, string | undefined>>

/** Reads an ignore file; undefined where there is none. Throws ConfigError with what is wrong and where. */
export function readIgnores(path: string, env: Env, now: Date): Ignores | undefined {
  if (!existsSync(path)) return undefined
  const { key, ignores } = parseIgnores(readFileSync(path, "utf8"), path)
  const today = now.toISOString().slice(0, 10)
  const expired = ignores.filter(({ expires }) => expires !== "" && expires < today)
  const active = new Map(ignores.filter(one => !expired.includes(one)).map(one => [one.finding, one]))
  const used = new Set<string>()
  const secretKey = env.ARCA_SCAN_KEY || key
  const fingerprint = (finding: Finding) => contentFingerprint(secretKey, finding)
  return {
    fingerprint,
    expired,
    covers(finding) {
      const names = [fingerprint(finding), finding.fingerprint, placeFingerprint(finding)]
      const found = names.filter(name => active.has(name))
      for (const name of found) used.add(name)
      return found.length > 0
    },
    unused: () => [...active.values()].filter(one => !used.has(one.finding)),
  }
}

function contentFingerprint(key: string, { ruleId, secret, match }: Finding): string {
  const text = ["arca-scan-v1", ruleId, secret === "" ? match : secret].join("\0")
  return `v1:${createHmac("sha256", key).update(text).digest("hex").slice(0, 32)}`
}

function parseIgnores(text: string, path: string): { key: string; ignores: Ignore[] } {
  const file = read(text, path)
  const { key = "", ignore = [] } = file
  if (typeof key !== "string") throw new ConfigError(`${path}: key must be a string`)
  if (!Array.isArray(ignore)) throw new ConfigError(`${path}: ignore must be a list of tables: [[ignore]]`)
  return { key, ignores: ignore.map((entry, i) => readIgnore(Object(entry), `${path}: ignore ${i + 1}`)) }
}

function read(text: string, path: string): Record<string, unknown> {
  try {
    return parse(text)
  } catch (error) {
    throw new ConfigError(`Cannot read ${path}: ${error instanceof Error ? error.message : String(error)}`)
  }
}

const keys = ["finding", "owner", "reason", "expires"]

function readIgnore(entry: Record<string, unknown>, where: string): Ignore {
  for (const name of Object.keys(entry))
    if (!keys.includes(name)) throw new ConfigError(`${where}: unknown key ${name}; known are ${keys.join(", ")}`)
  const text = (name: string) => {
    const value = entry[name] ?? ""
    if (typeof value !== "string") throw new ConfigError(`${where}: ${name} must be a string`)
    return value
  }
  // A date without quotes is TOML's own kind of date.
  const expires = entry.expires instanceof Date ? entry.expires.toISOString().slice(0, 10) : text("expires")
  const ignore = { finding: text("finding"), owner: text("owner"), reason: text("reason"), expires }
  if (ignore.finding === "") throw new ConfigError(`${where}: finding is missing: a fingerprint from a report`)
  // Who ignores a leak says why: that is the point of this file beside .gitleaksignore.
  if (ignore.owner === "" || ignore.reason === "") throw new ConfigError(`${where}: owner and reason must be given`)
  if (expires !== "" && (!/^\d{4}-\d\d-\d\d$/.test(expires) || Number.isNaN(Date.parse(expires))))
    throw new ConfigError(`${where}: expires must be a day such as 2027-01-31`)
  return ignore
}

/** Adds entries to an ignore file, which is made with a key of its own where there is none. */
export function addIgnores(path: string, ignores: readonly Ignore[]): void {
  const before = existsSync(path)
    ? readFileSync(path, "utf8")
    : `# Leaks that are known: who says so, why, until when. arca scan reads this file.\nkey = ${quoted(randomBytes(24).toString("base64"))}\n`
  const entries = ignores.map(({ finding, owner, reason, expires }) =>
    [
      "\n[[ignore]]",
      `finding = ${quoted(finding)}`,
      `owner = ${quoted(owner)}`,
      `reason = ${quoted(reason)}`,
      ...(expires === "" ? [] : [`expires = ${expires}`]),
      "",
    ].join("\n"),
  )
  const text = `${before.trimEnd()}\n${entries.join("")}`
  parseIgnores(text, path)
  writeFileSync(path, text)
}

/** A TOML basic string is a JSON string, apart from an escape that JSON.stringify does not write. */
const quoted = (text: string) => JSON.stringify(text)
