import { compile } from "../re2/compile.ts"
import type { CompiledPattern } from "../re2/pattern.ts"
import type { Config } from "../rule.ts"
import { joinedSource } from "./allowlist.ts"
import { buildAutomaton } from "./automaton-build.ts"
import { type CompiledRules, loadRules, type Ruleset } from "./ruleset.ts"

type Literal = { opens: Set<number>; tries: number[] }

/** Translates a configuration. Throws PatternError on a pattern that Go would refuse. */
export function compileRules(config: Config): CompiledRules {
  const patterns = compilePatterns(config)
  const literals = literalsOf(config, patterns)
  const { tables, ends } = buildAutomaton(literals.map(([text]) => text))
  const gather = (of: (literal: Literal) => Iterable<number>) =>
    ends.map(indices => indices.flatMap(i => [...of(literals[i]?.[1] ?? { opens: new Set(), tries: [] })]))
  return { config, patterns, automaton: tables, opens: gather(one => one.opens), tries: gather(one => one.tries) }
}

export const buildRuleset = (config: Config): Ruleset => loadRules(compileRules(config))

function compilePatterns(config: Config): Record<string, CompiledPattern> {
  const allowlists = [...config.allowlists, ...config.rules.flatMap(rule => rule.allowlists)]
  const sources = [
    ...config.rules.flatMap(({ regex, path }) => [regex, path]),
    ...allowlists.flatMap(({ paths, regexes }) => [paths, regexes].filter(list => list.length > 0).map(joinedSource)),
  ]
  return Object.fromEntries(
    [...new Set(sources)].flatMap(source => (source === undefined ? [] : [[source, compile(source)]])),
  )
}

/** Keywords open rules; anchors say where to try them. Both are looked for in one pass. */
function literalsOf({ rules }: Config, patterns: Record<string, CompiledPattern>): [string, Literal][] {
  const literals = new Map<string, Literal>()
  const literal = (text: string) => {
    let found = literals.get(text)
    if (found === undefined) literals.set(text, (found = { opens: new Set(), tries: [] }))
    return found
  }
  rules.forEach(({ keywords, regex }, index) => {
    for (const keyword of keywords) if (keyword !== "") literal(asBytes(keyword)).opens.add(index)
    const anchor = regex === undefined ? undefined : patterns[regex]?.anchor
    for (const { text, minOffset, maxOffset } of anchor ?? [])
      literal(text).tries.push(index, text.length + maxOffset, text.length + minOffset)
  })
  return [...literals]
}

const asBytes = (text: string) => Buffer.from(text).toString("latin1")
