import { type Commit, type Finding, fingerprintOf, type RequiredFinding } from "../finding.ts"
import { inTime, linearGroups, mayTakeLong } from "../re2/guard.ts"
import { occursIn, type Pattern } from "../re2/pattern.ts"
import { decodeRunes } from "../re2/runes.ts"
import type { Required } from "../rule.ts"
import { allowsMatch, allowsSource, type Exceptions, type Judged } from "./allowlist.ts"
import { decodedLine, decodePass, decodeTags, type Segment, toOriginal, touches } from "./decode.ts"
import { shannonEntropy } from "./entropy.ts"
import { type Breaks, breaksOf, locate } from "./location.ts"
import { eachMatch } from "./match.ts"
import type { Matcher, Ruleset } from "./ruleset.ts"
import { readText, type Text } from "./text.ts"

/** A piece of a source: a chunk of a file, or the added lines of one hunk. */
export type Fragment = {
  bytes: Uint8Array
  /** "" when it has none, as on standard input. */
  path: string
  symlink?: string
  /** The line number of the first line; 0 without one. */
  startLine: number
  commit?: Commit
  /** Adds to a finding what only its source knows: a link, an author. */
  complete?(finding: Finding): Finding
}

export type DetectOptions = {
  /** Passes of decoding; 0: none. */
  maxDecodeDepth: number
  /** Reports lines marked `gitleaks:allow` too. */
  ignoreAllowComments: boolean
  /** Texts above this many megabytes are not matched; 0: no limit. */
  maxTargetMegabytes: number
  /** Paths that are never scanned: the configuration and the baseline. */
  skipPaths: ReadonlySet<string>
}

export const defaultDetectOptions: DetectOptions = {
  maxDecodeDepth: 5,
  ignoreAllowComments: false,
  maxTargetMegabytes: 0,
  skipPaths: new Set(),
}

/** Everything about the text under examination that the steps below share. Strings are byte strings. */
type Examination = {
  ruleset: Ruleset
  options: DetectOptions
  fragment: Fragment
  path: string
  commit: string
  original: Text
  breaks(): Breaks
  lines: Map<string, Line>
}

const allowComment = "gitleaks:allow"

/** Finds the secrets of one fragment. */
export function detect(ruleset: Ruleset, options: DetectOptions, fragment: Fragment): Finding[] {
  const place = placeOf(ruleset, options, fragment)
  if (place.isExempt) return []
  const original = readText(ruleset, fragment.bytes)
  const examination = examine(ruleset, options, fragment, place.path, original)
  const findings: Finding[] = []
  let text = original
  let segments: readonly Segment[] = []
  for (let depth = 0; ; depth++) {
    for (const matcher of text.open()) findings.push(...detectRule(examination, text, segments, matcher))
    if (depth >= options.maxDecodeDepth) break
    const decoded = decodePass(text, segments)
    if (decoded === undefined) break
    segments = decoded.segments
    text = readText(ruleset, Buffer.from(decoded.text, "latin1"))
  }
  return findings.length === 0 ? findings : withoutGeneric(ruleset, findings)
}

type Place = { ruleset: Ruleset; source: string; commit: string; path: string; isExempt: boolean }

const lastPlaces = new WeakMap<DetectOptions, Place>()

/** Whether a path and commit are exempt as a whole; remembered, since a file's fragments come one after another. */
function placeOf(ruleset: Ruleset, options: DetectOptions, { path: source, commit: by }: Fragment): Place {
  const commit = by?.sha ?? ""
  const last = lastPlaces.get(options)
  if (last?.source === source && last.commit === commit && last.ruleset === ruleset) return last
  const path = Buffer.from(source).toString("latin1")
  const isExempt = (source !== "" && options.skipPaths.has(source)) || allowsSource(ruleset.exceptions, commit, path)
  const place = { ruleset, source, commit, path, isExempt }
  lastPlaces.set(options, place)
  return place
}

function examine(
  ruleset: Ruleset,
  options: DetectOptions,
  fragment: Fragment,
  path: string,
  original: Text,
): Examination {
  const commit = fragment.commit?.sha ?? ""
  let breaks: Breaks | undefined
  return {
    ruleset,
    options,
    fragment,
    path,
    commit,
    original,
    breaks: () => (breaks ??= breaksOf(original.string())),
    lines: new Map(),
  }
}

