/** Why a caller may, or may not, do something: for people. */

import type { Acl, PolicyRef, Rule, RuleSource } from "./acl.ts"
import { decide, type Question, type Reason, type Verdict } from "./decide.ts"
import { BIT, type Capability, capabilitiesOf } from "./document.ts"
import { matches, type Precedence, rank } from "./pattern.ts"

export interface Explanation {
  readonly verdict: Verdict
  /** The rule that decided, with the policies and lines that it comes from. */
  readonly deciding: ExplainedRule | undefined
  /** Rules that also match, the strongest first, and why each lost. */
  readonly runnersUp: readonly RunnerUp[]
  /** What the deciding rule would need besides. */
  readonly missing: readonly Capability[]
  /** A policy that would allow it if it were attached as well; undefined when it is allowed, or no rule alone can help. */
  readonly snippet: string | undefined
  /** All of it in plain words, some lines long. */
  readonly text: string
}

export interface ExplainedRule {
  readonly path: string
  readonly capabilities: readonly Capability[]
  readonly sources: readonly RuleSource[]
}

export interface RunnerUp extends ExplainedRule {
  readonly lostBy: Precedence
}

/** Explains the verdict on one question. */
export function explain(acl: Acl, question: Question): Explanation {
  const verdict = decide(acl, question)
  const runnersUp = verdict.rule === undefined ? [] : losers(acl, question, verdict.rule)
  const missing = missingFor(verdict, question)
  return {
    verdict,
    deciding: verdict.rule && described(verdict.rule),
    runnersUp,
    missing,
    snippet: missing.length === 0 ? undefined : snippetFor(verdict, question, missing),
    text: tell(verdict, question, runnersUp, missing).join("\n"),
  }
}

const described = ({ pattern, mask, sources }: Rule): ExplainedRule => ({
  path: pattern.text,
  capabilities: capabilitiesOf(mask),
  sources,
})

function losers(acl: Acl, { path: requested, operation }: Question, winner: Rule): RunnerUp[] {
  const path = requested.replace(/^\/+/, "")
  const listing = operation === "list" || operation === "scan"
  const paths = listing && path.endsWith("/") ? [path, path.slice(0, -1)] : [path]
  return acl.rules
    .filter(rule => rule !== winner && paths.some(one => meets(rule, one)))
    .sort((a, b) => rank(b.pattern, a.pattern).order)
    .map(rule => ({ ...described(rule), lostBy: rank(winner.pattern, rule.pattern).by }))
}

// Denials match whatever the case.
const meets = (rule: Rule, path: string): boolean =>
  matches(rule.pattern, path) || (rule.mask === BIT.deny && foldedMatches(rule, path))

const foldedMatches = ({ pattern }: Rule, path: string): boolean =>
  matches({ ...pattern, segments: pattern.segments.map(one => one.toLowerCase()) }, path.toLowerCase())

function missingFor({ allowed, reason, rule }: Verdict, { operation, sudoRequired }: Question): Capability[] {
  if (allowed || operation === "help") return []
  if (reason.kind !== "no-rule" && reason.kind !== "missing-capability" && reason.kind !== "missing-sudo") return []
  const needed: Capability[] = sudoRequired ? [operation, "sudo"] : [operation]
  return needed.filter(one => ((rule?.mask ?? 0) & BIT[one]) === 0)
}

/** An exact path goes before all other rules, so it has to repeat what the deciding rule already gives. */
function snippetFor({ rule }: Verdict, { path }: Question, missing: readonly Capability[]): string {
  const mask = missing.reduce((all, one) => all | BIT[one], rule?.mask ?? 0)
  const capabilities = capabilitiesOf(mask).map(one => JSON.stringify(one))
  return `path ${JSON.stringify(path.replace(/^\/+/, ""))} {\n  capabilities = [${capabilities.join(", ")}]\n}\n`
}

function tell(
  verdict: Verdict,
  question: Question,
  runnersUp: readonly RunnerUp[],
  missing: readonly Capability[],
): string[] {
  const { rule, allowed } = verdict
  const what = `${question.operation} on "${question.path.replace(/^\/+/, "")}"`
  const lines = [`${allowed ? "Allowed" : "Denied"}: ${what}. ${because(verdict.reason, verdict)}`]
  if (rule !== undefined) {
    lines.push(`The rule for path "${rule.pattern.text}" decides. It comes from:`)
    for (const { policy, line, capabilities } of rule.sources) {
      lines.push(`  ${nameOf(policy)}, line ${line}: ${capabilities.join(", ") || "no capabilities"}`)
    }
  }
  for (const { path, lostBy, sources } of runnersUp) {
    const names = sources.map(source => nameOf(source.policy)).join(", ")
    lines.push(`The rule for path "${path}" (${names}) also matches, but does not count: ${LOST[lostBy]}.`)
  }
  if (missing.length > 0) lines.push(`It would take ${missing.map(one => `"${one}"`).join(" and ")} on this path.`)
  return lines
}

const nameOf = ({ name, namespace }: PolicyRef): string =>
  namespace === "" || namespace === "root" ? `policy "${name}"` : `policy "${name}" of namespace ${namespace}`

const LOST: Readonly<Record<Precedence, string>> = {
  "exact path": "an exact path goes before patterns",
  "first wildcard later": "its first wildcard stands earlier in the path",
  "no closing *": 'it ends in "*", the deciding one does not',
  "fewer + segments": 'it has more "+" segments',
  longer: "it is shorter",
  "alphabetically last": "all else being equal, the alphabetically last decides",
  same: "it differs only in upper and lower case, and then a denial goes first",
}

function because(reason: Reason, { rule, policies }: Verdict): string {
  switch (reason.kind) {
    case "root":
      return 'The "root" policy allows everything.'
    case "help":
      return "Help is open to everyone."
    case "granted":
      return `"${reason.capability}" is given by ${policies.map(nameOf).join(" and ")}.`
    case "no-rule":
      return "No rule of the attached policies speaks of this path."
    case "denied-by-rule":
      return `A rule denies it outright; more rights elsewhere do not help while the rule for "${rule?.pattern.text}" says "deny".`
    case "missing-capability":
      return `The deciding rule does not give "${reason.capability}".`
    case "missing-sudo":
      return 'The path is for callers with "sudo", which the deciding rule does not give.'
    case "wrapping-ttl":
      return `The rule wants the answer wrapped, for ${bounds(reason.minSeconds, reason.maxSeconds)}.`
    case "limit-required":
      return 'The rule wants the parameter "limit".'
    case "limit-too-high":
      return `The rule allows a "limit" of 0 to ${reason.limit}.`
    case "parameter-required":
      return `The rule wants the parameter "${reason.parameter}".`
    case "parameter-denied":
      return `The rule denies the parameter "${reason.parameter}", or the value that it has.`
    case "parameter-not-allowed":
      return `The rule does not allow the parameter "${reason.parameter}", or not with the value that it has.`
  }
}

function bounds(least: number, most: number): string {
  if (least === 0) return `at most ${most} seconds`
  return most === 0 ? `at least ${least} seconds` : `${least} to ${most} seconds`
}
