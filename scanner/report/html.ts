import type { Finding } from "../finding.ts"
import type { Summary } from "../scan.ts"

/** One page without scripts or anything from elsewhere. What is hidden (`--redact`) is not in it. */
export function htmlReport(findings: readonly Finding[], summary: Summary): string {
  const files = new Set(findings.map(finding => finding.file)).size
  const title = findings.length === 0 ? "No leaks found" : `${findings.length} leaks in ${files} files`
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${html(title)}</title>
<style>
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
body { max-width: 70rem; margin: 2rem auto; padding: 0 1rem }
article { border-left: 4px solid #c0392b; margin: 1.5rem 0; padding: .1rem 1rem }
h2 { font-size: 1.05rem; margin: .4rem 0; overflow-wrap: anywhere }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1rem; margin: .4rem 0 }
dt { opacity: .7 } dd { margin: 0; overflow-wrap: anywhere }
code, pre { font: .85rem/1.4 ui-monospace, monospace; white-space: pre-wrap; overflow-wrap: anywhere }
.partial { border: 2px solid #c0392b; padding: .5rem 1rem }
</style>
<h1>${html(title)}</h1>
${partial(summary)}
<table>${bySummary(findings)}</table>
${findings.map(article).join("\n")}
</html>
`
}

function partial({ partial: reasons }: Summary): string {
  if (reasons.length === 0) return ""
  const items = reasons.map(reason => `<li>${html(reason)}</li>`).join("")
  return `<div class="partial"><strong>Not everything was scanned.</strong><ul>${items}</ul></div>`
}

function bySummary(findings: readonly Finding[]): string {
  const counts = new Map<string, number>()
  for (const { ruleId } of findings) counts.set(ruleId, (counts.get(ruleId) ?? 0) + 1)
  return [...counts]
    .sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1))
    .map(([rule, count]) => `<tr><td>${html(rule)}</td><td>${count}</td></tr>`)
    .join("")
}

function article(finding: Finding): string {
  const { ruleId, description, file, startLine, match, commit, author, email, date, message, link, fingerprint } =
    finding
  const place = html(startLine > 0 ? `${file}:${startLine}` : file)
  const rows = [
    ["What", description],
    ["Commit", commit],
    ["Author", author === "" ? "" : `${author} <${email}>`],
    ["Date", date],
    ["Message", message.split("\n", 1)[0] ?? ""],
    ["Verification", finding.verification?.status ?? ""],
    ["Fingerprint", fingerprint],
  ]
  const shown = rows
    .filter(([, value]) => value !== "")
    .map(([name = "", value = ""]) => `<dt>${name}</dt><dd>${html(value)}</dd>`)
  const linked = /^https?:/.test(link) ? `<a href="${html(link)}" rel="noreferrer">${place}</a>` : place
  return `<article><h2>${html(ruleId)}: ${linked}</h2><pre>${html(match)}</pre><dl>${shown.join("")}</dl></article>`
}

const references: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
}
const html = (text: string) => text.replace(/[&<>"']/g, char => references[char] ?? char)