const exempts = ({ commit, path }: Examination, exceptions: readonly Exceptions[]) =>
  allowsSource(exceptions, commit, path)

function detectRule(about: Examination, text: Text, segments: readonly Segment[], matcher: Matcher): Finding[] {
  if (matcher.rule.skipReport) return []
  const findings = matchRule(about, text, segments, matcher)
  const { required } = matcher.rule
  return required.length === 0 || findings.length === 0
    ? findings
    : withRequired(about, text, segments, findings, required)
}

/** A rule's own findings, whether or not it may report them. */
function matchRule(about: Examination, text: Text, segments: readonly Segment[], matcher: Matcher): Finding[] {
  const { path } = matcher
  const found: Finding[] = []
  const spans: [number, number][] = []
  if (matcher.regex === undefined) {
    if (path === undefined || segments.length > 0 || exempts(about, matcher.exceptions)) return []
    return occursIn(path, about.path) ? [pathFinding(about, matcher)] : []
  }
  const { maxTargetMegabytes } = about.options
  if (maxTargetMegabytes > 0 && Math.floor(text.bytes.length / 1e6) > maxTargetMegabytes) return []
  if (path !== undefined && !occursIn(path, about.path)) return []
  eachMatch(text, matcher, (start, end) => spans.push([start, end]))
  if (spans.length === 0 || exempts(about, matcher.exceptions)) return []
  for (const [start, end] of spans) {
    const finding = judge(about, text, segments, matcher, start, end)
    if (finding !== undefined) found.push(finding)
  }
  return found
}

/** Turns a match into a finding, unless an allow comment, its entropy or an allowlist speaks against it. */
function judge(
  about: Examination,
  text: Text,
  segments: readonly Segment[],
  matcher: Matcher,
  start: number,
  end: number,
): Finding | undefined {
  const { rule, regex } = matcher
  const match = text
    .string()
    .slice(start, end)
    .replace(/^\n+|\n+$/g, "")
  let span = { start, end: start + match.length }
  const inside = segments.filter(segment => touches(segment.decoded, { start, end }))
  if (segments.length > 0) {
    // Matches outside the decoded parts were found in an earlier pass.
    if (inside.length === 0) return undefined
    span = toOriginal(inside, { start, end })
  }
  const place = locate(about.breaks(), about.original.string(), span.start, span.end)
  const line = lineAt(about, place.lineStart, place.lineEnd)
  if (!about.options.ignoreAllowComments && line.isAllowed) return undefined
  const secret = regex === undefined ? match : secretOf(regex, match, rule.secretGroup)
  const entropy = shannonEntropy(secret)
  if (rule.entropy !== 0 && entropy <= rule.entropy) return undefined
  const currentLine = inside.length > 0 ? decodedLine(inside, text.string()) : line.bytes
  const judged = {
    secret,
    match,
    line: currentLine === "" ? line.bytes : currentLine,
    lineChecks: inside.length > 0 ? new Map() : line.checks,
    commit: about.commit,
    path: about.path,
  }
  if (allowsMatch(about.ruleset.exceptions, judged) || allowsMatch(matcher.exceptions, judged)) return undefined
  return {
    ...blank(about, matcher),
    startLine: about.fragment.startLine + place.startLine,
    endLine: about.fragment.startLine + place.endLine,
    startColumn: place.startColumn,
    endColumn: place.endColumn,
    line: line.text,
    match: decoded(match),
    secret: decoded(secret),
    entropy: Math.fround(entropy),
    tags: inside.length > 0 ? [...rule.tags, ...decodeTags(inside)] : rule.tags,
  }
}

/** The line around a match; `text` is for people. */
type Line = { bytes: string; text: string; isAllowed: boolean; checks: Judged["lineChecks"] }

/** Findings of one line share it: a line may be as long as the text, and hold thousands of them. */
function lineAt({ lines, original }: Examination, start: number, end: number): Line {
  const key = `${start}-${end}`
  let line = lines.get(key)
  if (line === undefined) {
    const bytes = original.string().slice(start, end)
    line = { bytes, text: decoded(bytes), isAllowed: bytes.includes(allowComment), checks: new Map() }
    lines.set(key, line)
  }
  return line
}

