import { Script } from "node:vm"

export const scriptName = "scan.cjs"
/** V8's code of the script, which fits one version of Node on one kind of machine. */
export const codeName = `scan-${process.version}-${process.platform}-${process.arch}.code`

/** A bundled script (CommonJS), with the code that V8 made of it earlier. */
export function scriptOf(source: string, name: string, code?: Buffer): Script {
  const wrapped = `(function (exports, require, module, __dirname) {${source}\n})`
  return new Script(wrapped, { filename: name, ...(code === undefined ? {} : { cachedData: code }) })
}

/** Runs a script as Node would, and returns what it exports. `load` is its `require`. */
export function exportsOf(script: Script, load: (name: string) => unknown, folder: string): Record<string, unknown> {
  const module = { exports: {} }
  script.runInThisContext()(module.exports, load, module, folder)
  return module.exports
}
