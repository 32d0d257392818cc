import { readFileSync, statSync } from "node:fs"
import { join } from "node:path"
import { type Finding, placeFingerprint } from "../finding.ts"

/** Fingerprints to leave out: `file:rule:line` in any commit, `commit:file:rule:line` in one. */
export type IgnoredPlaces = ReadonlySet<string>

/** The ignore files that count, in Gitleaks' order: the path itself, one inside it, one inside the scanned folder. */
export function ignoreFiles(ignorePath: string, source: string): string[] {
  const candidates = [ignorePath, join(ignorePath, ".gitleaksignore"), join(source, ".gitleaksignore")]
  return candidates.filter(path => statSync(path, { throwIfNoEntry: false })?.isFile() === true)
}

export function readIgnoreFiles(paths: readonly string[], warn: (text: string) => void): IgnoredPlaces {
  const places = new Set<string>()
  for (const path of paths)
    for (const line of readFileSync(path, "utf8").split("\n")) {
      const entry = line.trim()
      if (entry !== "" && !entry.startsWith("#")) places.add(normalise(entry, path, warn))
    }
  return places
}

/** Windows separators count as slashes in the path, which is the second part when a commit comes first. */
function normalise(entry: string, file: string, warn: (text: string) => void): string {
  const parts = entry.split(":")
  const at = parts.length - 3
  if (at !== 0 && at !== 1) warn(`Invalid entry in ${file}: ${entry}; expected [commit:]file:rule:line`)
  else parts[at] = (parts[at] ?? "").replaceAll("\\", "/")
  return parts.join(":")
}

export const isIgnored = (places: IgnoredPlaces, finding: Finding) =>
  places.size > 0 && (places.has(placeFingerprint(finding)) || places.has(finding.fingerprint))
