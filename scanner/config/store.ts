import { createHash } from "node:crypto"
import {
  closeSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
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

/** A file is a length, JSON of that length, and the automaton's table. Anything unexpected counts as absent. */
function readKept(file: string): CompiledRules | undefined {
  let fd: number | undefined
  try {
    fd = openSync(file, "r")
    const { uid, mode } = fstatSync(fd)
    if ((process.getuid !== undefined && uid !== process.getuid()) || (mode & 0o022) !== 0) return undefined
    const bytes = readFileSync(fd)
    const length = bytes.readUInt32LE(0)
    const rules: CompiledRules = JSON.parse(bytes.toString("utf8", 4, 4 + length))
    const table = new Uint32Array(new Uint8Array(bytes.subarray(4 + length)).buffer)
    return { ...rules, automaton: { ...rules.automaton, table } }
  } catch {
    return undefined
  } finally {
    if (fd !== undefined) closeSync(fd)
  }
}

/** Best effort: a scan does not fail because its cache cannot be written. */
function keep(file: string, rules: CompiledRules): void {
  const { table, ...automaton } = rules.automaton
  const json = Buffer.from(JSON.stringify({ ...rules, automaton }))
  const length = Buffer.alloc(4)
  length.writeUInt32LE(json.length)
  const temporary = `${file}.${process.pid}`
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
    dropOld(dirname(file))
    const tail = Buffer.from(table.buffer, table.byteOffset, table.byteLength)
    writeFileSync(temporary, Buffer.concat([length, json, tail]), { mode: 0o600, flag: "wx" })
    renameSync(temporary, file)
  } catch {}
}

function dropOld(folder: string): void {
  const oldest = Date.now() - maxAgeMs
  for (const name of readdirSync(folder))
    if (statSync(join(folder, name)).mtimeMs < oldest) unlinkSync(join(folder, name))
}
