import { readFileSync } from "node:fs"
import type { Finding } from "../finding.ts"
import { gitleaksFields } from "./json.ts"
import { functions } from "./template/functions.ts"
import { parseTemplate } from "./template/parse.ts"
import { runTemplate } from "./template/run.ts"

/**
 * Findings through a template in Go's text/template syntax, as Gitleaks' `--report-template`. The data is the list of
 * findings, whose fields have Gitleaks' names. Throws before the scan when the template cannot be used.
 */
export function templateReporter(path: string, now = new Date()): (findings: readonly Finding[]) => string {
  if (path === "") throw new Error("Invalid report template: template path cannot be empty")
  const known = functions(now)
  const template = parseTemplate(readTemplate(path), name => Object.hasOwn(known, name))
  return findings => runTemplate(template, known, findings.map(dataOf))
}

function readTemplate(path: string): string {
  try {
    return readFileSync(path, "utf8")
  } catch (error) {
    throw new Error(
      `Invalid report template: error reading file: ${error instanceof Error ? error.message : String(error)}`,
    )
  }
}

// Fields that JSON leaves out are there in a template.
const dataOf = (finding: Finding) => ({ ...gitleaksFields(finding), Line: finding.line, Link: finding.link })
