import { styleText } from "node:util"
import type { Finding } from "../finding.ts"
import type { Note } from "../rules/index.ts"
import type { Summary } from "../scan.ts"

export type Display = {
  /** Columns of the terminal. */
  width: number
  colours: boolean
  /** Milliseconds since 1970. */
  now: number
}

/** Findings for people: where, what, since when, and what to do next. Secrets are shortened here in any case. */
export function terminalReport(
  findings: readonly Finding[],
  summary: Summary,
  display: Display,
  noteOn: (ruleId: string) => Note | undefined,
): string {
  const style = styles(display.colours)
  const blocks = findings.map(finding => block(finding, display, style, noteOn(finding.ruleId)))
  return [...blocks, closing(findings, summary, style)].join("\n")
}

type Style = Record<"strong" | "faint" | "alarm" | "calm", (text: string) => string>

function styles(colours: boolean): Style {
  const paint = (format: Parameters<typeof styleText>[0]) => (text: string) =>
    colours ? styleText(format, text, { validateStream: false }) : text
  return { strong: paint("bold"), faint: paint("dim"), alarm: paint(["bold", "red"]), calm: paint("green") }
}

function block(finding: Finding, { width, now }: Display, style: Style, note: Note | undefined): string {
  const { file, startLine, startColumn, ruleId, description, commit, author, email, date, message } = finding
  const place = startLine > 0 ? `${file || "standard input"}:${startLine}:${startColumn}` : file
  const lines = [`${style.alarm(ruleId)}  ${style.strong(place)}`, `  ${firstSentence(description)}`]
  if (startLine > 0) lines.push(`  ${style.faint("|")} ${excerpt(finding, width - 4)}`)
  if (commit !== "") {
    const title = message.split("\n", 1)[0] ?? ""
    lines.push(clip(`  commit ${commit.slice(0, 12)}, ${age(date, now)}, ${author} <${email}>: ${title}`, width))
  }
  for (const fact of verified(finding)) lines.push(`  ${fact}`)
  if (finding.link !== "") lines.push(`  ${finding.link}`)
  if (note !== undefined) lines.push(`  ${style.strong("fix:")} ${note.fix}`)
  lines.push(`  ${style.faint(`to ignore: ${finding.contentFingerprint ?? finding.fingerprint}`)}`)
  return `${lines.join("\n")}\n`
}

const firstSentence = (text: string) => /^.*?\.(?=\s|$)/s.exec(text)?.[0] ?? text

function verified({ verification }: Finding): string[] {
  if (verification === undefined) return []
  const facts = Object.entries(verification.facts).map(([name, value]) => `${name} ${value}`)
  return [[verification.status.toUpperCase(), verification.reason, ...facts].filter(Boolean).join(", ")]
}

/** The line around the match, cut to the width, with all but the first characters of the secret replaced. */
function excerpt({ line, match, secret }: Finding, width: number): string {
  const shown = `${secret.slice(0, Math.min(4, secret.length >> 2))}${"*".repeat(8)}`
  const hidden = (secret === "" ? match : match.replaceAll(secret, shown)).trim()
  const flat = (text: string) => text.replace(/[\s\p{Cc}]+/gu, " ")
  const at = line.indexOf(match)
  if (at < 0) return clip(flat(hidden), width)
  const room = Math.max(width - flat(hidden).length, 0)
  const before = flat(line.slice(0, at))
    .trimStart()
    .slice(-Math.max(room >> 1, 0))
  return clip(
    flat(`${before}${hidden}${secret === "" ? "" : line.slice(at + match.length).replaceAll(secret, shown)}`),
    width,
  )
}

const clip = (text: string, width: number) =>
  text.length <= width ? text : `${text.slice(0, Math.max(width - 1, 0))}…`

const steps = [
  [365 * 86400, "year"],
  [30 * 86400, "month"],
  [86400, "day"],
  [3600, "hour"],
  [60, "minute"],
] as const

/** `3 months ago`. */
export function age(date: string, now: number): string {
  const seconds = (now - Date.parse(date)) / 1000
  if (Number.isNaN(seconds)) return date
  const [size, unit] = steps.find(([least]) => seconds >= least) ?? [0, ""]
  if (size === 0) return "just now"
  const count = Math.floor(seconds / size)
  return `${count} ${unit}${count === 1 ? "" : "s"} ago`
}

function closing(findings: readonly Finding[], { partial }: Summary, style: Style): string {
  const isPartial = partial.length > 0
  if (findings.length === 0)
    return isPartial ? style.alarm("Nothing found, but not everything was scanned.\n") : style.calm("No leaks found.\n")
  const files = new Set(findings.map(finding => finding.file)).size
  const secrets = new Set(findings.map(finding => `${finding.ruleId}\n${finding.secret}`)).size
  const count = (number: number, noun: string) => `${number} ${noun}${number === 1 ? "" : "s"}`
  return [
    style.strong(
      `${count(findings.length, "leak")}: ${count(secrets, "different secret")} in ${count(files, "file")}.`,
    ),
    ...(isPartial ? [style.alarm("Not everything was scanned.")] : []),
    "What to do next:",
    "  1. Revoke each secret where it was issued. Whoever could read it has it; removing the text does not help.",
    "  2. Put the new one into a secret store, and read it from there.",
    findings.some(finding => finding.commit !== "")
      ? "  3. Remove it from the history if the history is still to be published (git filter-repo)."
      : "  3. Remove it from the files before they are committed.",
    '  4. No secret? Mark its line with gitleaks:allow, or: arca scan ignore --owner YOU --reason WHY <what stands after "to ignore">',
    "",
  ].join("\n")
}
