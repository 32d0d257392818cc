import { compilePattern, type Pattern } from "../re2/pattern.ts"
import { contains } from "../re2/sets.ts"
import type { Config, Rule } from "../rule.ts"
import { compileAllowlist, type Exceptions } from "./allowlist.ts"
import { type Automaton, buildAutomaton } from "./automaton.ts"

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
  /** For each accepting state: rules whose keyword ends there, as indices. */
  opens: Int32Array[]
  /** For each accepting state: (rule, first try, last try) triples, tries counted back from the end of the literal. */
  tries: Int32Array[]
}

type Literal = { opens: Set<number>; tries: number[] }

export function buildRuleset(config: Config): Ruleset {
  const matchers = config.rules.map(buildMatcher)
  const literals = new Map<string, Literal>()
  const literal = (text: string) => {
    let found = literals.get(text)
    if (found === undefined) literals.set(text, (found = { opens: new Set(), tries: [] }))
    return found
  }
  for (const matcher of matchers) {
    for (const keyword of matcher.rule.keywords) if (keyword !== "") literal(asBytes(keyword)).opens.add(matcher.index)
    const anchor = matcher.anchored ? matcher.regex?.plan.anchor : undefined
    for (const text of anchor?.literals ?? [])
      literal(text).tries.push(
        matcher.index,
        text.length + (anchor?.maxOffset ?? 0),
        text.length + (anchor?.minOffset ?? 0),
      )
  }
  const entries = [...literals]
  const automaton = buildAutomaton(entries.map(([text]) => text))
  const gather = (of: (literal: Literal) => Iterable<number>) =>
    automaton.accepting.map(ends =>
      Int32Array.from(ends.flatMap(i => [...of(entries[i]?.[1] ?? { opens: new Set(), tries: [] })])),
    )
  return {
    config,
    matchers,
    byId: new Map(matchers.map(matcher => [matcher.rule.id, matcher])),
    exceptions: config.allowlists.map(compileAllowlist),
    automaton,
    opens: gather(one => one.opens),
    tries: gather(one => one.tries),
  }
}

const asBytes = (text: string) => Buffer.from(text).toString("latin1")

function buildMatcher(rule: Rule, index: number): Matcher {
  const regex = rule.regex === undefined ? undefined : compilePattern(rule.regex)
  const preamble = regex?.plan.preamble
  return {
    index,
    rule,
    regex,
    path: rule.path === undefined ? undefined : compilePattern(rule.path),
    exceptions: rule.allowlists.map(compileAllowlist),
    anchored: regex?.plan.anchor !== undefined,
    preamble: preamble && {
      bytes: Uint8Array.from({ length: 256 }, (_, byte) => (contains(preamble.set, byte) ? 1 : 0)),
      max: preamble.max,
    },
  }
}
