import { lengths } from "../re2/anchor.ts"
import { parsePattern } from "../re2/parse.ts"
import type { Allowlist, Required, Rule } from "../rule.ts"
import { aloneExamples, type Example, inContext, namedExamples } from "./examples.ts"

/** A rule with what is needed to judge and explain it. */
export type DeclaredRule = Rule & {
  provider: string
  /** One sentence: where to revoke or rotate it. */
  fix: string
  /** Texts with a secret, and the secret to be found in each. */
  finds: readonly Example[]
  /** Texts in which the rule must find nothing. */
  ignores: readonly string[]
}

/**
 * How a provider file declares a rule. The pattern is one of four forms:
 * `mentioned` or `assigned` with `secret`: a text that only its surroundings tell; `secret` alone: a text that can be
 * nothing else, between word boundaries; `regex`: anything else, with examples of its own.
 */
export type Row = {
  id: string
  /** The provider's name. */
  of: string
  /** What is found; "API key" when absent. */
  a?: string
  /** Where it is revoked: the page, or the provider's site. */
  at?: string
  /** Instead of `at`: the whole sentence. */
  fix?: string
  /**
   * The provider's names in code, as alternatives; a space stands for nothing, `_` or `-`. Ours: a setting that has the
   * name, or is nested below it, or a URL with it.
   */
  mentioned?: string
  /** The same in Gitleaks' form: an assignment to a variable that has the name in it. */
  assigned?: string
  secret?: string
  regex?: string
  /** `secret` minds the case of letters. Always so when alone. */
  exact?: boolean
  /** A secret alone that is found in the midst of other text, too. */
  bare?: boolean
  entropy?: number
  /** Derived where the names or the start of the secret are plain text. */
  keywords?: string[]
  tags?: string[]
  path?: string
  secretGroup?: number
  skipReport?: boolean
  yields?: boolean
  required?: Required[]
  allowlists?: Partial<Allowlist>[]
  /** What a composite rule needs near, as a pattern: put before each of its examples. */
  beside?: string
  /** For `regex`: texts with their secret. Made by `fake`, never spelled out. */
  finds?: Example[]
  ignores?: string[]
}

export const declare = (rows: readonly Row[]): DeclaredRule[] => rows.map(declareRule)

function declareRule(row: Row): DeclaredRule {
  const regex = row.regex ?? (row.secret === undefined ? undefined : patternOf(row, row.secret))
  const { path } = row
  return {
    id: row.id,
    description: `${row.of} ${row.a ?? "API key"}`,
    ...(regex === undefined ? {} : { regex }),
    ...(path === undefined ? {} : { path }),
    secretGroup: row.secretGroup ?? 0,
    entropy: row.entropy ?? defaultEntropy(row),
    keywords: row.keywords ?? keywordsOf(row),
    tags: row.tags ?? [],
    skipReport: row.skipReport ?? false,
    ...(row.yields === true ? { yields: true } : {}),
    required: row.required ?? [],
    allowlists: (row.allowlists ?? []).map(completeAllowlist),
    provider: row.of,
    fix: row.fix ?? fixAt(row),
    ...examplesOf(row),
  }
}

// What may stand between a name and its value, and after the value; as Gitleaks has it, so that findings are the same.
const assignment = String.raw`(?:[ \t\w.-]{0,20})[\s'"]{0,3}(?:=|>|:{1,3}=|\|\||:|=>|\?=|,)[\x60'"\s=]{0,5}`
const end = String.raw`(?:[\x60'"\s;]|\\[nr]|$)`

// A key of a mapping that may open a nested one: `weatherbit: { api_key:`, `weatherbit.token =`, `weatherbitKey = "Bearer`.
const credentialWord = "(?:api|key|token|secret|auth|pass|pwd|cred|access|pat)"
const nested = String.raw`(?:["'\]]{0,2}\s{0,2}(?:=>|[:=])\s{0,4}[{\[(]?\s{0,20}["']?[\w.-]{0,20})?`
const operator = String.raw`["'\])]{0,2}\s{0,3}(?:=>|:=|\|\|=|\?=|[:=,>(])\s{0,3}["'\x60]?(?:(?:bearer|basic|token)\s)?`
const setting = String.raw`[\w.-]{0,20}${nested}${credentialWord}[\w.-]{0,20}(?:${operator}|[ \t]{1,3}["']?)`
const query = String.raw`\.[^\s"'<>]{0,120}?[?&][\w.-]{0,30}=`
const mentionEnd = String.raw`(?:[\x60'"\s;,&<)\]}]|\\[nr]|$)`

