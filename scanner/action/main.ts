/**
 * The GitHub Action (`action.yml`): scans the commits that an event is about. Understands gitleaks-action's environment
 * (GITLEAKS_CONFIG, GITLEAKS_ENABLE_SUMMARY, GITLEAKS_ENABLE_COMMENTS, GITLEAKS_NOTIFY_USER_LIST, BASE_REF). Exits with 0
 * without leaks and 1 otherwise; the output `exit-code` tells leaks (2) from failure (1).
 */

import { appendFileSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { type Finding, inOrder, redact } from "../finding.ts"
import { ignoreFiles, readIgnoreFiles } from "../ignore/gitleaksignore.ts"
import { sarifReport } from "../report/sarif.ts"
import { type ScanOptions, type Summary, scanAll } from "../scan.ts"
import { commentLeaks } from "./github.ts"
import { logOptionsFor, type Scope, scopeOf } from "./range.ts"

type Env = Readonly<Record<string, string | undefined>>

export async function runAction(env: Env, print: (text: string) => void): Promise<number> {
  const scope = scopeOf(env.GITHUB_EVENT_NAME ?? "", eventOf(env), env.BASE_REF ?? "")
  const repository = env.GITHUB_WORKSPACE ?? "."
  const target = { kind: "history", repository, logOptions: logOptionsFor(scope), platform: "github" } as const
  const { findings, summary } = await scanAll(target, await optionsOf(env, repository, print))
  // From here on nothing can show a secret.
  const shown = inOrder(findings.map(finding => redact(finding, 100)))
  const sarif = join(env.RUNNER_TEMP ?? repository, "gitleaks-results.sarif")
  writeFileSync(sarif, sarifReport(shown, summary.rules()))
  const code = summary.partial.length > 0 ? 1 : shown.length > 0 ? 2 : 0
  output(env, { "exit-code": String(code), sarif })
  tell(shown, summary, print)
  if (isOn(env, "SUMMARY") && env.GITHUB_STEP_SUMMARY)
    appendFileSync(env.GITHUB_STEP_SUMMARY, summaryOf(shown, summary))
  if (isOn(env, "COMMENTS")) await comment(env, scope, shown, print)
  return code === 0 ? 0 : 1
}

function eventOf(env: Env): Record<string, unknown> {
  const path = env.GITHUB_EVENT_PATH
  if (path === undefined)
    throw new Error("GITHUB_EVENT_PATH is not set: this program is the action's, use `arca scan git`")
  return JSON.parse(readFileSync(path, "utf8"))
}

async function optionsOf(env: Env, repository: string, print: (text: string) => void): Promise<ScanOptions> {
  const onWarning = (text: string) => print(`::warning::${escaped(text)}`)
  const config = env.ARCA_SCAN_CONFIG || env.GITLEAKS_CONFIG
  const baseline = env.ARCA_SCAN_BASELINE
  const { readBaseline } = await import("../ignore/baseline.ts")
  return {
    env,
    cwd: repository,
    onWarning,
    ignored: readIgnoreFiles(ignoreFiles(repository, repository), onWarning),
    ...(config ? { configPath: config } : {}),
    ...(baseline
      ? {
          baseline: {
            known: readBaseline(join(repository, baseline), { secrets: false }),
            secrets: false,
            path: baseline,
          },
        }
      : {}),
  }
}

/** By this action's input, or gitleaks-action's variable; both say `false` to turn something off. */
const isOn = (env: Env, name: string) =>
  env[`ARCA_SCAN_${name}`] !== "false" && env[`GITLEAKS_ENABLE_${name}`] !== "false"

function output({ GITHUB_OUTPUT: path }: Env, values: Record<string, string>): void {
  if (path)
    appendFileSync(
      path,
      Object.entries(values)
        .map(([name, value]) => `${name}=${value}\n`)
        .join(""),
    )
}

function tell(findings: readonly Finding[], { partial, commits }: Summary, print: (text: string) => void): void {
  for (const { ruleId, file, startLine, commit } of findings)
    print(
      `::error file=${escaped(file, true)},line=${startLine},title=${escaped(ruleId, true)}::A secret, in commit ${commit}`,
    )
  for (const reason of partial) print(`::error::Not everything was scanned: ${escaped(reason)}`)
  if (partial.length > 0) print("Check out the whole history: actions/checkout with fetch-depth: 0")
  print(`${commits} commits scanned, ${findings.length} leaks found`)
}

/** Workflow commands end at a line's end; properties also at commas and colons. */
function escaped(text: string, isProperty = false): string {
  const plain = text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A")
  return isProperty ? plain.replaceAll(":", "%3A").replaceAll(",", "%2C") : plain
}

function summaryOf(findings: readonly Finding[], { partial }: Summary): string {
  const cell = (text: string) => text.replace(/[\\|`<>\r\n]/g, char => (/\s/.test(char) ? " " : `\\${char}`))
  const rows = findings.map(({ ruleId, commit, link, startLine, author, date, email, file }) => {
    const place = link === "" ? cell(`${file}:${startLine}`) : `[${cell(file)}](${encodeURI(decodeURI(link))})`
    return `| ${[cell(ruleId), commit.slice(0, 7), place, startLine, cell(author), date, cell(email), cell(file)].join(" | ")} |\n`
  })
  const head =
    "| Rule ID | Commit | Secret URL | Start Line | Author | Date | Email | File |\n|---|---|---|---|---|---|---|---|\n"
  const missed = partial.map(reason => `\n> Not everything was scanned: ${cell(reason)}\n`).join("")
  return `## ${findings.length === 0 ? "No leaks found" : "Leaks found"}\n\n${rows.length === 0 ? "" : head + rows.join("")}${missed}`
}

async function comment(
  env: Env,
  scope: Scope,
  findings: readonly Finding[],
  print: (text: string) => void,
): Promise<void> {
  const { GITHUB_TOKEN: token, GITHUB_REPOSITORY: repository, GITHUB_API_URL: api = "https://api.github.com" } = env
  if (scope.kind !== "range" || scope.pullRequest === undefined || findings.length === 0) return
  if (!token || repository === undefined) return print("::warning::Comments need a token")
  const warn = (text: string) => print(`::warning::${escaped(text)}`)
  const notify = env.ARCA_SCAN_NOTIFY || env.GITLEAKS_NOTIFY_USER_LIST || ""
  await commentLeaks({ api, repository, number: scope.pullRequest, token }, findings, notify, warn).catch(
    (error: Error) => warn(error.message),
  )
}

if (import.meta.main) {
  const print = (text: string) => void process.stdout.write(`${text}\n`)
  process.exitCode = await runAction(process.env, print).catch((error: Error) => {
    print(`::error::${escaped(error.message)}`)
    return 1
  })
}
