import type { Finding } from "../finding.ts"
import { goJson } from "./go-json.ts"
import { gitleaksFields } from "./json.ts"

export function junitReport(findings: readonly Finding[]): string {
  const count = findings.length
  const cases = findings.map(testCase).join("")
  const end = count === 0 ? "" : "\n\t"
  return [
    '<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n\t',
    `<testsuite failures="${count}" name="gitleaks" tests="${count}" time="">${cases}${end}</testsuite>`,
    "\n</testsuites>",
  ].join("")
}

function testCase(finding: Finding): string {
  const { ruleId, description, file, startLine, commit } = finding
  const at = commit === "" ? "" : `, at commit ${commit}`
  const message = xml(`${ruleId} has detected a secret in file ${file}, line ${startLine}${at}.`)
  const type = xml(description)
  const data = xml(goJson(gitleaksFields(finding), "\t"))
  return [
    `\n\t\t<testcase classname="${type}" file="${xml(file)}" name="${message}" time="">`,
    `\n\t\t\t<failure message="${message}" type="${type}">${data}</failure>`,
    "\n\t\t</testcase>",
  ].join("")
}

const references = new Map([
  ['"', "&#34;"],
  ["'", "&#39;"],
  ["&", "&amp;"],
  ["<", "&lt;"],
  [">", "&gt;"],
  ["\t", "&#x9;"],
  ["\n", "&#xA;"],
  ["\r", "&#xD;"],
])

/** As Go's xml.EscapeText, also in replacing what XML cannot hold. */
const xml = (text: string) =>
  text
    .replace(/["'&<>\t\n\r]/g, char => references.get(char) ?? char)
    .replace(/[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]/gu, "\ufffd")
