import type { Finding } from "../finding.ts"

type Column = readonly [name: string, value: (finding: Finding) => string | number]

const columns: readonly Column[] = [
  ["RuleID", finding => finding.ruleId],
  ["Commit", finding => finding.commit],
  ["File", finding => finding.file],
  ["SymlinkFile", finding => finding.symlinkFile],
  ["Secret", finding => finding.secret],
  ["Match", finding => finding.match],
  ["StartLine", finding => finding.startLine],
  ["EndLine", finding => finding.endLine],
  ["StartColumn", finding => finding.startColumn],
  ["EndColumn", finding => finding.endColumn],
  ["Author", finding => finding.author],
  ["Message", finding => finding.message],
  ["Date", finding => finding.date],
  ["Email", finding => finding.email],
  ["Fingerprint", finding => finding.fingerprint],
  ["Tags", finding => finding.tags.join(" ")],
]
const link: Column = ["Link", finding => finding.link]

/** Nothing at all without findings; a column of links when the first finding has one. As Gitleaks. */
export function csvReport(findings: readonly Finding[]): string {
  const [first] = findings
  if (first === undefined) return ""
  const shown = first.link === "" ? columns : [...columns, link]
  const rows = [
    shown.map(([name]) => name),
    ...findings.map(finding => shown.map(([, value]) => String(value(finding)))),
  ]
  return rows.map(row => `${row.map(quoted).join(",")}\n`).join("")
}

/** When Go's encoding/csv would. */
const quoted = (field: string) =>
  field === "\\." || /[",\r\n]|^\s/u.test(field) ? `"${field.replaceAll('"', '""')}"` : field
