/**
 * Starts the bundled scanner with the code that V8 made of it when it was built. Bundled itself, as the executable's first
 * script and as what bin/arca loads.
 */
import { existsSync } from "node:fs"
import { createRequire } from "node:module"
import { join } from "node:path"
import { isSea } from "node:sea"
import { installedFile } from "../installed.ts"
import { codeName, exportsOf, scriptName, scriptOf } from "./script.ts"

export async function run(program: string, words: readonly string[]): Promise<void> {
  const scanner = isSea() || existsSync(join(import.meta.dirname, codeName)) ? compiled() : packaged(`./${scriptName}`)
  if (typeof scanner.run !== "function") throw new Error(`${scriptName} exports no run`)
  await scanner.run(program, words)
}

function compiled() {
  const script = scriptOf(textOf(scriptName), scriptName, installedFile(codeName))
  return exportsOf(script, load, import.meta.dirname)
}

const textOf = (name: string) => installedFile(name).toString("latin1")
const loaded = new Map<string, unknown>()

/** Node's own modules, or a package: the executable carries each as a script. */
function load(name: string): unknown {
  const own = process.getBuiltinModule(name)
  if (own !== undefined) return own
  if (!isSea()) return packaged(name)
  if (!loaded.has(name)) loaded.set(name, exportsOf(scriptOf(textOf(name), name), load, ""))
  return loaded.get(name)
}

const packaged = (name: string) => createRequire(join(import.meta.dirname, scriptName))(name)

/** Called as `gitleaks` it is that; installed as `arca`, `arca scan git` works, too. */
if (isSea()) {
  const [first, ...rest] = process.argv.slice(2)
  const words = first === undefined || first === "scan" ? rest : [first, ...rest]
  void run(/(^|[/\\])gitleaks[^/\\]*$/.test(process.argv0) ? "gitleaks" : "arca", words)
}
