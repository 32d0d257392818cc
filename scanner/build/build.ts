/**
 * Builds the scanner for those who start it often:
 *
 *     npm run build:scan                 dist/scan, which bin/arca starts instead of the sources
 *     npm run build:scan -- --executable dist/arca-scan besides, a program that needs no Node
 *
 * The default rules are compiled here instead of at the first scan, and the program by V8. The executable is for the system
 * it is built on.
 */

import { spawnSync } from "node:child_process"
import { createHash } from "node:crypto"
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { createRequire, isBuiltin } from "node:module"
import { tmpdir } from "node:os"
import { join, relative } from "node:path"
import { type BuildOptions, build } from "esbuild"
import { builtRulesName, keptForm } from "../config/store.ts"
import { compileMeasured } from "../detect/compile.ts"
import { defaultConfig } from "../rules/index.ts"
import { codeName, scriptName } from "./script.ts"

const scanner = join(import.meta.dirname, "..")
const root = join(scanner, "..")
/** Read from the installation by their names here (`installed.ts`). */
const carried = ["package.json", "rules/compiled.json", "rules/notes.json"]

const shape = {
  bundle: true,
  platform: "node",
  format: "cjs",
  target: "node24",
  minifyWhitespace: true,
  legalComments: "none",
  // ASCII is read without decoding.
  charset: "ascii",
  // `import()` of Node's modules fills in everything they export, which loads half of Node.
  supported: { "dynamic-import": false },
  define: { "import.meta.dirname": "__dirname" },
  absWorkingDir: root,
  logLevel: "error",
} as const satisfies BuildOptions

/**
 * Builds the folder that `start.cjs` in it starts from: the script, its code, its rules and what it reads. Returns the
 * packages that the script loads when it needs them.
 */
export async function buildFolder(folder: string): Promise<string[]> {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(join(folder, "rules"), { recursive: true })
  const { outputFiles, metafile } = await build({
    ...shape,
    entryPoints: [join(scanner, "main.ts")],
    packages: "external",
    metafile: true,
    write: false,
  })
  const script = outputFiles[0]?.text ?? ""
  writeFileSync(join(folder, scriptName), script)
  for (const name of carried) copyFileSync(join(scanner, name), join(folder, name))
  const key = createHash("sha256")
    .update(script)
    .update(readFileSync(join(folder, "rules/compiled.json")))
  writeFileSync(join(folder, builtRulesName), keptForm(key.digest("hex"), compileMeasured(defaultConfig())))
  run(process.execPath, [join(import.meta.dirname, "warm.ts"), folder])
  const sources = [...Object.keys(metafile.inputs), ...carried.map(name => `scanner/${name}`)]
  writeFileSync(join(folder, "sources"), sources.join("\n"))
  // Last: what is newer than this was not built.
  const outfile = join(folder, "start.cjs")
  await build({ ...shape, entryPoints: [join(import.meta.dirname, "start.ts")], outfile })
  const imports = Object.values(metafile.inputs).flatMap(input => input.imports)
  return [...new Set(imports.map(one => one.path))].filter(path => isPackage(path))
}

const isPackage = (path: string) => /^[@\w]/.test(path) && !path.startsWith("scanner/") && !isBuiltin(path)

/** Builds the executable from a folder that {@link buildFolder} made. It carries the packages and the Node that runs this. */
export async function buildExecutable(folder: string, packages: readonly string[], output: string): Promise<void> {
  const scratch = mkdtempSync(join(tmpdir(), "arca-build-"))
  try {
    const names = [...carried, builtRulesName, scriptName, codeName]
    const assets = Object.fromEntries(names.map(name => [name, join(folder, name)]))
    for (const name of packages) assets[name] = await bundlePackage(name, scratch)
    assets["libarchive.wasm"] = createRequire(import.meta.url).resolve("libarchive-wasm/dist/libarchive.wasm")
    const main = join(folder, "start.cjs")
    const config = join(scratch, "sea.json")
    const settings = { main, output, assets, disableExperimentalSEAWarning: true, execArgvExtension: "none" }
    writeFileSync(config, JSON.stringify(settings))
    run(process.execPath, ["--build-sea", config])
    chmodSync(output, 0o755)
    if (process.platform === "darwin") run("codesign", ["--force", "--sign", "-", output])
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}

async function bundlePackage(name: string, scratch: string): Promise<string> {
  const outfile = join(scratch, `${name.replaceAll("/", "-")}.cjs`)
  await build({ ...shape, entryPoints: [name], external: ["pg-native"], outfile })
  return outfile
}

function run(command: string, args: readonly string[]): void {
  const { status, stderr, stdout, error } = spawnSync(command, args, { encoding: "utf8" })
  if (error !== undefined) throw error
  if (status !== 0) throw new Error(`${command} ${args.join(" ")} failed:\n${stdout}${stderr}`)
}

if (import.meta.main) {
  const folder = join(root, "dist", "scan")
  const packages = await buildFolder(folder)
  console.log(`built ${relative(process.cwd(), folder)}`)
  if (process.argv.includes("--executable")) {
    const output = join(root, "dist", process.platform === "win32" ? "arca-scan.exe" : "arca-scan")
    await buildExecutable(folder, packages, output)
    console.log(`built ${relative(process.cwd(), output)}`)
  }
}
