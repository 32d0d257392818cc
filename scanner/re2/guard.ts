import type { RE2JS } from "re2js"
import { stepsFor } from "./cost.ts"
import type { Pattern } from "./pattern.ts"

/** About a fifth of a second. */
const manySteps = 1e8
/** What backtracking may take for a text of a megabyte; shorter ones get less, but never below a tenth of it. */
const millisecondsPerMegabyte = 300

/** Whether backtracking might take long at so many places of a text of so many bytes. Patterns that are known to be quick never do. */
export const mayTakeLong = ({ steps }: Pattern, bytes: number, tries: number): boolean =>
  steps !== undefined && stepsFor(steps, bytes, tries) > manySteps

/**
 * Runs what may take long, and gives up when it does: V8 looks for an interruption while it backtracks. What the work has done
 * until then must be thrown away. Undefined when it was given up.
 */
export function inTime<T>(bytes: number, work: () => T): { done: T } | undefined {
  const { Script } = process.getBuiltinModule("node:vm")
  let result: { done: T } | undefined
  Reflect.set(globalThis, slot, () => {
    result = { done: work() }
  })
  try {
    // Setting up the watch costs some 60 microseconds, which is why only risky work goes this way.
    const timeout = Math.ceil(millisecondsPerMegabyte * Math.max(bytes / 1e6, 0.1))
    ;(script ??= new Script('globalThis[Symbol.for("arca.guarded")]()')).runInThisContext({ timeout })
    return result
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ERR_SCRIPT_EXECUTION_TIMEOUT") return undefined
    throw error
  } finally {
    Reflect.deleteProperty(globalThis, slot)
  }
}

// A script sees its own words and what is global.
const slot = Symbol.for("arca.guarded")
let script: InstanceType<typeof import("node:vm").Script> | undefined

/**
 * The same pattern in RE2's own way, whose time grows with the text and never faster: slower where backtracking is quick, and so
 * only used where that was given up. Loaded then.
 */
export function linear({ source }: Pattern): RE2JS {
  let made = compiled.get(source)
  if (made === undefined) {
    compiled.set(source, (made = library().RE2JS.compile(source)))
  }
  return made
}

const compiled = new Map<string, RE2JS>()

/** At once, in the middle of a text. The built scanner is a script whose own `require` finds what it carries. */
function library(): typeof import("re2js") {
  if (typeof require === "function") return require("re2js")
  return process.getBuiltinModule("node:module").createRequire(import.meta.url)("re2js")
}

/** All matches, as offsets in the bytes; an empty one right after another is left out, as in Go. */
export function linearMatches(pattern: Pattern, bytes: Uint8Array): [start: number, end: number][] {
  const found: [number, number][] = []
  const matcher = linear(pattern).matcher(bytes)
  let previousEnd = -1
  while (matcher.find()) {
    const [start, end] = [matcher.start(), matcher.end()]
    if (start !== end || end !== previousEnd) found.push([start, end])
    previousEnd = end
  }
  return found
}

/** Whether the pattern occurs in a byte string. */
export const linearOccurs = (pattern: Pattern, bytes: string): boolean =>
  linear(pattern).matcher(Buffer.from(bytes, "latin1")).find()

/** The groups of the first match in a byte string, as byte strings. */
export function linearGroups(pattern: Pattern, bytes: string): (string | undefined)[] | undefined {
  const matcher = linear(pattern).matcher(Buffer.from(bytes, "latin1"))
  if (!matcher.find()) return undefined
  return Array.from({ length: pattern.groups + 1 }, (_, group) => {
    const start = matcher.start(group)
    return start < 0 ? undefined : bytes.slice(start, matcher.end(group))
  })
}
