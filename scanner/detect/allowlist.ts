import { occursIn, type Pattern } from "../re2/pattern.ts"
import type { Allowlist } from "../rule.ts"
import { buildStopwords, type Stopwords } from "./stopwords.ts"

/** An allowlist made ready. */
export type Exceptions = {
  condition: "or" | "and"
  regexTarget: Allowlist["regexTarget"]
  commits: Set<string> | undefined
  paths: Pattern | undefined
  regexes: Pattern | undefined
  stopwords: Stopwords | undefined
}

/** Patterns of one allowlist are joined, as in Gitleaks: `(?i)` in one carries over to the next ones. */
export const joinedSource = (patterns: readonly string[]) => `(?:${patterns.join("|")})`

export function exceptionsOf(list: Allowlist, pattern: (source: string) => Pattern): Exceptions {
  const joined = (patterns: string[]) => (patterns.length > 0 ? pattern(joinedSource(patterns)) : undefined)
  return {
    condition: list.condition,
    regexTarget: list.regexTarget,
    commits: list.commits.length > 0 ? new Set(list.commits.map(sha => sha.trim().toLowerCase())) : undefined,
    paths: joined(list.paths),
    regexes: joined(list.regexes),
    stopwords: list.stopwords.length > 0 ? buildStopwords(list.stopwords) : undefined,
  }
}

const allowsCommit = (list: Exceptions, commit: string) =>
  commit !== "" && list.commits?.has(commit.toLowerCase()) === true
export const allowsPath = (list: Exceptions, path: string) =>
  path !== "" && list.paths !== undefined && occursIn(list.paths, path)

/** Before any pattern is run: whether the lists exempt a whole text by its commit or path (byte string). */
export function allowsSource(lists: readonly Exceptions[], commit: string, path: string): boolean {
  if (commit === "" && path === "") return false
  return lists.some(list => {
    if (list.condition === "or") return allowsCommit(list, commit) || allowsPath(list, path)
    if (list.regexes !== undefined || list.stopwords !== undefined) return false
    return (
      (list.commits === undefined || allowsCommit(list, commit)) && (list.paths === undefined || allowsPath(list, path))
    )
  })
}

/** What a match is judged by; all texts are byte strings. */
export type Judged = {
  secret: string
  match: string
  line: string
  /** What patterns said of this line before: findings of one line share it. */
  lineChecks: Map<Pattern, boolean>
  commit: string
  path: string
}

const occursInSome = (regexes: Pattern, text: string) => text !== "" && occursIn(regexes, text)

function allowsLine(regexes: Pattern, { line, lineChecks }: Judged): boolean {
  let allows = lineChecks.get(regexes)
  if (allows === undefined) lineChecks.set(regexes, (allows = occursInSome(regexes, line)))
  return allows
}

/** After a match: whether the lists exempt it. All texts are byte strings. */
export function allowsMatch(lists: readonly Exceptions[], found: Judged): boolean {
  return lists.some(list => {
    const checks: (() => boolean)[] = []
    const { regexes, stopwords } = list
    if (list.condition === "and") {
      if (list.commits !== undefined) checks.push(() => allowsCommit(list, found.commit))
      if (list.paths !== undefined) checks.push(() => allowsPath(list, found.path))
    }
    if (regexes !== undefined) {
      const { regexTarget } = list
      checks.push(() =>
        regexTarget === "line" ? allowsLine(regexes, found) : occursInSome(regexes, found[regexTarget]),
      )
    }
    if (stopwords !== undefined)
      checks.push(() => found.secret !== "" && stopwords.occursIn(found.secret.toLowerCase()))
    return list.condition === "and" ? checks.every(check => check()) : checks.some(check => check())
  })
}