/** The pattern is run again on the match alone, so `\b` and `$` may see another context: then the match is the secret. */
function secretOf(regex: Pattern, match: string, group: number): string {
  if (regex.groups === 0) return match
  const groups = groupsIn(regex, match)
  if (groups === undefined) return match
  return group > 0 ? (groups[group] ?? "") : (groups.slice(1).find(text => text !== undefined && text !== "") ?? match)
}

/** The groups of the first match, as byte strings. */
function groupsIn(regex: Pattern, match: string): (string | undefined)[] | undefined {
  if (!mayTakeLong(regex, match.length, match.length)) return backtrackedGroups(regex, match)
  const inGoodTime = inTime(match.length, () => backtrackedGroups(regex, match))
  return inGoodTime === undefined ? linearGroups(regex, match) : inGoodTime.done
}

function backtrackedGroups(regex: Pattern, match: string): (string | undefined)[] | undefined {
  if (/^[\x00-\x7f]*$/.test(match)) return regex.regexp("bytes", "").exec(match)?.slice()
  const groups = regex.regexp("runes", "").exec(decodeRunes(match).text)
  return groups?.map(text => (text === undefined ? text : Buffer.from(text).toString("latin1")))
}

const decoded = (bytes: string) => Buffer.from(bytes, "latin1").toString("utf8")

function pathFinding(about: Examination, matcher: Matcher): Finding {
  return { ...blank(about, matcher), match: `file detected: ${about.fragment.path}`, tags: matcher.rule.tags }
}

function blank(about: Examination, { rule }: Matcher): Finding {
  const { commit, path, symlink } = about.fragment
  return {
    ruleId: rule.id,
    description: rule.description,
    startLine: 0,
    endLine: 0,
    startColumn: 0,
    endColumn: 0,
    match: "",
    secret: "",
    line: "",
    file: path,
    symlinkFile: symlink ?? "",
    commit: commit?.sha ?? "",
    author: commit?.author ?? "",
    email: commit?.email ?? "",
    date: commit?.date ?? "",
    message: commit?.message ?? "",
    entropy: 0,
    tags: [],
    fingerprint: "",
    link: "",
    required: [],
  }
}

/** Keeps the findings near which every required rule matches too. */
function withRequired(
  about: Examination,
  text: Text,
  segments: readonly Segment[],
  findings: Finding[],
  required: Required[],
): Finding[] {
  const parts = required.map(one => {
    const matcher = about.ruleset.byId(one.id)
    return { near: one, findings: matcher === undefined ? [] : matchRule(about, text, segments, matcher) }
  })
  return findings.flatMap(finding => {
    const near = parts.map(part => part.findings.filter(other => isNear(finding, other, part.near)))
    if (near.some((group, i) => group.length === 0 && parts[i]?.near.optional !== true)) return []
    return [{ ...finding, required: near.flat().map(asRequired) }]
  })
}

const isNear = (finding: Finding, other: Finding, { withinLines, withinColumns }: Required) =>
  (withinLines === undefined || Math.abs(finding.startLine - other.startLine) <= withinLines) &&
  (withinColumns === undefined || Math.abs(finding.startColumn - other.startColumn) <= withinColumns)

function asRequired(finding: Finding): RequiredFinding {
  const { ruleId, startLine, endLine, startColumn, endColumn, line, match, secret } = finding
  return { ruleId, startLine, endLine, startColumn, endColumn, line, match, secret }
}

/** A generic rule's finding gives way to a more specific rule that found the same secret on the same line. */
function withoutGeneric(ruleset: Ruleset, findings: Finding[]): Finding[] {
  const generality = ({ ruleId }: Finding) =>
    ruleId.toLowerCase().includes("generic") ? 2 : ruleset.byId(ruleId)?.rule.yields === true ? 1 : 0
  const ranked = findings.map(finding => ({ finding, rank: generality(finding) }))
  const byLine = [0, 1].map(rank =>
    Map.groupBy(
      ranked.filter(one => one.rank === rank),
      one => one.finding.startLine,
    ),
  )
  const givesWay = ({ startLine, secret }: Finding, rank: number) =>
    byLine.slice(0, rank).some(lines => lines.get(startLine)?.some(({ finding }) => finding.secret.includes(secret)))
  return ranked
    .filter(({ finding, rank }) => !givesWay(finding, rank))
    .map(({ finding }) => finding)
    .map(finding => ({ ...finding, fingerprint: fingerprintOf(finding) }))
}
