import { mkdirSync, readdirSync, renameSync, statSync, unlinkSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import type { AutomatonTables } from "../detect/automaton.ts"
import type { CompiledRules } from "../detect/ruleset.ts"
import { installedParts, type Parts, partsOf } from "../installed.ts"

/**
 * Compiled rules kept between runs: translating the default rules takes a hundred times as long as scanning a commit. An
 * entry's name is a hash of all it was made from, so it is never out of date; entries of others are not read.
 */
export type RuleStore = { folder: string | undefined; installation(): string }

type Env = Readonly<Record<string, string | undefined>>

const maxAgeMs = 30 * 24 * 3600 * 1000

/** Where caches go: `ARCA_CACHE_DIR`, or the user's cache folder. Undefined where there is none. */
export function cacheFolder(env: Env): string | undefined {
  const { ARCA_CACHE_DIR: own, XDG_CACHE_HOME: cache, HOME: home } = env
  if (own !== undefined && own !== "") return own
  if (cache !== undefined && cache !== "") return join(cache, "arca")
  return home === undefined || home === "" ? undefined : join(home, ".cache", "arca")
}

export function ruleStore(env: Env): RuleStore {
  const folder = cacheFolder(env)
  return { folder: folder && join(folder, "rules"), installation: installationKey }
}

/** The compiled form of some text, from the store or made and stored. `key` names the rules and the program. */
export async function compiledOnce(
  store: RuleStore,
  text: string,
  make: () => Promise<{ rules: CompiledRules; mayKeep: boolean }>,
): Promise<{ rules: CompiledRules; key: string }> {
  const key = `${store.installation()}\n${text}`
  const file = store.folder === undefined ? undefined : join(store.folder, `${checksum(key)}.rules`)
  const kept = file === undefined ? undefined : readKept(file, key)
  if (kept !== undefined) return { rules: kept, key }
  const { rules, mayKeep } = await make()
  if (mayKeep && file !== undefined) keep(file, key, rules)
  return { rules, key }
}

/** A name for a file (53 bits of FNV-1a's kind). The file holds the whole key; loading a real hash takes longer than a scan. */
function checksum(text: string): string {
  let high = 0xdeadbeef
  let low = 0x41c6ce57
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    high = Math.imul(high ^ code, 0x9e3779b1)
    low = Math.imul(low ^ code, 0x5f356495)
  }
  return (high >>> 0).toString(16).padStart(8, "0") + (low >>> 0).toString(16).padStart(8, "0")
}

export const builtRulesName = "default.rules"

/** The default rules as `build.ts` compiled them; undefined where the scanner runs from its sources. */
export function builtRules(): { rules: CompiledRules; key: string } | undefined {
  const parts = installedParts(builtRulesName)
  return parts && openKept(parts)
}

/** What this scanner is: changes with every build, or with every edit of a file that takes part in compiling. */
function installationKey(): string {
  const built = builtRules()
  if (built !== undefined) return built.key
  const root = dirname(import.meta.dirname)
  const folders = ["re2", "detect", "config"].map(folder => stampsIn(join(root, folder)))
  return [root, ...folders, stampOf(root, "rules/compiled.json")].join("\n")
}

const stampsIn = (folder: string) =>
  entriesOf(folder)
    .map(entry => stampOf(folder, entry.name))
    .join("\n")

function stampOf(folder: string, name: string): string {
  const stat = statSync(join(folder, name), { throwIfNoEntry: false })
  return `${name}:${stat?.size}:${stat?.mtimeMs}`
}

function entriesOf(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true }).filter(entry => entry.isFile())
  } catch {
    return []
  }
}

/**
 * A file is the length of a head, the head as JSON with spaces up to a multiple of four, the number arrays that the head
 * measures, and one JSON text for each rule, read when the rule is first needed. Anything unexpected counts as absent.
 */
type Head = Pick<CompiledRules, "ids" | "global" | "unconditional" | "alwaysTried"> & {
  key: string
  automaton: Pick<AutomatonTables, "classes" | "classCount" | "firstAccepting">
  lengths: Record<ArrayName, number>
}

