import type { Finding } from "../finding.ts"
import type { Rule } from "../rule.ts"
import { type Fields, goJson } from "./go-json.ts"

/** SARIF 2.1.0 as Gitleaks writes it; GitHub's code scanning and others know it under that driver's name and version. */
export function sarifReport(findings: readonly Finding[], rules: readonly Rule[]): string {
  const driver = {
    name: "gitleaks",
    semanticVersion: "v8.0.0",
    informationUri: "https://github.com/gitleaks/gitleaks",
    rules: rules.map(rule => ({ id: rule.id, shortDescription: { text: rule.description } })),
  }
  const log = {
    $schema: "https://json.schemastore.org/sarif-2.1.0.json",
    version: "2.1.0",
    runs: [{ tool: { driver }, results: findings.map(result) }],
  }
  return `${goJson(log, " ")}\n`
}

function result(finding: Finding): Fields {
  const { ruleId, file, symlinkFile, commit, email, author, date, message, tags, secret } = finding
  const { startLine, startColumn, endLine, endColumn } = finding
  const at = commit === "" ? "." : ` at commit ${commit}.`
  return {
    message: { text: `${ruleId} has detected secret for file ${file}${at}` },
    ruleId,
    locations: [
      {
        physicalLocation: {
          artifactLocation: { uri: symlinkFile === "" ? file : symlinkFile },
          region: { startLine, startColumn, endLine, endColumn, snippet: { text: secret } },
        },
      },
    ],
    partialFingerprints: { commitSha: commit, email, author, date, commitMessage: message },
    properties: { tags },
  }
}
