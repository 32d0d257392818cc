import { closeSync, existsSync, openSync, unlinkSync, writeFileSync } from "node:fs"
import { extname } from "node:path"
import type { Finding } from "../finding.ts"
import type { Summary } from "../scan.ts"

export type Format = "json" | "csv" | "junit" | "sarif" | "template" | "jsonl" | "html"

export type ReportRequest = {
  /** A file, or `-` for standard output. */
  path: string
  /** "" to tell by the file's name. */
  format: string
  /** The template's path for the format `template`. */
  template: string
}

/** Writes a report once the scan is over. */
export type Reporter = (findings: readonly Finding[], summary: Summary) => string

type Make = (template: string) => Promise<Reporter>

const reporters: Record<Format, Make> = {
  json: async () => (await import("./json.ts")).jsonReport,
  jsonl: async () => {
    const { jsonLine } = await import("./json.ts")
    return findings => findings.map(jsonLine).join("")
  },
  csv: async () => (await import("./csv.ts")).csvReport,
  junit: async () => (await import("./junit.ts")).junitReport,
  sarif: async () => {
    const { sarifReport } = await import("./sarif.ts")
    return (findings, { rules }) => sarifReport(findings, rules())
  },
  html: async () => (await import("./html.ts")).htmlReport,
  template: async path => (await import("./template.ts")).templateReporter(path),
}

const byExtension: Readonly<Record<string, Format>> = {
  ".csv": "csv",
  ".json": "json",
  ".sarif": "sarif",
  ".jsonl": "jsonl",
  ".html": "html",
}

/** Throws an Error that says what is wrong with the request: before the scan, not after it. */
export async function reporterFor({ path, format, template }: ReportRequest): Promise<Reporter> {
  if (path !== "-") checkWritable(path)
  const name = format.trim().toLowerCase() || byExtension[extname(path).toLowerCase()]
  if (name === undefined) throw new Error(`Unknown report format: ${format}; name one with --report-format`)
  if (!isFormat(name)) throw new Error(`unknown report format ${format}`)
  if (template !== "" && name !== "template")
    throw new Error("Report format must be 'template' if --report-template is specified")
  return reporters[name](template)
}

const isFormat = (name: string): name is Format => Object.hasOwn(reporters, name)

function checkWritable(path: string): void {
  const isNew = !existsSync(path)
  try {
    closeSync(openSync(path, "a"))
  } catch (error) {
    throw new Error(`Report path is not writable: ${path}: ${error instanceof Error ? error.message : String(error)}`)
  }
  if (isNew) unlinkSync(path)
}

export function writeReport(path: string, text: string, stdout: { write(text: string): void }): void {
  if (path === "-") stdout.write(text)
  else writeFileSync(path, text)
}
