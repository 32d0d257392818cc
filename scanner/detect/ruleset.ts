import { type CompiledPattern, type Pattern, patternOf } from "../re2/pattern.ts"
import type { Allowlist, Rule } from "../rule.ts"
import { type Exceptions, exceptionsOf } from "./allowlist.ts"
import { type Automaton, type AutomatonTables, startAutomaton } from "./automaton.ts"
import type { Exempt } from "./exempt.ts"
import { type Scratch, scratchFor } from "./text.ts"

/** A rule translated, with every pattern it uses by its source: plain data. */
export type CompiledRule = { rule: Rule; patterns: Record<string, CompiledPattern> }

/**
 * A configuration translated (`compile.ts`), so that it can be stored, and loaded rule by rule: a scan of a commit runs a
 * few rules out of hundreds.
 */
export type CompiledRules = {
  /** By index. */
  ids: readonly string[]
  rule(index: number): CompiledRule
  /** With what git may leave out, since the lists exempt it. */
  global: { allowlists: Allowlist[]; patterns: Record<string, CompiledPattern>; exempt: Exempt }
  /** Rules without keywords, by index: they are run on every text. */
  unconditional: readonly number[]
  /** Those, and the parts of other rules: they are run without being opened by a keyword. */
  alwaysTried: readonly number[]
  automaton: AutomatonTables
  /** For each accepting state: rules whose keyword ends there, by index. */
  opens: Lists
  /** For each accepting state: (rule, first try, last try) triples, tries counted back from the end of the literal. */
  tries: Lists
}

/** Lists of numbers, one after another: the items of list i are those from starts[i] to starts[i + 1]. */
export type Lists = { starts: Uint32Array; items: Uint32Array }

export function listsOf(lists: readonly (readonly number[])[]): Lists {
  const starts = [0]
  for (const { length } of lists) starts.push((starts.at(-1) ?? 0) + length)
  return { starts: Uint32Array.from(starts), items: Uint32Array.from(lists.flat()) }
}

/** A rule made ready. */
export type Matcher = {
  index: number
  rule: Rule
  regex: Pattern | undefined
  path: Pattern | undefined
  exceptions: Exceptions[]
  /** Whether the pattern is tried at given places only. */
  anchored: boolean
  /** Bytes that the preamble may run over, walking back from a match. */
  preamble: { bytes: Uint8Array; max: number } | undefined
}

/** A configuration made ready: one automaton for the keywords and anchors of all rules. */
export type Ruleset = {
  compiled: CompiledRules
  /** Made when it is first asked for. */
  matcher(index: number): Matcher
  byId(id: string): Matcher | undefined
  exceptions: Exceptions[]
  automaton: Automaton
  /** By rule, 1: it is run without being opened by a keyword. */
  alwaysTried: Uint8Array
  scratch: Scratch
}

export function loadRules(compiled: CompiledRules): Ruleset {
  const { ids, global } = compiled
  const made: Matcher[] = []
  const alwaysTried = new Uint8Array(ids.length)
  for (const index of compiled.alwaysTried) alwaysTried[index] = 1
  const matcher = (index: number) => (made[index] ??= makeMatcher(compiled.rule(index), index))
  let places: Map<string, number> | undefined
  return {
    compiled,
    matcher,
    byId(id) {
      places ??= new Map(ids.map((one, index) => [one, index]))
      const index = places.get(id)
      return index === undefined ? undefined : matcher(index)
    },
    exceptions: global.allowlists.map(list => exceptionsOf(list, source => patternIn(global.patterns, source))),
    automaton: startAutomaton(compiled.automaton),
    alwaysTried,
    scratch: scratchFor(ids.length, compiled.opens.starts.length - 1),
  }
}

/** All rules, in their order. */
export const allRules = ({ ids, rule }: CompiledRules): Rule[] => ids.map((_, index) => rule(index).rule)

function makeMatcher({ rule, patterns }: CompiledRule, index: number): Matcher {
  const regex = rule.regex === undefined ? undefined : patternIn(patterns, rule.regex)
  return {
    index,
    rule,
    regex,
    path: rule.path === undefined ? undefined : patternIn(patterns, rule.path),
    exceptions: rule.allowlists.map(list => exceptionsOf(list, source => patternIn(patterns, source))),
    anchored: regex?.anchor !== undefined,
    preamble: regex?.preamble && { bytes: bytesIn(regex.preamble.set), max: regex.preamble.max },
  }
}

function patternIn(patterns: Record<string, CompiledPattern>, source: string): Pattern {
  const found = patterns[source]
  if (found === undefined) throw new Error("a rule's pattern is missing from its compiled form")
  return patternOf(found)
}

function bytesIn(set: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(256)
  for (let i = 0; i + 1 < set.length; i += 2) bytes.fill(1, set[i], Math.min(set[i + 1] ?? 0, 255) + 1)
  return bytes
}
