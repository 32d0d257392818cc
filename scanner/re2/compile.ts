import { firstLiterals, neededLiterals, plan, requiredLiterals } from "./anchor.ts"
import { stepsByLength } from "./cost.ts"
import { emit } from "./emit.ts"
import { type Node, parsePattern } from "./parse.ts"
import { type CompiledPattern, type Pattern, patternOf } from "./pattern.ts"

/** For repeats within repeats no test finds the worst text. */
const beyondTests = 1e35

/**
 * Throws PatternError where Go's regexp.MustCompile would panic. `isMeasured`: no text keeps it busy, as tests have shown, whatever
 * its form lets one fear, unless that is beyond all tests.
 */
export function compile(source: string, isMeasured = false): CompiledPattern {
  const { root, groups } = parsePattern(source)
  const needs = neededLiterals(root)
  const { rest, runes, preamble, anchor } = plan(root)
  const steps = anchor === undefined ? stepsByLength(root, "search") : stepsByLength(rest, "try")
  const isGuarded = steps !== undefined && (!isMeasured || Math.max(...steps) > beyondTests)
  return {
    source,
    groups,
    bytes: emit(root, "bytes"),
    runes: emit(root, "runes"),
    rest: emit(rest, "bytes"),
    seesRunes: runes,
    ...(runes ? { loose: emit(rest, "loose") } : {}),
    ...(preamble === undefined ? {} : { preamble }),
    ...(anchor === undefined ? {} : { anchor }),
    ...(needs === undefined ? {} : { needs }),
    ...(isGuarded ? { steps, ...danger(root) } : {}),
  }
}

/** What a text must hold so that the pattern matches it, and so that it can take long. */
function danger(root: Node): Pick<CompiledPattern, "requires" | "starts"> {
  const branches = root.kind === "alternate" ? root.nodes : [root]
  const starts = branches.filter(branch => stepsByLength(branch, "search") !== undefined).map(firstLiterals)
  return {
    requires: requiredLiterals(root),
    ...(starts.includes(undefined) ? {} : { starts: starts.flatMap(literals => literals ?? []) }),
  }
}

export const compilePattern = (source: string): Pattern => patternOf(compile(source))
