import { createHash } from "node:crypto"
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
import { fileURLToPath } from "node:url"
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

/** The compiled form of some text, from the store or made and stored. */
export async function compiledOnce(
  store: RuleStore,
  text: string,
  make: () => Promise<{ rules: CompiledRules; mayKeep: boolean }>,
): Promise<{ rules: CompiledRules; hash: string }> {
  const hash = createHash("sha256").update(`${store.installation}\n${text}`).digest("hex")
  const file = store.folder === undefined ? undefined : join(store.folder, `${hash}.rules`)
  const kept = file === undefined ? undefined : readKept(file)
  if (kept !== undefined) return { rules: kept, hash }
  const { rules, mayKeep } = await make()
  if (mayKeep && file !== undefined) keep(file, rules)
  return { rules, hash }
}

/** What this scanner is: changes with every edit of a file that takes part in compiling. */
function installationKey(): string {
  const root = dirname(dirname(fileURLToPath(import.meta.url)))
  const hash = createHash("sha256").update(root)
  for (const folder of ["re2", "detect", "config"]) addFolder(hash, join(root, folder))
  addFile(hash, root, "rules/compiled.json")
  return hash.digest("hex")
}

type Hash = { update(text: string): unknown }

function addFolder(hash: Hash, folder: string): void {
  for (const entry of entriesOf(folder)) {
    if (entry.isFile()) addFile(hash, folder, entry.name)
  }
}

function addFile(hash: Hash, folder: string, name: string): void {
  const stat = statSync(join(folder, name), { throwIfNoEntry: false })
  hash.update(`${name}:${stat?.size}:${stat?.mtimeMs}\n`)
}

function entriesOf(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true })
  } catch {
    return []
  }
}

/**
 * A file is the length of a head, the head as JSON, the automaton's table, and one JSON text for each rule, read when the
 * rule is first needed. Anything unexpected counts as absent.
 */
type Head = Omit<CompiledRules, "rule" | "automaton"> & {
  automaton: Omit<AutomatonTables, "table">
  tableLength: number
  /** Where each rule's text begins, counted from the first one, and where the last one ends. */
  bounds: number[]
}

function readKept(file: string): CompiledRules | undefined {
  try {
    return openKept(file)
  } catch {
    return undefined
  }
}

function openKept(file: string): CompiledRules | undefined {
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
function keep(file: string, { rule, automaton, ...rest }: CompiledRules): void {
  const { table, ...meta } = automaton
  const rules = rest.ids.map((_, index) => Buffer.from(JSON.stringify(rule(index))))
  const bounds = [0]
  for (const { length } of rules) bounds.push((bounds.at(-1) ?? 0) + length)
  const head: Head = { ...rest, automaton: meta, tableLength: table.length, bounds }
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
