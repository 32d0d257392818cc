import { createHash } from "node:crypto"
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs"
import { dirname, join, resolve } from "node:path"
import type { DetectOptions } from "./detect/detector.ts"
import type { Finding } from "./finding.ts"
import { type GitPlace, gitAnswer } from "./sources/git.ts"

/**
 * What a whole history held when it was last scanned with the same rules, so that the next scan reads new commits only.
 * It holds the secrets that were found, as the repository does, and lies in the repository's git folder unless told
 * otherwise.
 */
export type HistoryCache = {
  /** Commits that were scanned, with all before them. */
  tips: readonly string[]
  /** What was found in them, and is still reachable from a ref. */
  findings: readonly Finding[]
  commits: number
  /** Keeps the state after a complete scan. */
  save(found: readonly Finding[], commits: number): void
}

type Stored = { tips: string[]; commits: number; findings: Finding[] }

/**
 * Opens the cache. `folder` "" stands for the repository's own, which is used unasked where it exists; undefined when
 * there is none and none was asked for, or the history is shallow.
 */
export async function openHistoryCache(
  place: GitPlace,
  folder: string | undefined,
  rulesKey: string,
  detection: DetectOptions & { maxArchiveDepth: number },
): Promise<HistoryCache | undefined> {
  const answers = await Promise.all([
    gitAnswer(place, "rev-parse", "--git-common-dir", "--is-shallow-repository"),
    gitAnswer(place, "for-each-ref", "--format=%(objectname) %(*objectname)"),
    gitAnswer(place, "rev-parse", "--verify", "--quiet", "HEAD"),
  ])
  const [about, refs, head] = answers
  const [gitFolder, shallow] = about?.split("\n") ?? []
  if (gitFolder === undefined || refs === undefined || shallow === "true") return undefined
  const own = join(resolve(place.repository, gitFolder), "arca")
  if (folder === undefined && !existsSync(own)) return undefined
  const { skipPaths, ...options } = detection
  const key = createHash("sha256").update(JSON.stringify([rulesKey, options, [...skipPaths]]))
  const file = join(folder || own, `history-${key.digest("hex").slice(0, 32)}.json`)
  const tips = [...new Set([...refs.split(/\s+/), head ?? ""])].filter(id => id !== "").sort()
  const stored = await stillReachable(place, read(file))
  return {
    tips: stored.tips,
    findings: stored.findings,
    commits: stored.commits,
    save: (found, commits) => write(file, { tips, commits, findings: [...found] }),
  }
}

const nothing: Stored = { tips: [], commits: 0, findings: [] }

function read(file: string): Stored {
  try {
    return JSON.parse(readFileSync(file, "utf8"))
  } catch {
    return nothing
  }
}

/** Without the commits that no ref leads to any more. A history that was cleaned away is scanned anew. */
async function stillReachable(place: GitPlace, stored: Stored): Promise<Stored> {
  if (stored.tips.length === 0) return stored
  const lost = await gitAnswer(
    { ...place, input: stored.tips.join("\n") },
    "rev-list",
    "--stdin",
    "--not",
    "--all",
    "HEAD",
  )
  if (lost === undefined) return nothing
  const gone = new Set(lost.split("\n").filter(id => id !== ""))
  if (gone.size === 0) return stored
  return {
    tips: stored.tips,
    commits: Math.max(stored.commits - gone.size, 0),
    findings: stored.findings.filter(finding => !gone.has(finding.commit)),
  }
}

/** Best effort: a scan does not fail because its cache cannot be written. */
function write(file: string, stored: Stored): void {
  const temporary = `${file}.${process.pid}`
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
    writeFileSync(temporary, JSON.stringify(stored), { mode: 0o600, flag: "wx" })
    renameSync(temporary, file)
  } catch {}
}
