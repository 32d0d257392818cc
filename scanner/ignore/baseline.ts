import { readFileSync } from "node:fs"
import type { Finding } from "../finding.ts"

/** What an earlier report holds, by all fields that make two findings the same one. */
export type Baseline = ReadonlySet<string>

/** Whether secrets are part of the comparison: a redacted report does not hold them. */
type Compare = { secrets: boolean }

/** Reads a report in Gitleaks' JSON format. Throws an Error that says what is wrong with the file. */
export function readBaseline(path: string, compare: Compare): Baseline {
  let text: string
  try {
    text = readFileSync(path, "utf8")
  } catch {
    throw new Error(`could not open ${path}`)
  }
  const unsupported = `the format of the file ${path} is not supported`
  let entries: unknown
  try {
    entries = JSON.parse(text)
  } catch {
    throw new Error(unsupported)
  }
  if (entries === null) return new Set()
  if (!Array.isArray(entries)) throw new Error(unsupported)
  return new Set(entries.map(entry => keyOfEntry(entry, compare, unsupported)))
}

// Not the description: ours are our own, and a baseline of Gitleaks' own making shall count.
const textFields = ["RuleID", "File", "Commit", "Author", "Email", "Date", "Message"] as const
const numberFields = ["StartLine", "EndLine", "StartColumn", "EndColumn", "Entropy"] as const

function keyOfEntry(entry: unknown, compare: Compare, unsupported: string): string {
  if (typeof entry !== "object" || entry === null || Array.isArray(entry)) throw new Error(unsupported)
  // As Go reads JSON: any letter case, and absent is empty.
  const fields = new Map(Object.entries(entry).map(([key, value]) => [key.toLowerCase(), value]))
  const text = (name: string) => String(fields.get(name.toLowerCase()) ?? "")
  const number = (name: string) => Math.fround(Number(fields.get(name.toLowerCase()) ?? 0))
  return keyOf(textFields.map(text), numberFields.map(number), compare, text("Match"), text("Secret"))
}

const keyOf = (texts: string[], numbers: number[], { secrets }: Compare, match: string, secret: string) =>
  JSON.stringify([...texts, ...numbers, ...(secrets ? [match, secret] : [])])

export function isInBaseline(baseline: Baseline, finding: Finding, compare: Compare): boolean {
  const { ruleId, file, commit, author, email, date, message } = finding
  const { startLine, endLine, startColumn, endColumn, entropy } = finding
  return baseline.has(
    keyOf(
      [ruleId, file, commit, author, email, date, message],
      [startLine, endLine, startColumn, endColumn, Math.fround(entropy)],
      compare,
      finding.match,
      finding.secret,
    ),
  )
}
