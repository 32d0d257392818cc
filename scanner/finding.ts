/** The commit that a text was added by. */
export type Commit = {
  sha: string
  author: string
  email: string
  /** Author date, RFC 3339 in UTC. */
  date: string
  message: string
}

/** One secret, or one suspicious file, at one place. Lines and columns count from 1, columns in bytes. */
export type Finding = {
  ruleId: string
  description: string
  startLine: number
  endLine: number
  startColumn: number
  endColumn: number
  /** The text that the rule matched; the secret is a part of it. */
  match: string
  secret: string
  /** The whole line around the match. */
  line: string
  file: string
  symlinkFile: string
  commit: string
  author: string
  email: string
  date: string
  message: string
  entropy: number
  tags: string[]
  /** `commit:file:rule:line`, or `file:rule:line` outside a history: a place, not a value. */
  fingerprint: string
  /** A keyed hash of rule and secret: a value, wherever it stands. */
  contentFingerprint?: string
  link: string
  /** What the other parts of a composite rule matched. */
  required: RequiredFinding[]
  verification?: Verification
}

export type RequiredFinding = Pick<
  Finding,
  "ruleId" | "startLine" | "endLine" | "startColumn" | "endColumn" | "line" | "match" | "secret"
>

/** What asking the issuer told. */
export type Verification = {
  status: "verified" | "dead" | "unknown"
  /** Whose credential it is and what it may do, as far as the issuer says; never the secret. */
  facts: Record<string, string>
  /** Why it is unknown. */
  reason?: string
}

/** The name under which `.gitleaksignore` may list a finding in any commit. */
export const placeFingerprint = (finding: Finding) => `${finding.file}:${finding.ruleId}:${finding.startLine}`

export function fingerprintOf(finding: Finding): string {
  const place = placeFingerprint(finding)
  return finding.commit === "" ? place : `${finding.commit}:${place}`
}

/**
 * Hides the secret. 100 replaces it by `REDACTED`; a lower percentage keeps the first part of it, rounded half to
 * even as Gitleaks does, and adds `...`.
 */
export function redact(finding: Finding, percent: number): Finding {
  if (percent <= 0) return finding
  const shown = percent >= 100 ? "REDACTED" : maskedPart(finding.secret, percent)
  const hide = (text: string) => (finding.secret === "" ? text : text.replaceAll(finding.secret, shown))
  return {
    ...finding,
    line: hide(finding.line),
    match: hide(finding.match),
    secret: shown,
    required: finding.required.map(part => hidePart(part, percent)),
  }
}

function hidePart(part: RequiredFinding, percent: number): RequiredFinding {
  const shown = percent >= 100 ? "REDACTED" : maskedPart(part.secret, percent)
  const hide = (text: string) => (part.secret === "" ? text : text.replaceAll(part.secret, shown))
  return { ...part, line: hide(part.line), match: hide(part.match), secret: shown }
}

function maskedPart(secret: string, percent: number): string {
  const bytes = Buffer.from(secret)
  const kept = (bytes.length * (100 - percent)) / 100
  return `${bytes.subarray(0, roundHalfEven(kept)).toString()}...`
}

function roundHalfEven(value: number): number {
  const floor = Math.floor(value)
  if (value - floor !== 0.5) return Math.round(value)
  return floor % 2 === 0 ? floor : floor + 1
}

/** An order that does not depend on how the scan was run. */
export function inOrder(findings: readonly Finding[]): Finding[] {
  return [...findings].sort(
    (a, b) =>
      compare(b.date, a.date) ||
      compare(a.commit, b.commit) ||
      compare(a.file, b.file) ||
      a.startLine - b.startLine ||
      a.startColumn - b.startColumn ||
      compare(a.ruleId, b.ruleId) ||
      compare(a.match, b.match),
  )
}

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)
