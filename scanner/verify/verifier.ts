import type { Verification } from "../finding.ts"

/** What a finding gives to check: the secret, and what the other parts of its composite rule matched. */
export type Credential = {
  ruleId: string
  secret: string
  /** The whole text that the rule matched, for hosts and names that stand beside the secret. */
  match: string
  /** By rule id; the nearest match of each. */
  parts: ReadonlyMap<string, string>
  /** Seconds since 1970. */
  now: number
  /** The host of a self-managed instance that the user named for this issuer. */
  host?: string
}

/** One HTTPS request to the issuer. */
export type Outgoing = {
  method: "GET" | "POST" | "HEAD"
  url: string
  headers: Record<string, string>
  body?: string
  /** Texts made from the secret (an encoding, a signature) that a printed request must hide, too. */
  hide?: string[]
}

/** The issuer's answer, as far as it is read. */
export type Reply = {
  status: number
  /** Names in lower case. */
  headers: Record<string, string>
  text: string
  /** The body as JSON; undefined when it is none. */
  json: unknown
}

/**
 * How to ask the issuer of a kind of credential whether it is alive. A verifier only builds requests and reads answers;
 * sending, and every rule about what may be sent where, is in one place (`send.ts`).
 */
export type Verifier = {
  issuer: string
  /** The rules whose findings it can check. */
  rules: string[]
  /** Host names it may send to: exact, or `*.example.com` for the names below one. */
  hosts: string[]
  /** The user wrote the hosts down: they may be in a private network. */
  userNamed?: boolean
  /** The host may be replaced by a self-managed one that the user names under this key (`gitlab=git.example.com`). */
  selfManaged?: string
  /** Requests in the order to try, until one is not answered "dead"; a text says what is missing. */
  requests(credential: Credential): Outgoing[] | string
  read(reply: Reply, credential: Credential): Verification
}

/** What can be told without asking anybody: an expiry, the kind of a key. */
export type OfflineCheck = {
  issuer: string
  rules: string[]
  check(credential: Credential): Verification
}

/** Logs in to a database server that the finding names; only on request. */
export type ConnectCheck = {
  issuer: string
  rules: string[]
  connect(credential: Credential, limits: ConnectLimits): Promise<Verification>
}

export type ConnectLimits = {
  timeoutMs: number
  /** The address of a host, if it may be reached; throws SendError with the reason. */
  resolve(host: string): Promise<string>
}

type Facts = Record<string, string>

export const verified = (facts: Facts = {}): Verification => ({ status: "verified", facts })
export const dead = (facts: Facts = {}): Verification => ({ status: "dead", facts })
export const unknown = (reason: string, facts: Facts = {}): Verification => ({ status: "unknown", facts, reason })
