import { compile } from "../re2/compile.ts"
import type { CompiledPattern } from "../re2/pattern.ts"
import type { Allowlist, Config } from "../rule.ts"
import { joinedSource } from "./allowlist.ts"
import { buildAutomaton } from "./automaton-build.ts"
import { exemptPaths } from "./exempt.ts"
import { type CompiledRule, type CompiledRules, listsOf, loadRules, type Ruleset } from "./ruleset.ts"

type Literal = { opens: Set<number>; tries: number[] }

const nothing: ReadonlySet<string> = new Set()

/**
 * Translates a configuration. Throws PatternError on a pattern that Go would refuse. `measured`: patterns that need no guard, as those
 * of our own rules, which a test tries with hostile texts.
 */
export function compileRules({ rules, allowlists }: Config, measured = nothing): CompiledRules {
  const compiled = rules.map(rule => ({
    rule,
    patterns: compilePatterns([rule.regex, rule.path], rule.allowlists, measured),
  }))
  const literals = literalsOf(compiled)
  const { tables, ends } = buildAutomaton(literals.map(([text]) => text))
  const gather = (of: (literal: Literal) => Iterable<number>) =>
    ends.map(indices => indices.flatMap(i => [...of(literals[i]?.[1] ?? { opens: new Set(), tries: [] })]))
  const parts = new Set(rules.flatMap(({ required }) => required.map(one => one.id)))
  const unconditional = indicesOf(rules, rule => rule.keywords.length === 0)
  return {
    ids: rules.map(rule => rule.id),
    rule(index) {
      const found = compiled[index]
      if (found === undefined) throw new RangeError(`there is no rule ${index}`)
      return found
    },
    global: { allowlists, patterns: compilePatterns([], allowlists, measured), exempt: exemptPaths(allowlists) },
    unconditional,
    alwaysTried: [...new Set([...unconditional, ...indicesOf(rules, rule => parts.has(rule.id))])],
    automaton: tables,
    opens: listsOf(gather(one => one.opens)),
    tries: listsOf(gather(one => one.tries)),
  }
}

/** Our own rules, whose patterns a test tries with hostile texts. */
export const compileMeasured = (config: Config) => compileRules(config, measuredPatterns(config))

export const measuredPatterns = ({ rules }: Config): ReadonlySet<string> =>
  new Set(rules.flatMap(({ regex }) => regex ?? []))

export const buildRuleset = (config: Config): Ruleset => loadRules(compileRules(config))

const indicesOf = <T>(items: readonly T[], test: (item: T) => boolean) =>
  items.flatMap((item, index) => (test(item) ? [index] : []))

function compilePatterns(
  single: readonly (string | undefined)[],
  allowlists: readonly Allowlist[],
  measured: ReadonlySet<string>,
): Record<string, CompiledPattern> {
  const joined = allowlists.flatMap(({ paths, regexes }) =>
    [paths, regexes].filter(list => list.length > 0).map(joinedSource),
  )
  const sources = [...single.filter(source => source !== undefined), ...joined]
  return Object.fromEntries([...new Set(sources)].map(source => [source, compile(source, measured.has(source))]))
}

/** Keywords open rules; anchors say where to try them. Both are looked for in one pass. */
function literalsOf(compiled: readonly CompiledRule[]): [string, Literal][] {
  const literals = new Map<string, Literal>()
  const literal = (text: string) => {
    let found = literals.get(text)
    if (found === undefined) literals.set(text, (found = { opens: new Set(), tries: [] }))
    return found
  }
  compiled.forEach(({ rule: { keywords, regex }, patterns }, index) => {
    for (const keyword of keywords) if (keyword !== "") literal(asBytes(keyword)).opens.add(index)
    const anchor = regex === undefined ? undefined : patterns[regex]?.anchor
    for (const { text, minOffset, maxOffset } of anchor ?? [])
      literal(text).tries.push(index, text.length + maxOffset, text.length + minOffset)
  })
  return [...literals]
}

const asBytes = (text: string) => Buffer.from(text).toString("latin1")
