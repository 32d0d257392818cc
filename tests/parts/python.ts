/** Python programs for tests: virtual environments in .cache/, made once, of packages whose hashes are written down. */

import { execFile } from "node:child_process"
import { createHash } from "node:crypto"
import { mkdir, open, readFile, realpath, rm, writeFile } from "node:fs/promises"
import { join, resolve } from "node:path"
import { setTimeout } from "node:timers/promises"
import { promisify } from "node:util"

const run = promisify(execFile)
export const cache = join(resolve(import.meta.dirname, "../.."), ".cache")

/**
 * The folder of programs of an environment with the packages of a requirements file; a second call is quick. Where that cannot
 * be, it says why.
 */
export const environment = (name: string, requirements: string): Promise<{ bin: string } | { absent: string }> =>
  locked(name, async () => {
    const version = await run("python3", ["--version"]).then(
      ({ stdout }) => stdout.trim(),
      () => "",
    )
    const [, major, minor] = /(\d+)\.(\d+)/.exec(version) ?? []
    if (Number(major ?? 0) < 3 || (Number(major) === 3 && Number(minor) < 9))
      return { absent: `python3 3.9 or newer is needed${version === "" ? "" : `, found "${version}"`}` }
    // Its programs name the folder they were made in.
    const venv = join(await realpath(cache), name)
    const wanted = `${venv} ${version} ${await readFile(requirements, "utf8")}`
    const stamp = createHash("sha256").update(wanted).digest("hex")
    const current = await readFile(join(venv, "stamp"), "utf8").catch(() => "")
    if (current !== stamp) {
      await rm(venv, { recursive: true, force: true })
      const made = await run("python3", ["-m", "venv", venv]).catch((error: Error) => error)
      if (made instanceof Error) return { absent: `python3 cannot make a virtual environment: ${made.message}` }
      await run(join(venv, "bin/pip"), ["install", "--quiet", "--require-hashes", "-r", requirements])
      await writeFile(join(venv, "stamp"), stamp)
    }
    return { bin: join(venv, "bin") }
  })

/** Runs one preparation at a time, over all processes; the lock of a process that died is taken over. */
export const locked = async <T>(name: string, prepare: () => Promise<T>): Promise<T> => {
  await mkdir(cache, { recursive: true })
  const path = join(cache, `${name}.lock`)
  while (!(await take(path))) await setTimeout(100)
  try {
    return await prepare()
  } finally {
    await rm(path, { force: true })
  }
}

const take = async (path: string): Promise<boolean> => {
  const file = await open(path, "wx").catch(() => undefined)
  if (file === undefined) {
    const owner = Number(await readFile(path, "utf8").catch(() => ""))
    if (owner > 0 && !alive(owner)) await rm(path, { force: true })
    return false
  }
  await file.writeFile(String(process.pid))
  await file.close()
  return true
}

const alive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
