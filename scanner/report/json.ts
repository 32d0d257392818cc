import type { Finding } from "../finding.ts"
import { type Fields, Float32, goJson } from "./go-json.ts"

/** A finding's fields in Gitleaks' names and order. */
export const gitleaksFields = (finding: Finding): Fields => ({
  RuleID: finding.ruleId,
  Description: finding.description,
  StartLine: finding.startLine,
  EndLine: finding.endLine,
  StartColumn: finding.startColumn,
  EndColumn: finding.endColumn,
  Match: finding.match,
  Secret: finding.secret,
  File: finding.file,
  SymlinkFile: finding.symlinkFile,
  Commit: finding.commit,
  Link: finding.link === "" ? undefined : finding.link,
  Entropy: new Float32(finding.entropy),
  Author: finding.author,
  Email: finding.email,
  Date: finding.date,
  Message: finding.message,
  Tags: finding.tags,
  Fingerprint: finding.fingerprint,
})

export const jsonReport = (findings: readonly Finding[]) => `${goJson(findings.map(gitleaksFields), " ")}\n`

/** One finding a line, for editors and pipes: Gitleaks' fields, and what Arca knows besides. */
export function jsonLine(finding: Finding): string {
  const { contentFingerprint, verification, required, entropy } = finding
  const known = { ...gitleaksFields(finding), Entropy: entropy }
  return `${JSON.stringify({
    ...known,
    ...(contentFingerprint === undefined ? {} : { ContentFingerprint: contentFingerprint }),
    ...(required.length === 0
      ? {}
      : { Required: required.map(part => ({ RuleID: part.ruleId, StartLine: part.startLine })) }),
    ...(verification === undefined ? {} : { Verification: verification }),
  })}\n`
}
