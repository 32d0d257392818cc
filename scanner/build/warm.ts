/**
 * Writes the code that V8 has made of the scanner's script once it has scanned two commits, one of them with a secret:
 *
 *     node scanner/build/warm.ts FOLDER
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fakes, repositoryAt, write } from "../testing.ts"
import { codeName, exportsOf, scriptName, scriptOf } from "./script.ts"

const folder = process.argv[2] ?? ""
const scratch = mkdtempSync(join(tmpdir(), "arca-warm-"))
try {
  const script = scriptOf(readFileSync(join(folder, scriptName), "latin1"), scriptName)
  const { run } = exportsOf(script, name => process.getBuiltinModule(name), folder)
  if (typeof run !== "function") throw new Error(`${scriptName} exports no run`)
  const { git } = repositoryAt(scratch)
  for (const text of ["nothing here\n", `token = "${fakes.github}"\n`]) {
    write(scratch, { "a.txt": text })
    git("add", "-A")
    for (const output of [[], ["--pre-commit", "--redact", "--verbose"]])
      await run("arca", ["git", scratch, "--staged", ...output])
  }
  writeFileSync(join(folder, codeName), script.createCachedData())
  // A leak was found, on purpose.
  process.exitCode = 0
} finally {
  rmSync(scratch, { recursive: true, force: true })
}
