/**
 * Measures the scanner beside its floor (reading the same bytes) and its peers, as far as they are on this machine:
 *
 *     npm run bench:scan -- /path/to/tree /path/to/repository …
 *
 * A folder with git data is measured as a history (and as a tree when it has files), others as trees. Without paths a tree
 * and a history are generated. GITLEAKS, BETTERLEAKS and KINGFISHER name binaries that are not on the PATH; LOG_OPTS
 * restricts histories. `npm run build:scan -- --executable` before it gives the figures of a built scanner. CPU seconds are user and
 * system time of all processes, which other work on the machine disturbs less than the clock.
 */

import { spawnSync } from "node:child_process"
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { cases } from "./corpus/corpus.ts"
import { gitleaksRules, repositoryAt } from "./testing.ts"

type Run = { name: string; command: string; args: string[]; env?: NodeJS.ProcessEnv }
type Measured = { cpu: number; wall: number; megabytes: number; status: number | null }

const scratch = mkdtempSync(join(tmpdir(), "arca-bench-"))
const rounds = Number(process.env.ROUNDS ?? 3)
const arca = join(import.meta.dirname, "..", "bin", "arca")
const executable = join(import.meta.dirname, "..", "dist", "arca-scan")
const logOptions = process.env.LOG_OPTS?.split(" ") ?? []

function measurePath(path: string): void {
  const isHistory = existsSync(join(path, ".git")) || existsSync(join(path, "objects"))
  if (isHistory) table(`history ${path} ${logOptions.join(" ")}`, historyRuns(path))
  if (!existsSync(join(path, "objects"))) table(`tree ${path}`, treeRuns(path))
}

function treeRuns(path: string): Run[] {
  const floor = `import { readdirSync, readFileSync } from "node:fs"
    for (const one of readdirSync(process.argv[1], { recursive: true, withFileTypes: true }))
      if (one.isFile()) readFileSync(one.parentPath + "/" + one.name)`
  return [
    { name: "floor: reading every file", command: process.execPath, args: ["--input-type=module", "-e", floor, path] },
    ...ours(["dir", path]),
    ...peers({ gitleaks: ["dir", path], betterleaks: ["dir", path], kingfisher: ["scan", path] }),
  ]
}

function historyRuns(path: string): Run[] {
  const shown = logOptions.length > 0 ? logOptions : ["--full-history", "--all", "--diff-filter=tuxdb"]
  const options = logOptions.length > 0 ? [`--log-opts=${logOptions.join(" ")}`] : []
  const cached = [...options, `--cache=${join(scratch, "cache")}`]
  return [
    { name: "floor: git log -p -U0", command: "git", args: ["-C", path, "log", "-p", "-U0", ...shown] },
    ...ours(["git", path, ...options]),
    ...(options.length > 0
      ? []
      : ours(["git", path, ...cached]).map(run => ({ ...run, name: `${run.name}, scanned before (--cache)` }))),
    ...peers({
      gitleaks: ["git", path, ...options],
      betterleaks: ["git", path, ...options],
      kingfisher: ["scan", path],
    }),
  ]
}

const reporting = ["-c", gitleaksRules, "-f", "json", "-r", join(scratch, "report.json"), "-l", "fatal"]

/** With `npm run build:scan` bin/arca starts what that made; the executable is measured where it was made, too. */
function ours(args: string[], more: string[] = reporting): Run[] {
  const env = { ...process.env, ARCA_CACHE_DIR: join(scratch, "rules") }
  const run = { name: "arca", command: process.execPath, args: [arca, "scan", ...args, ...more], env }
  const single = { name: "arca, executable", command: executable, args: [...args, ...more], env }
  return existsSync(executable) ? [run, single] : [run]
}

function peers(lines: Record<"gitleaks" | "betterleaks" | "kingfisher", string[]>): Run[] {
  return Object.entries(lines).flatMap(([name, args]) => {
    const command = process.env[name.toUpperCase()] ?? name
    if (spawnSync(command, ["--version"]).error !== undefined) return []
    return variants(name).map(({ title, options }) => ({ name: title, command, args: [...args, ...options] }))
  })
}

/** Each with its own rules; those that read Gitleaks' with the same ones as ours besides. Nothing may ask an issuer. */
function variants(name: string): { title: string; options: string[] }[] {
  if (name === "kingfisher") return [{ title: name, options: ["--no-validate"] }]
  const same = { title: `${name}, the same rules`, options: [...reporting, "--no-banner"] }
  return name === "gitleaks" ? [same] : [{ title: name, options: [...reporting.slice(2), "--no-banner"] }, same]
}

