/** What to look for, as declared in a rule file or in a Gitleaks TOML file. Patterns are in RE2 syntax. */
export type Rule = {
  id: string
  description: string
  /** Absent for rules that only look at paths. */
  regex?: string
  /** The file's path must match; without `regex` the path alone is the finding. */
  path?: string
  /** The capture that holds the secret; 0: the first one that is not empty. */
  secretGroup: number
  /** Shannon entropy in bits a character; a secret at or below it is dropped. 0: not checked. */
  entropy: number
  /** Lower case. The rule runs only on text that holds one of them, or always when empty. */
  keywords: string[]
  tags: string[]
  /** Only a part of other rules, never a finding of its own. */
  skipReport: boolean
  required: Required[]
  /** Gives way to any other rule that finds the same secret on the same line. */
  yields?: boolean
  allowlists: Allowlist[]
}

/** Another rule that must match nearby, else the finding is dropped; an optional one is only reported along. */
export type Required = { id: string; withinLines?: number; withinColumns?: number; optional?: boolean }

/** What is known not to be a secret. */
export type Allowlist = {
  description: string
  /** `and`: every kind of check that the list holds must pass; `or`: any. */
  condition: "or" | "and"
  commits: string[]
  paths: string[]
  regexTarget: "secret" | "match" | "line"
  regexes: string[]
  stopwords: string[]
}

/** A whole rule set. */
export type Config = {
  title: string
  /** The file it came from; that file itself is never scanned. */
  path?: string
  rules: Rule[]
  allowlists: Allowlist[]
}

/** A configuration that cannot be used; the message says where and why. */
export class ConfigError extends Error {
  override name = "ConfigError"
}
