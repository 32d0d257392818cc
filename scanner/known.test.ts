import assert from "node:assert/strict"
import { readFileSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { test } from "node:test"
import { scanAll } from "./index.ts"
import { knownFileOf, readKnown } from "./known.ts"
import { folder, gitEnv, gitleaksRules, repository, runScan } from "./testing.ts"

const password = 'correct horse "battery" staple'

function knownIn(dir: string, values: { name: string; value: string }[]): string {
  const path = join(dir, "known.json")
  writeFileSync(path, JSON.stringify(knownFileOf(values).file))
  return path
}

test("a value without any pattern is found by its hash, in each form in which it leaks", async t => {
  const known = knownIn(folder(t), [{ name: "secret/app#password", value: password }])
  const dir = folder(t, {
    "plain.txt": `first\npassword is ${password}!\n`,
    "base64.yaml": `data: ${Buffer.from(password).toString("base64")}\n`,
    "url.txt": `postgres://u:${encodeURIComponent(password)}@db/x\n`,
    "json.json": `{"p":${JSON.stringify(password)}}\n`,
    "other.txt": "correct horse battery\n",
    "marked.txt": `${password} gitleaks:allow\n`,
  })
  const options = { configPath: gitleaksRules, cwd: dir, env: gitEnv, known: readKnown(known) }
  const { findings } = await scanAll({ kind: "files", path: "." }, options)
  assert.deepEqual(
    findings.filter(one => one.ruleId === "known-value").map(one => [one.file, one.startLine, one.description]),
    [
      ["base64.yaml", 1, "A value that is held as secret/app#password (base64)"],
      ["json.json", 1, "A value that is held as secret/app#password (in JSON)"],
      ["plain.txt", 2, "A value that is held as secret/app#password"],
      ["url.txt", 1, "A value that is held as secret/app#password (percent-encoded)"],
    ],
  )
})

test("a history is searched for known values, which their fingerprints can ignore", async t => {
  const repo = repository(t)
  const sha = repo.commit({ "a.txt": `x ${password}\n` }, "Leak")
  const known = knownIn(folder(t), [{ name: "secret/app#password", value: password }])
  const { code, stdout } = await runScan(repo.path, ["git", ".", "--known", known, "-f", "json", "-r", "-"])
  assert.equal(code, 1)
  assert.deepEqual(
    JSON.parse(stdout).map((one: { Fingerprint: string }) => one.Fingerprint),
    [`${sha}:a.txt:known-value:1`],
  )
})

test("the file holds no value, is private, and leaves out what is guessed at once", async t => {
  const dir = folder(t)
  const lines = [
    { name: "a", value: password },
    { name: "b", value: "short" },
  ]
    .map(one => JSON.stringify(one))
    .join("\n")
  const stderr: string[] = []
  const { knownCommand } = await import("./index.ts")
  const code = await knownCommand(["known", "make", "-o", "known.json"], {
    env: {},
    program: "arca",
    cwd: dir,
    stdin: { text: async () => lines },
    stdout: { isTerminal: false, write: () => {} },
    stderr: { isTerminal: false, write: text => void stderr.push(text) },
  })
  assert.equal(code, 0)
  assert.match(stderr.join(""), /Left out 1 values below 8 bytes/)
  const text = readFileSync(join(dir, "known.json"), "utf8")
  for (const part of ["correct", "horse", "staple", "short"]) assert.ok(!text.includes(part))
  assert.equal(statSync(join(dir, "known.json")).mode & 0o077, 0)
})

test("a file of another form is refused with the reason", t => {
  const dir = folder(t)
  const refusal = (content: object) => {
    writeFileSync(join(dir, "k.json"), JSON.stringify(content))
    return () => readKnown(join(dir, "k.json"))
  }
  assert.throws(refusal({}), /k\.json is no file of known values: its format is not "arca-known-v1"/)
  assert.throws(refusal({ format: "arca-known-v1", key: "x", values: [] }), /its key is not 32 bytes/)
  const key = Buffer.alloc(32).toString("base64")
  assert.throws(refusal({ format: "arca-known-v1", key, values: [{}] }), /a value has no name, length, start or hash/)
})
