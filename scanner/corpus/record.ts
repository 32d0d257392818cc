/**
 * Records what Gitleaks finds in the corpus: `node scanner/corpus/record.ts /path/to/gitleaks` writes
 * `testdata/corpus.json`. Run it when the corpus changes or a newer Gitleaks is to be followed.
 */

import { spawnSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fakes, gitleaksRules, repositoryAt } from "../testing.ts"
import { type Case, cases } from "./corpus.ts"
import { type Digest, digestOfReport } from "./digest.ts"

export const recordFile = new URL("../testdata/corpus.json", import.meta.url)

/** What a Gitleaks binary finds in one case. */
export function findingsOf(gitleaks: string, { build, target, options = {} }: Case): Digest[] {
  const path = mkdtempSync(join(tmpdir(), "arca-corpus-"))
  const report = join(tmpdir(), `arca-corpus-report-${process.pid}.json`)
  try {
    build(path, () => repositoryAt(path))
    const { maxArchiveDepth = 0, maxDecodeDepth = 5, configPath = gitleaksRules, ignoreAllowComments = false } = options
    const words = [...wordsFor(target), "-c", configPath, "-f", "json", "-r", report, "--no-banner", "-l", "fatal"]
    words.push(`--max-archive-depth=${maxArchiveDepth}`, `--max-decode-depth=${maxDecodeDepth}`)
    if (ignoreAllowComments) words.push("--ignore-gitleaks-allow")
    const { status, stderr } = spawnSync(gitleaks, words, { cwd: path, encoding: "utf8" })
    if (status !== 0 && status !== 1) throw new Error(`gitleaks ended with ${status}: ${stderr}`)
    return digestOfReport(readFileSync(report, "utf8"))
  } finally {
    rmSync(path, { recursive: true, force: true })
    rmSync(report, { force: true })
  }
}

function wordsFor(target: Case["target"]): string[] {
  if (target.kind === "changes") return ["git", ".", "--pre-commit", ...(target.staged ? ["--staged"] : [])]
  if (target.kind !== "history") return ["dir", "."]
  const { logOptions = [] } = target
  return ["git", ".", ...(logOptions.length > 0 ? [`--log-opts=${logOptions.join(" ")}`] : [])]
}

export const reportsFile = new URL("../testdata/reports.json", import.meta.url)
export const templateFile = new URL("../testdata/report.tmpl", import.meta.url).pathname

/** A history with one leak whose names and message need every kind of escape. */
export function leakyRepository(path: string): void {
  const text = `a = 1\nb = "${fakes.github}" // <&>\n`
  repositoryAt(path).commit({ 'sp ace, "ü".txt': text }, 'Titel: <ä> & "b"\n\nBody, with\ttab\u2028.')
}

export const reportWords = (format: string) => [
  ...["git", ".", "-c", gitleaksRules, "--enable-rule", "github-pat", "--redact", "-l", "fatal", "--no-banner"],
  ...["-f", format, "-r", "-", ...(format === "template" ? ["--report-template", templateFile] : [])],
]

/** Gitleaks' report of that history in each format. The secret is redacted: no report in this repository looks leaky. */
function reportsOf(gitleaks: string): Record<string, string> {
  const path = mkdtempSync(join(tmpdir(), "arca-reports-"))
  try {
    leakyRepository(path)
    const report = (format: string) => spawnSync(gitleaks, reportWords(format), { cwd: path, encoding: "utf8" }).stdout
    return Object.fromEntries(["json", "csv", "junit", "sarif", "template"].map(format => [format, report(format)]))
  } finally {
    rmSync(path, { recursive: true, force: true })
  }
}

if (import.meta.main) {
  const gitleaks = process.argv[2]
  if (gitleaks === undefined) throw new Error("name a gitleaks binary")
  const recorded = Object.fromEntries(cases.map(one => [one.name, findingsOf(gitleaks, one)]))
  const lines = Object.entries(recorded).map(([name, digests]) => `${JSON.stringify(name)}: ${JSON.stringify(digests)}`)
  writeFileSync(recordFile, `{\n${lines.join(",\n")}\n}\n`)
  writeFileSync(reportsFile, `${JSON.stringify(reportsOf(gitleaks), null, 1)}\n`)
  for (const [name, digests] of Object.entries(recorded)) console.log(digests.length, name)
}
