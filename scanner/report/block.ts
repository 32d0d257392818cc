import type { Finding } from "../finding.ts"

/** A text in the colours of the terminal; plain where there are none. */
export type Paint = { match(text: string): string; secret(text: string): string; part(text: string): string }

const rgb =
  (red: number, green: number, blue: number, styles = "") =>
  (text: string) =>
    text === "" ? "" : `\x1b[${styles}38;2;${red};${green};${blue}m${text}\x1b[0m`

export const plain: Paint = { match: text => text, secret: text => text, part: text => text }
export const coloured: Paint = {
  match: rgb(245, 212, 69),
  secret: rgb(240, 92, 7, "1;3;"),
  part: rgb(191, 148, 120),
}

const label = (name: string) => name.padEnd(12)
const line = (name: string, value: string | number) => `${label(`${name}:`)} ${value}\n`

/** The block that Gitleaks prints for each finding with `--verbose`. */
export function findingBlock(finding: Finding, noColor: boolean, paint: Paint): string {
  const { file, commit, tags, fingerprint, link } = finding
  const lines = [
    found(finding, noColor, paint),
    line("RuleID", finding.ruleId),
    line("Entropy", finding.entropy.toFixed(6)),
  ]
  if (file !== "") {
    if (tags.length > 0) lines.push(line("Tags", `[${tags.join(" ")}]`))
    lines.push(line("File", file), line("Line", finding.startLine))
    if (commit !== "")
      lines.push(
        line("Commit", commit),
        line("Author", finding.author),
        line("Email", finding.email),
        line("Date", finding.date),
      )
    lines.push(line("Fingerprint", fingerprint))
    if (commit !== "" && link !== "") lines.push(line("Link", link))
  }
  return `${lines.join("")}${requiredParts(finding, paint)}\n`
}

/** The match within its line where it can be found there, else alone. Positions count bytes. */
function found(finding: Finding, noColor: boolean, paint: Paint): string {
  const match = finding.match.trim()
  const secret = finding.secret.trim()
  const text = asBytes(finding.line.trim())
  const at = text.indexOf(asBytes(match))
  const secretAt = match.indexOf(secret)
  if (noColor || at < 0 || secretAt < 0 || match.startsWith("file detected:"))
    return line("Finding", match) + line("Secret", secret)
  const before = at > 20 ? `...${fromBytes(text.slice(at - 20, at))}` : fromBytes(text.slice(0, at))
  const end = at + asBytes(match).length
  const rest = text.length - 1 <= end ? "" : text.slice(end)
  const after = rest.length > 20 ? `${fromBytes(rest.slice(0, 20))}...` : fromBytes(rest)
  const bytes = asBytes(secret)
  const shown = paint.secret(aligned(bytes.length > 100 ? `${fromBytes(bytes.slice(0, 100))}...` : secret))
  const start = paint.match(aligned(match.slice(0, secretAt)))
  const finish = paint.match(aligned(match.slice(secretAt + secret.length)))
  return (
    line("Finding", `${before.replace(/^ +/, "").replace(/^\n/, "")}${start}${shown}${finish}${after}`) +
    line("Secret", shown)
  )
}

const asBytes = (text: string) => Buffer.from(text).toString("latin1")
const fromBytes = (bytes: string) => Buffer.from(bytes, "latin1").toString()

/** Gitleaks' terminal library widens tabs, and fills the lines of a block to one width. */
function aligned(text: string): string {
  const lines = text.replaceAll("\t", "    ").split("\n")
  const width = Math.max(...lines.map(one => one.length))
  return lines.length === 1 ? (lines[0] ?? "") : lines.map(one => one.padEnd(width)).join("\n")
}

function requiredParts({ required }: Finding, paint: Paint): string {
  return required
    .map(({ ruleId, startLine, secret }, i) => {
      const trimmed = secret.trim()
      const short = trimmed.length > 40 ? `${trimmed.slice(0, 37)}...` : trimmed
      return `${label(i === 0 ? "Required:" : "")} ${ruleId}:${startLine}:${paint.part(short)}\n`
    })
    .join("")
}