const arrayNames = [
  "fallbacks",
  "edgeStarts",
  "edges",
  "openStarts",
  "opens",
  "tryStarts",
  "tries",
  // Where each rule's text begins, counted from the first one, and where the last one ends.
  "ruleBounds",
] as const
type ArrayName = (typeof arrayNames)[number]
type Arrays = Record<ArrayName, Uint32Array>

const arraysOf = ({ automaton, opens, tries }: CompiledRules, ruleBounds: Uint32Array): Arrays => ({
  fallbacks: automaton.fallbacks,
  edgeStarts: automaton.starts,
  edges: automaton.edges,
  openStarts: opens.starts,
  opens: opens.items,
  tryStarts: tries.starts,
  tries: tries.items,
  ruleBounds,
})

function readKept(file: string, key: string): CompiledRules | undefined {
  try {
    const { part, isOurs } = partsOf(file)
    const kept = isOurs ? openKept(part) : undefined
    return kept?.key === key ? kept.rules : undefined
  } catch {
    return undefined
  }
}

function openKept(part: Parts): { rules: CompiledRules; key: string } {
  const headLength = part(0, 4).readUInt32LE(0)
  const { lengths, key, automaton, ...head }: Head = JSON.parse(part(4, headLength).toString("utf8"))
  const cells = arrayNames.reduce((sum, name) => sum + lengths[name], 0)
  const { buffer, byteOffset } = part(4 + headLength, cells * 4)
  let at = byteOffset
  const array = (name: ArrayName) => {
    const found = new Uint32Array(buffer, at, lengths[name])
    at += found.byteLength
    return found
  }
  const [fallbacks, starts, edges] = [array("fallbacks"), array("edgeStarts"), array("edges")]
  const opens = { starts: array("openStarts"), items: array("opens") }
  const tries = { starts: array("tryStarts"), items: array("tries") }
  const bounds = array("ruleBounds")
  const rulesAt = 4 + headLength + cells * 4
  const rule = (index: number) => {
    const [start = 0, end = 0] = bounds.subarray(index, index + 2)
    return JSON.parse(part(rulesAt + start, end - start).toString("utf8"))
  }
  return { key, rules: { ...head, automaton: { ...automaton, fallbacks, starts, edges }, opens, tries, rule } }
}

/** Compiled rules as the bytes of a file that {@link builtRules} and the store read. */
export function keptForm(key: string, compiled: CompiledRules): Buffer {
  const { ids, global, unconditional, alwaysTried } = compiled
  const { classes, classCount, firstAccepting } = compiled.automaton
  const rules = ids.map((_, index) => Buffer.from(JSON.stringify(compiled.rule(index))))
  const bounds = [0]
  for (const { length } of rules) bounds.push((bounds.at(-1) ?? 0) + length)
  const arrays = arraysOf(compiled, Uint32Array.from(bounds))
  const lengths = Object.fromEntries(arrayNames.map(name => [name, arrays[name].length]))
  const automaton = { classes, classCount, firstAccepting }
  const json = Buffer.from(JSON.stringify({ key, ids, global, unconditional, alwaysTried, automaton, lengths }))
  const padded = Buffer.concat([json, Buffer.alloc(-json.length & 3, " ")])
  const length = Buffer.alloc(4)
  length.writeUInt32LE(padded.length)
  const numbers = arrayNames.map(name => {
    const { buffer, byteOffset, byteLength } = arrays[name]
    return Buffer.from(buffer, byteOffset, byteLength)
  })
  return Buffer.concat([length, padded, ...numbers, ...rules])
}

/** Best effort: a scan does not fail because its cache cannot be written. */
function keep(file: string, key: string, rules: CompiledRules): void {
  const temporary = `${file}.${process.pid}`
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
    dropOld(dirname(file))
    writeFileSync(temporary, keptForm(key, rules), { mode: 0o600, flag: "wx" })
    renameSync(temporary, file)
  } catch {}
}

function dropOld(folder: string): void {
  const oldest = Date.now() - maxAgeMs
  for (const name of readdirSync(folder))
    if (statSync(join(folder, name)).mtimeMs < oldest) unlinkSync(join(folder, name))
}
