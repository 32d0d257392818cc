import type { Finding } from "../finding.ts"
import type { Verifier } from "./verifier.ts"

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

/**
 * Asks the issuer of each finding's secret whether it is alive, once per distinct credential, and returns the findings
 * in the same order with `verification` set (findings of rules without a verifier stay as they are).
 * Findings must not be redacted yet. Never throws for a credential: what cannot be told is `unknown` with the reason.
 */
export type Verify = (findings: readonly Finding[], options?: Partial<VerifyOptions>) => Promise<Finding[]>
