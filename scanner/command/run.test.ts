import assert from "node:assert/strict"
import { spawnSync } from "node:child_process"
import { readFileSync, symlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { test } from "node:test"
import { fakes, folder, gitleaksRules, repository, runScan } from "../testing.ts"

const rules = ["-c", gitleaksRules]
const found = (
  json: string,
): { RuleID: string; File: string; StartLine: number; Secret: string; Fingerprint: string }[] => JSON.parse(json)

test("a history is searched in all commits, and leaks end in exit code 1", async t => {
  const repo = repository(t)
  const sha = repo.commit({ "src/app.ts": `const token = "${fakes.github}"\n` }, "Add the client")
  repo.commit({ "src/app.ts": "const token = read()\n" }, "Read the token")
  const { code, stdout, stderr } = await runScan(repo.path, ["git", ".", ...rules, "-f", "json", "-r", "-"])
  assert.equal(code, 1)
  assert.deepEqual(
    found(stdout).map(({ RuleID, Fingerprint }) => [RuleID, Fingerprint]),
    [["github-pat", `${sha}:src/app.ts:github-pat:1`]],
  )
  assert.match(stderr, /INF 2 commits scanned\.\n.*scanned ~\d+ bytes .* in .*\n.*WRN leaks found: 1/)
})

test("staged changes are searched as `gitleaks protect --staged --verbose` does, and --redact hides the secret", async t => {
  const repo = repository(t)
  repo.commit({ "a.txt": "nothing\n" }, "Begin")
  writeFileSync(join(repo.path, "a.txt"), `nothing\nkey = ${fakes.aws}\n`)
  repo.git("add", ".")
  const shown = await runScan(repo.path, ["protect", "--staged", "--verbose", ...rules], "gitleaks")
  assert.equal(shown.code, 1)
  assert.match(
    shown.stdout,
    /^Finding: {5}key = AKIA.*\nSecret: {6}AKIA.*\nRuleID: {6}aws-access-token\nEntropy: {5}\d\.\d{6}\n/,
  )
  assert.match(shown.stdout, /Fingerprint: a\.txt:aws-access-token:2\n\n$/)
  const hidden = await runScan(
    repo.path,
    ["git", "--pre-commit", "--redact", "--staged", "--verbose", ...rules],
    "gitleaks",
  )
  assert.equal(hidden.code, 1)
  assert.ok(!(hidden.stdout + hidden.stderr).includes(fakes.aws))
  const unstaged = await runScan(repo.path, ["protect", ...rules], "gitleaks")
  assert.equal(unstaged.code, 0)
})

test("the program answers to the name gitleaks", t => {
  const dir = folder(t, { "a.txt": `${fakes.github}\n` })
  const link = join(dir, "gitleaks")
  symlinkSync(join(import.meta.dirname, "..", "..", "bin", "arca"), link)
  const run = (...words: string[]) => spawnSync(process.execPath, [link, ...words], { cwd: dir, encoding: "utf8" })
  const leaky = run("detect", "--no-git", "--exit-code=7", ...rules)
  assert.equal(leaky.status, 7)
  assert.equal(leaky.stdout, "")
  assert.equal(run("detect", "--no-such-flag").status, 126)
  assert.equal(run("no-such-command").status, 1)
})

test("a folder's .gitleaks.toml and .gitleaksignore count, and marked lines are left out", async t => {
  const dir = folder(t, {
    ".gitleaks.toml": "title = \"ours\"\n[[rules]]\nid = \"ours\"\nregex = '''our-[0-9]{4}'''\n",
    "a.txt": "our-1234\n\nour-5678 # gitleaks:allow\nour-9999\n",
  })
  const args = ["dir", ".", "-f", "json", "-r", "-"]
  const lines = async (...more: string[]) =>
    found((await runScan(dir, [...args, ...more])).stdout).map(one => one.StartLine)
  assert.deepEqual(await lines(), [1, 4])
  assert.deepEqual(await lines("--ignore-gitleaks-allow"), [1, 3, 4])
  writeFileSync(join(dir, ".gitleaksignore"), "# known\na.txt:ours:4\n")
  assert.deepEqual(await lines(), [1])
  assert.deepEqual(await lines("--enable-rule", "ours"), [1])
  const unknown = await runScan(dir, [...args, "--enable-rule", "theirs"])
  assert.equal(unknown.code, 1)
  assert.match(unknown.stderr, /FTL Requested rule theirs not found in rules/)
})

test("an earlier report is a baseline: only what is new is reported", async t => {
  const dir = folder(t, { "a.txt": `${fakes.github}\n` })
  const first = await runScan(dir, ["dir", ".", ...rules, "-r", "known.json"])
  assert.equal(first.code, 1)
  assert.equal(found(readFileSync(join(dir, "known.json"), "utf8")).length, 1)
  const second = await runScan(dir, ["dir", ".", ...rules, "-b", "known.json"])
  assert.deepEqual([second.code, second.stdout], [0, "No leaks found.\n"])
  writeFileSync(join(dir, "b.txt"), `${fakes.slack}\n`)
  const third = await runScan(dir, ["dir", ".", ...rules, "-b", "known.json", "-r", "-", "-f", "json"])
  assert.deepEqual(
    found(third.stdout).map(one => one.File),
    ["b.txt"],
  )
})

test("a failing git never passes as clean", async t => {
  const repo = repository(t)
  repo.commit({ "a.txt": "x\n" }, "Begin")
  const range = await runScan(repo.path, ["git", ".", "--log-opts=nope..nope2"])
  assert.equal(range.code, 1)
  assert.match(range.stderr, /ERR git ended with status 128: .*\n(.*\n)*.*no leaks found in partial scan/)
  const none = await runScan(folder(t), ["git", "."])
  assert.equal(none.code, 1)
  assert.match(none.stderr, /not a git repository/)
})

test("a shallow clone is partial unless that is allowed", async t => {
  const repo = repository(t)
  repo.commit({ "a.txt": `${fakes.github}\n` }, "Leak")
  repo.commit({ "a.txt": "x\n" }, "Mend")
  const clone = folder(t)
  repo.git("clone", "-q", "--depth=1", `file://${repo.path}`, clone)
  const shallow = await runScan(clone, ["git", ".", ...rules])
  assert.equal(shallow.code, 1)
  assert.match(shallow.stderr, /this is a shallow clone/)
  const allowed = await runScan(clone, ["git", ".", "--allow-partial", ...rules])
  assert.equal(allowed.code, 0)
  assert.match(allowed.stderr, /WRN this is a shallow clone/)
})

test("mistakes are named before anything is scanned", async t => {
  const dir = folder(t, { "a.txt": "x\n" })
  const mistake = async (...words: string[]) => {
    const { code, stderr } = await runScan(dir, words)
    return [code, stderr.replace(/^\S+ FTL |\n.*$/gs, "")]
  }
  assert.deepEqual(await mistake("dir", "nowhere"), [1, "stat nowhere: no such file or directory"])
  assert.deepEqual(await mistake("dir", ".", "--exit-code=x"), [
    1,
    'Error: invalid argument "x" for "--exit-code" flag: expected a whole number',
  ])
  assert.deepEqual(await mistake("dir", ".", "-r", "report.txt"), [
    1,
    "Unknown report format: ; name one with --report-format",
  ])
  assert.deepEqual(await mistake("dir", ".", "-r", "no/such/report.json", "-f", "json").then(([code]) => code), 1)
  assert.deepEqual(await mistake("git", ".", "--platform", "myspace"), [
    1,
    "Error: invalid scm platform value: myspace",
  ])
  assert.deepEqual(await mistake("dir", "a", "b"), [1, "accepts at most 1 arg(s), received 2: scan one path at a time"])
  assert.deepEqual(await mistake("dir", ".", "-c", "none.toml").then(([code]) => code), 1)
})

test("flags may stand anywhere, be joined, and take values in each of pflag's forms", async t => {
  const dir = folder(t, { "a.txt": `${fakes.github}\n` })
  for (const words of [
    ["-v", "dir", ".", ...rules],
    ["dir", "-vc", gitleaksRules, "."],
    ["dir", `-c=${gitleaksRules}`, "--verbose=true", "--redact", "."],
    [`--config=${gitleaksRules}`, "--verbose", "dir", "--", "."],
  ]) {
    const { code, stdout } = await runScan(dir, words)
    assert.equal(code, 1, words.join(" "))
    assert.match(stdout, /^Finding: /, words.join(" "))
  }
})

test("the readable report says where, since when and what to do, and never shows a whole secret", async t => {
  const repo = repository(t)
  repo.commit({ "src/app.ts": `const token = "${fakes.github}"\n` }, "Add the client")
  const { stdout } = await runScan(repo.path, ["git", ".", ...rules])
  assert.match(stdout, /^github-pat {2}src\/app\.ts:1:16\n/)
  assert.match(stdout, /\| const token = "ghp_\*{8}"\n/)
  assert.match(stdout, /commit [0-9a-f]{12}, .* ago, Ada Lovelace <ada@example\.com>: Add the client\n/)
  assert.match(stdout, /1 leak: 1 different secret in 1 file\.\nWhat to do next:\n {2}1\. Revoke/)
  assert.ok(!stdout.includes(fakes.github))
})

test("--verify-dry-run shows whom a secret would be shown to, and keeps it masked", async t => {
  const dir = folder(t, { "a.txt": `${fakes.github}\n` })
  const { code, stdout } = await runScan(dir, ["dir", ".", ...rules, "--verify-dry-run"])
  assert.equal(code, 1)
  assert.match(stdout, /https:\/\/api\.github\.com\/user/)
  assert.match(stdout, /UNKNOWN, dry run/)
  assert.ok(!stdout.includes(fakes.github))
  const wrong = await runScan(dir, ["dir", ".", ...rules, "--verify-dry-run", "--verify-host=gitlab"])
  assert.match(wrong.stderr, /FTL --verify-host takes ISSUER=HOST, not gitlab/)
})

test("verifiers are read from the files that a named one extends, except from the code that is scanned", async t => {
  const rule = (id: string, host: string) => `
[[rules]]
id = "${id}"
regex = '${id}_[a-z0-9]{8}'
[rules.verify]
url = "https://${host}/me"
`
  const dir = folder(t, {
    "code/a.txt": "acme_12345678\nnew_12345678\n",
    "code/theirs.toml": rule("new", "evil.example"),
    "code/mine.toml": '[extend]\npath = "code/theirs.toml"\n',
    "base.toml": rule("acme", "old.example") + rule("new", "new.example"),
    "ours.toml": `[extend]\npath = "base.toml"\n${rule("acme", "api.acme.example")}`,
    "hasty.toml": '[extend]\npath = "code/theirs.toml"\n',
  })
  const asked = async (config: string) => {
    const { stdout, stderr } = await runScan(dir, ["dir", "code", "-c", config, "--verify-dry-run", "--redact"])
    return { hosts: [...stdout.matchAll(/https:\/\/([\w.]+)\/me/g)].map(([, host]) => host), stderr }
  }
  assert.deepEqual((await asked("ours.toml")).hosts, ["api.acme.example", "new.example"])
  const hasty = await asked("hasty.toml")
  assert.deepEqual(hasty.hosts, [])
  assert.match(hasty.stderr, /The verifiers of code\/theirs\.toml are not used: it lies in what is scanned/)
  assert.deepEqual((await asked("code/mine.toml")).hosts, ["evil.example"])
})
