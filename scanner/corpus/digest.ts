import { createHash } from "node:crypto"
import type { Finding } from "../finding.ts"
import { jsonReport } from "../report/json.ts"

/** A finding in short: `rule file:line hash`, the hash over all its fields. */
export type Digest = string

/** Of a report in Gitleaks' JSON format, sorted: Gitleaks reports in no particular order. */
export function digestOfReport(text: string): Digest[] {
  const entries: unknown = JSON.parse(text)
  if (!Array.isArray(entries)) throw new Error("the report is no list")
  return entries.map(digestOf).sort()
}

export const digestOfFindings = (findings: readonly Finding[]) => digestOfReport(jsonReport(findings))

function digestOf(entry: unknown): Digest {
  const fields = new Map(Object.entries(Object(entry)))
  // Gitleaks appends tags to a slice that findings share, so that some are doubled.
  const tags: unknown = fields.get("Tags")
  fields.set("Tags", [...new Set(Array.isArray(tags) ? tags : [])].sort())
  const all = JSON.stringify([...fields].sort(([a], [b]) => (a < b ? -1 : 1)))
  const hash = createHash("sha256").update(all).digest("hex").slice(0, 8)
  return `${fields.get("RuleID")} ${fields.get("File")}:${fields.get("StartLine")} ${hash}`
}
