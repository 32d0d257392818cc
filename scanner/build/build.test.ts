import assert from "node:assert/strict"
import { spawnSync } from "node:child_process"
import { symlinkSync } from "node:fs"
import { join } from "node:path"
import { test } from "node:test"
import { rar } from "../corpus/archives.ts"
import { fakes, folder, gitEnv, repository, write } from "../testing.ts"
import { buildExecutable, buildFolder } from "./build.ts"

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number)
const hasBuilder = major > 25 || (major === 25 && minor >= 5)
const skip = hasBuilder ? false : `Node ${process.version} builds no executables; 25.5 and newer do`

test("an executable scans a staged commit by itself, and loads what else it needs", { skip }, async t => {
  const built = folder(t)
  const packages = await buildFolder(join(built, "scan"))
  await buildExecutable(join(built, "scan"), packages, join(built, "arca-scan"))
  symlinkSync("arca-scan", join(built, "gitleaks"))
  const { path, git, commit } = repository(t)
  const run = (program: string, ...words: string[]) => {
    const { status, stdout, stderr } = spawnSync(program, words, {
      cwd: path,
      env: { ...gitEnv, PATH: `${built}:${gitEnv.PATH}` },
      encoding: "utf8",
    })
    return { status, stdout, stderr }
  }
  commit({ "a.txt": "one\n" }, "Begin")
  write(path, { "a.txt": "one\ntwo\n" })
  git("add", "-A")
  const clean = run("arca-scan", "git", "--staged")
  assert.equal(clean.status, 0, clean.stderr)
  assert.match(clean.stderr, /scanned ~4 bytes .*\n.*no leaks found/)

  write(path, { "a.txt": `one\ntoken = "${fakes.github}"\n` })
  git("add", "-A")
  const lines = [
    ["arca-scan", "scan", "git"],
    ["arca-scan", "git"],
    ["gitleaks", "git"],
  ] as const
  for (const [program, ...words] of lines) {
    const { status, stdout } = run(program, ...words, "--staged", "--verbose", "--redact")
    assert.equal(status, 1)
    assert.match(stdout, /RuleID: +github-pat/)
    assert.doesNotMatch(stdout, new RegExp(fakes.github))
  }
  // What is loaded later: rules of one's own, notes, the clients of other services.
  write(path, { ".gitleaks.toml": '[[rules]]\nid = "mine"\nregex = "to(ken)"\nkeywords = ["token"]\n' })
  assert.match(run("arca-scan", "dir", ".", "--verbose").stdout, /RuleID: +mine/)
  assert.match(run("arca-scan", "version").stdout, /^\d+\.\d+\.\d+\n$/)
  assert.match(run("arca-scan", "s3", "bucket").stderr, /Region is missing/)
  write(path, { "a.rar": rar({ "in/a.txt": `token = "${fakes.github}"\n` }) })
  const unpacked = run("arca-scan", "dir", "a.rar", "--max-archive-depth", "1", "--verbose", "--redact")
  assert.match(unpacked.stdout, /File: +a\.rar!in\/a\.txt/, unpacked.stderr)
  const dry = run("arca-scan", "dir", "a.txt", "--verify-dry-run")
  assert.match(dry.stdout + dry.stderr, /api\.github\.com/)
})