function table(title: string, runs: readonly Run[]): void {
  console.log(`\n${title}`)
  let floor = 0
  for (const run of runs) {
    const { cpu, wall, megabytes, status } = best(run)
    floor ||= cpu
    const figures = [cpu.toFixed(2).padStart(8), wall.toFixed(2).padStart(8), megabytes.toFixed(0).padStart(6)]
    const found = run.args.includes("-r") ? `${countFindings()} findings` : ""
    console.log(`${figures.join("  ")}  ${(cpu / floor).toFixed(2).padStart(7)}x  exit ${status}  ${run.name} ${found}`)
  }
}

function measureStart(): void {
  const repo = repositoryAt(mkdtempSync(join(scratch, "repo-")))
  repo.commit({ "a.txt": "one\n" }, "Begin")
  writeFileSync(join(repo.path, "a.txt"), "one\ntwo\n")
  repo.git("add", ".")
  const empty = join(scratch, "empty.mjs")
  writeFileSync(empty, "")
  console.log("\na one-line staged commit (of 20 in a row)")
  const staged = ["git", repo.path, "--staged"]
  const runs: Run[] = [
    { name: "floor: an empty Node script", command: process.execPath, args: [empty] },
    ...ours(staged, []),
    ...peers({ gitleaks: staged, betterleaks: staged, kingfisher: ["--version"] }).filter(
      run => run.name !== "kingfisher",
    ),
  ]
  let floor = 0
  for (const run of runs) {
    // Once before, so that what is kept between runs is there.
    measured(run)
    // Together, since times are told in hundredths of a second; the least of some rounds, since others work here too.
    const { cpu, wall } = best(repeated(run))
    floor ||= cpu
    const figures = [(cpu / repeats) * 1000, (wall / repeats) * 1000].map(ms => `${ms.toFixed(1).padStart(6)} ms`)
    console.log(`${figures[0]} CPU  ${figures[1]}  ${(cpu / floor).toFixed(2).padStart(5)}x  ${run.name}`)
  }
}

const repeats = 20

const repeated = (run: Run): Run => ({
  ...run,
  command: "sh",
  args: ["-c", `for _ in $(seq ${repeats}); do "$@"; done`, "sh", run.command, ...run.args],
})

const best = (run: Run): Measured =>
  Array.from({ length: rounds }, () => measured(run)).reduce((a, b) => (b.cpu < a.cpu ? b : a))

/** Through `time`, which knows what a process and its children took. */
function measured({ command, args, env = process.env }: Run): Measured {
  const figures = join(scratch, "time")
  const started = performance.now()
  const words = ["-o", figures, "-f", "%U %S %M", command, ...args]
  const { status, error } = spawnSync("/usr/bin/time", words, { env, stdio: ["ignore", "ignore", "ignore"] })
  if (error !== undefined) throw new Error("the benchmark needs /usr/bin/time (Debian: apt-get install time)")
  const [user = 0, system = 0, kilobytes = 0] =
    readFileSync(figures, "utf8").trim().split("\n").at(-1)?.split(" ").map(Number) ?? []
  return { cpu: user + system, wall: (performance.now() - started) / 1000, megabytes: kilobytes / 1024, status }
}

function countFindings(): number {
  const report = join(scratch, "report.json")
  if (!existsSync(report)) return 0
  const all: unknown = JSON.parse(readFileSync(report, "utf8"))
  rmSync(report)
  return Array.isArray(all) ? all.length : 0
}

/** The corpus' trees, many times over. */
function generatedTree(): string {
  const path = join(scratch, "tree")
  for (let copy = 0; copy < 10; copy++)
    for (const [i, one] of cases.entries())
      if (one.target.kind === "files") one.build(join(path, `${copy}-${i}`), () => repositoryAt(path))
  return path
}

function generatedHistory(): string {
  const path = mkdtempSync(join(scratch, "history-"))
  const repo = repositoryAt(path)
  for (let i = 0; i < 300; i++) {
    const files = Array.from({ length: 20 }, (_, n) => [`src/${(i + n) % 60}.txt`, `${`line ${i} ${n}\n`.repeat(60)}`])
    repo.commit(Object.fromEntries(files), `Commit ${i}`)
  }
  return path
}

try {
  const given = process.argv.slice(2)
  for (const path of given.length > 0 ? given : [generatedTree(), generatedHistory()]) measurePath(path)
  measureStart()
} finally {
  rmSync(scratch, { recursive: true, force: true })
}
