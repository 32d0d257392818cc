import type { Finding, Verification } from "../finding.ts"
import { connectChecks } from "./databases.ts"
import { issuers } from "./issuers/index.ts"
import { mask } from "./mask.ts"
import { offlineChecks } from "./offline.ts"
import { openSender, SendError, type Sender } from "./send.ts"
import { type Credential, type Outgoing, unknown, type Verifier } from "./verifier.ts"

export type VerifyOptions = {
  /** Builds and announces every request, sends none; each finding is then `unknown`, reason "dry run". */
  dryRun: boolean
  /** Is told of every request before it is sent, with all secrets masked. */
  announce(request: string): void
  /** Also logs in to the database servers that findings name. Off: their findings are `unknown`. */
  connect: boolean
  /** Lets requests and logins reach private, loopback and link-local addresses. */
  allowPrivate: boolean
  /** Verifiers of the user's own, from the rule file (`customVerifiers`); they come before ours. */
  custom: readonly Verifier[]
  /** Self-managed instances by issuer key: `{ gitlab: "git.example.com" }`. */
  hosts: Readonly<Record<string, string>>
  timeoutMs: number
  /** Requests to one host at a time, and in one second. */
  perHost: number
  perSecond: number
  /** Further tries after 429 and 503. */
  retries: number
  /** Where HTTPS_PROXY, HTTP_PROXY and NO_PROXY are read. */
  env: Readonly<Record<string, string | undefined>>
  /** Certificate authorities (PEM) to trust besides Node's own, as behind an intercepting proxy. */
  ca?: string
  signal?: AbortSignal
}

const defaults: VerifyOptions = {
  dryRun: false,
  announce: () => {},
  connect: false,
  allowPrivate: false,
  custom: [],
  hosts: {},
  timeoutMs: 10_000,
  perHost: 2,
  perSecond: 5,
  retries: 2,
  env: process.env,
}

/**
 * Asks the issuer of each finding's secret whether it is alive, once per distinct credential, and returns the findings
 * in the same order with `verification` set (findings of rules without a verifier stay as they are).
 * Findings must not be redacted yet. Never throws for a credential: what cannot be told is `unknown` with the reason.
 */
export async function verify(findings: readonly Finding[], options: Partial<VerifyOptions> = {}): Promise<Finding[]> {
  const settings = { ...defaults, ...options }
  const sender = await openSender(settings)
  const asked = new Map<string, Promise<Verification>>()
  try {
    const verdicts = await Promise.all(
      findings.map(finding => {
        const check = checkFor(finding.ruleId, settings)
        if (check === undefined) return undefined
        const credential = credentialOf(finding)
        const key = JSON.stringify([finding.ruleId, finding.secret, finding.match, ...credential.parts])
        let verdict = asked.get(key)
        if (verdict === undefined) asked.set(key, (verdict = check(credential, sender)))
        return verdict
      }),
    )
    return withParts(findings, verdicts)
  } finally {
    await sender.close()
  }
}

type Check = (credential: Credential, sender: Sender) => Promise<Verification>

/** How a rule's findings are checked: by the user's verifier, by ours, offline, or by logging in. */
function checkFor(ruleId: string, settings: VerifyOptions): Check | undefined {
  const forRule = (one: { rules: string[] }) => one.rules.includes(ruleId)
  const verifier = settings.custom.find(forRule) ?? issuers.find(forRule)
  if (verifier !== undefined) return (credential, sender) => ask(verifier, credential, sender, settings)
  const offline = offlineChecks.find(forRule)
  if (offline !== undefined) return async credential => offline.check(credential)
  const login = connectChecks.find(forRule)
  if (login === undefined) return undefined
  return async (credential, sender) => {
    if (settings.dryRun) return announced(`log in to ${login.issuer} as the connection URL says`, settings)
    if (!settings.connect) return unknown("logging in to databases is off (--verify-connect allows it)")
    return login.connect(credential, { timeoutMs: settings.timeoutMs, resolve: sender.resolve })
  }
}

function announced(request: string, settings: VerifyOptions): Verification {
  settings.announce(request)
  return unknown("dry run")
}

async function ask(
  verifier: Verifier,
  credential: Credential,
  sender: Sender,
  settings: VerifyOptions,
): Promise<Verification> {
  const host = verifier.selfManaged === undefined ? undefined : settings.hosts[verifier.selfManaged]
  const given = host === undefined ? credential : { ...credential, host }
  const requests = verifier.requests(given)
  if (typeof requests === "string") return unknown(requests)
  const secrets = [credential.secret, ...credential.parts.values()]
  let last: Verification = unknown("nothing to ask")
  for (const request of requests) {
    settings.announce(mask(request, secrets))
    if (settings.dryRun) last = unknown("dry run")
    else last = await answerTo(request, verifier, given, sender)
    if (last.status !== "dead" && !settings.dryRun) return last
  }
  return last
}

async function answerTo(
  request: Outgoing,
  verifier: Verifier,
  credential: Credential,
  sender: Sender,
): Promise<Verification> {
  try {
    const allowed = credential.host === undefined ? verifier.hosts : [credential.host]
    const reply = await sender.send(request, allowed, credential.host !== undefined || verifier.userNamed === true)
    if (reply.status >= 300 && reply.status < 400) return unknown("answered with a redirect, which is not followed")
    return verifier.read(reply, credential)
  } catch (error) {
    if (error instanceof SendError) return unknown(error.message)
    throw error
  }
}

function credentialOf({ ruleId, secret, match, required }: Finding): Credential {
  // Required findings come in the order of the text; the first of each rule is kept.
  const parts = new Map<string, string>()
  for (const part of required) if (!parts.has(part.ruleId)) parts.set(part.ruleId, part.secret)
  return { ruleId, secret, match, parts, now: Math.floor(Date.now() / 1000) }
}

/** What was told of a credential of several parts holds for the findings of its parts, too. */
function withParts(findings: readonly Finding[], verdicts: readonly (Verification | undefined)[]): Finding[] {
  const told = new Map<string, Verification>()
  findings.forEach(({ required }, i) => {
    const verdict = verdicts[i]
    if (verdict === undefined || verdict.status === "unknown") return
    for (const part of required) told.set(`${part.ruleId} ${part.secret}`, verdict)
  })
  return findings.map((finding, i) => {
    const own = verdicts[i]
    const shared = told.get(`${finding.ruleId} ${finding.secret}`)
    const verdict = own === undefined || own.status === "unknown" ? (shared ?? own) : own
    return verdict === undefined ? finding : { ...finding, verification: verdict }
  })
}

/** The rules whose findings can be verified, each with how: the issuer's name, or "offline" or "login". */
export function verifiersByRule(): Map<string, string> {
  return new Map([
    ...connectChecks.flatMap(({ rules }) => rules.map(id => [id, "login"] as const)),
    ...offlineChecks.flatMap(({ rules }) => rules.map(id => [id, "offline"] as const)),
    ...issuers.flatMap(({ rules, issuer }) => rules.map(id => [id, issuer] as const)),
  ])
}
