import { type CompiledPattern, type Pattern, patternOf } from "../re2/pattern.ts"
import type { Allowlist, Config, Rule } from "../rule.ts"
import { type Exceptions, exceptionsOf } from "./allowlist.ts"
import { type Automaton, type AutomatonTables, startAutomaton } from "./automaton.ts"
import { type Scratch, scratchFor } from "./text.ts"

/** A configuration translated (`compile.ts`): plain data, so that it can be stored and loaded without the translators. */
export type CompiledRules = {
  config: Config
  /** Every pattern of the configuration by its source; joined allowlist patterns by the joined source. */
  patterns: Record<string, CompiledPattern>
  automaton: AutomatonTables
  /** For each accepting state: rules whose keyword ends there, as indices. */
  opens: number[][]
  /** For each accepting state: (rule, first try, last try) triples, tries counted back from the end of the literal. */
  tries: number[][]
}

/** A rule made ready. */
export type Matcher = {
  index: number
  rule: Rule
  regex: Pattern | undefined
  path: Pattern | undefined
  exceptions: Exceptions[]
  /** Where to try the pattern; undefined: everywhere. */
  anchored: boolean
  /** Bytes that the preamble may run over, walking back from a match. */
  preamble: { bytes: Uint8Array; max: number } | undefined
}

/** A configuration made ready: one automaton for the keywords and anchors of all rules. */
export type Ruleset = {
  config: Config
  matchers: Matcher[]
  byId: Map<string, Matcher>
  exceptions: Exceptions[]
  automaton: Automaton
  opens: readonly (readonly number[])[]
  tries: readonly (readonly number[])[]
  /** Rules without keywords: they are run on every text. */
  unconditional: readonly Matcher[]
  /** By rule, 1: it is run without being opened by a keyword, as one without keywords or as a part of another rule. */
  alwaysTried: Uint8Array
  scratch: Scratch
}

export function loadRules(compiled: CompiledRules): Ruleset {
  const { config, opens, tries } = compiled
  const pattern = (source: string): Pattern => {
    const found = compiled.patterns[source]
    if (found === undefined) throw new Error("a rule's pattern is missing from its compiled form")
    return patternOf(found)
  }
  const exceptions = (list: Allowlist) => exceptionsOf(list, pattern)
  const matchers = config.rules.map((rule, index) => makeMatcher(rule, index, pattern, exceptions))
  const parts = new Set(config.rules.flatMap(rule => rule.required.map(one => one.id)))
  return {
    config,
    matchers,
    unconditional: matchers.filter(({ rule }) => rule.keywords.length === 0),
    alwaysTried: Uint8Array.from(config.rules, ({ id, keywords }) => (keywords.length === 0 || parts.has(id) ? 1 : 0)),
    scratch: scratchFor(matchers.length, opens.length),
    byId: new Map(matchers.map(matcher => [matcher.rule.id, matcher])),
    exceptions: config.allowlists.map(exceptions),
    automaton: startAutomaton(compiled.automaton),
    opens,
    tries,
  }
}

function makeMatcher(
  rule: Rule,
  index: number,
  pattern: (source: string) => Pattern,
  exceptions: (list: Allowlist) => Exceptions,
): Matcher {
  const regex = rule.regex === undefined ? undefined : pattern(rule.regex)
  return {
    index,
    rule,
    regex,
    path: rule.path === undefined ? undefined : pattern(rule.path),
    exceptions: rule.allowlists.map(exceptions),
    anchored: regex?.anchor !== undefined,
    preamble: regex?.preamble && { bytes: bytesIn(regex.preamble.set), max: regex.preamble.max },
  }
}

function bytesIn(set: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(256)
  for (let i = 0; i + 1 < set.length; i += 2) bytes.fill(1, set[i], Math.min(set[i + 1] ?? 0, 255) + 1)
  return bytes
}