function patternOf(row: Row, secret: string): string {
  if (row.mentioned !== undefined) {
    // A short name is part of many words, and what it is set to is many things.
    const names = row.mentioned.replaceAll(" ", "[_-]?")
    const [shortest] = lengths(parsePattern(names).root)
    const [name, direct] = shortest < 6 ? [String.raw`(?:\b|_)(?:${names})`, ""] : [`(?:${names})`, `|${operator}`]
    return `(?i)${name}(?:${setting}|${query}${direct})(${secretCase(row, secret)})${mentionEnd}`
  }
  if (row.assigned !== undefined) {
    const preamble = String.raw`[\w.-]{0,50}?`
    const pattern = `(?i)${preamble}(?:${row.assigned})${assignment}`
    return `${pattern}(${secretCase(row, secret)})${end}`
  }
  return row.bare === true ? secret : String.raw`\b(${secret})${end}`
}

const secretCase = (row: Row, secret: string) => (row.exact === true ? `(?-i:${secret})` : secret)

/** Random text of the secret's alphabet stays above it; words, counters and placeholders mostly do not. */
function defaultEntropy(row: Row): number {
  if (row.mentioned === undefined || row.secret === undefined) return 0
  const [shortest] = lengths(parsePattern(row.secret).root)
  return /^\[0-9\]|^\\d/.test(row.secret) ? 2 : shortest < 20 ? 2.5 : 3
}

const plainNames = /^[\w .|-]+$/

function keywordsOf(row: Row): string[] {
  const names = row.mentioned ?? row.assigned
  if (names !== undefined) {
    if (!plainNames.test(names)) throw new Error(`${row.id}: name its keywords: they cannot be read from "${names}"`)
    return names
      .toLowerCase()
      .split("|")
      .flatMap(name => (name.includes(" ") ? ["", "_", "-"].map(between => name.replaceAll(" ", between)) : [name]))
  }
  const start = /^(?:\w|-|\\[.-])+(?![\w?*{]|\\)/.exec((row.secret ?? "").replace(/^\(\?i\)/, ""))?.[0] ?? ""
  const literal = start.replaceAll("\\", "").toLowerCase()
  if (literal.length < 3 && row.path === undefined)
    throw new Error(`${row.id}: name its keywords: "${literal}" is too short`)
  return literal === "" ? [] : [literal]
}

function fixAt({ id, at }: Row): string {
  if (at === undefined) throw new Error(`${id}: say where it is revoked (at, or fix)`)
  const place = at.startsWith("https://") ? at : `the API settings of https://${at}`
  return `Revoke it at ${place} and put a new one in its place.`.replace("at the API", "in the API")
}

const completeAllowlist = (some: Partial<Allowlist>): Allowlist => ({
  description: "",
  condition: "or",
  commits: [],
  paths: [],
  regexTarget: "secret",
  regexes: [],
  stopwords: [],
  ...some,
})

function examplesOf(row: Row): { finds: readonly Example[]; ignores: readonly string[] } {
  const { id, secret, finds = [], ignores = [] } = row
  const entropy = row.entropy ?? defaultEntropy(row)
  const keywords = row.keywords ?? keywordsOf(row)
  if (row.regex !== undefined || secret === undefined)
    return { finds: inContext(id, finds, keywords, row.beside), ignores }
  const pattern = row.mentioned === undefined && row.assigned === undefined ? secret : secretCase(row, secret)
  const names = row.mentioned?.replaceAll(" ", "_") ?? row.assigned
  const made =
    names === undefined
      ? aloneExamples(id, pattern, entropy, row.bare === true)
      : namedExamples(id, names, pattern, entropy, row.path)
  return {
    finds: inContext(id, [...made.finds, ...finds], keywords, row.beside),
    ignores: [...made.ignores, ...ignores],
  }
}
