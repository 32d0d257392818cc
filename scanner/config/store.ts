import {
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from "node:fs"
import { dirname, join } from "node:path"
import type { AutomatonTables } from "../detect/automaton.ts"
import type { CompiledRules } from "../detect/ruleset.ts"

/**
 * Compiled rules kept between runs: translating the default rules takes a hundred times as long as scanning a commit. An
 * entry's name is a hash of all it was made from, so it is never out of date; entries of others are not read.
 */
export type RuleStore = { folder: string | undefined; installation: string }

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
  return { folder: folder && join(folder, "rules"), installation: installationKey() }
}

/** The compiled form of some text, from the store or made and stored. `key` names the rules and the program. */
export async function compiledOnce(
  store: RuleStore,
  text: string,
  make: () => Promise<{ rules: CompiledRules; mayKeep: boolean }>,
): Promise<{ rules: CompiledRules; key: string }> {
  const key = `${store.installation}\n${text}`
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

/** What this scanner is: changes with every edit of a file that takes part in compiling. */
function installationKey(): string {
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
 * A file is the length of a head, the head as JSON, the automaton's table, and one JSON text for each rule, read when the
 * rule is first needed. Anything unexpected counts as absent.
 */
type Head = Omit<CompiledRules, "rule" | "automaton"> & {
  key: string
  automaton: Omit<AutomatonTables, "table">
  tableLength: number
  /** Where each rule's text begins, counted from the first one, and where the last one ends. */
  bounds: number[]
}

function readKept(file: string, key: string): CompiledRules | undefined {
  try {
    return openKept(file, key)
  } catch {
    return undefined
  }
}

function openKept(file: string, key: string): CompiledRules | undefined {
  // Kept open as long as the program runs: another scan may drop the file.
  const fd = openSync(file, "r")
  const { uid, mode } = fstatSync(fd)
  if ((process.getuid !== undefined && uid !== process.getuid()) || (mode & 0o022) !== 0) return undefined
  const part = (at: number, length: number) => {
    const bytes = Buffer.allocUnsafeSlow(length)
    if (readSync(fd, bytes, 0, length, at) !== length) throw new Error(`${file} ends too soon`)
    return bytes
  }
  const headLength = part(0, 4).readUInt32LE(0)
  const head: Head = JSON.parse(part(4, headLength).toString("utf8"))
  if (head.key !== key) return undefined
  const tableAt = 4 + headLength
  const table = new Uint32Array(part(tableAt, head.tableLength * 4).buffer)
  const rulesAt = tableAt + head.tableLength * 4
  return {
    ...head,
    automaton: { ...head.automaton, table },
    rule(index) {
      const [start = 0, end = 0] = head.bounds.slice(index, index + 2)
      return JSON.parse(part(rulesAt + start, end - start).toString("utf8"))
    },
  }
}

/** Best effort: a scan does not fail because its cache cannot be written. */
function keep(file: string, key: string, { rule, automaton, ...rest }: CompiledRules): void {
  const { table, ...meta } = automaton
  const rules = rest.ids.map((_, index) => Buffer.from(JSON.stringify(rule(index))))
  const bounds = [0]
  for (const { length } of rules) bounds.push((bounds.at(-1) ?? 0) + length)
  const head: Head = { key, ...rest, automaton: meta, tableLength: table.length, bounds }
  const json = Buffer.from(JSON.stringify(head))
  const length = Buffer.alloc(4)
  length.writeUInt32LE(json.length)
  const temporary = `${file}.${process.pid}`
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
    dropOld(dirname(file))
    const tail = Buffer.from(table.buffer, table.byteOffset, table.byteLength)
    writeFileSync(temporary, Buffer.concat([length, json, tail, ...rules]), { mode: 0o600, flag: "wx" })
    renameSync(temporary, file)
  } catch {}
}

function dropOld(folder: string): void {
  const oldest = Date.now() - maxAgeMs
  for (const name of readdirSync(folder))
    if (statSync(join(folder, name)).mtimeMs < oldest) unlinkSync(join(folder, name))
}
