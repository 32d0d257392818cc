import type { Rule } from "../rule.ts"

/** A rule with what is needed to judge and explain it. */
export type DeclaredRule = Rule & {
  provider: string
  /** One sentence: where to revoke or rotate it. */
  fix: string
  examples: Examples
}

/** Texts are built from parts, so that this repository holds nothing that looks alive to another scanner. */
export type Examples = {
  /** Texts with a secret, and the secret to be found in each. */
  finds: readonly Example[]
  /** Texts in which the rule must find nothing. */
  ignores: readonly string[]
}

export type Example = { text: string; secret: string; path?: string }
