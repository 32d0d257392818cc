import assert from "node:assert/strict"
import { test } from "node:test"
import type { Entry } from "../command.ts"
import { candidates } from "../complete.ts"
import { type FlagTable, parseFlags } from "../flags.ts"
import { httpFlags, outputFlags } from "../global-flags.ts"
import { runLine } from "../testing.ts"
import { findCommand } from "../tree.ts"
import { rootCommands } from "./index.ts"

interface Placed {
  readonly path: string
  readonly entry: Entry
}

const all: Placed[] = []
for (const root of rootCommands("arca")) {
  if (root.hidden !== true) collect(root.name, await root.load())
}

function collect(path: string, entry: Entry): void {
  all.push({ path, entry })
  if (entry.kind === "family") for (const child of entry.commands) collect(`${path} ${child.name}`, child)
}

/** The words of a line as a shell splits them, as far as examples need it. */
const shellWords = (line: string): string[] =>
  [...line.replace(/\s+#.*$/, "").matchAll(/(?:'([^']*)'|"([^"]*)"|[^\s'"])+/g)].map(([word]) =>
    word.replace(/['"]/g, ""),
  )

/** From the program's name (or the start) up to a pipe, a redirection or the end of a substitution. */
const ownPart = (line: string): string =>
  (line.includes("$0 ") ? line.slice(line.indexOf("$0 ") + 3) : line).replace(/\s*(\||>|<|\)"?).*$/, "")

test("every command has a summary that is a sentence part and at least one example", () => {
  for (const { path, entry } of all) {
    assert.match(entry.summary, /^[A-Z]/, path)
    assert.ok(entry.examples.length > 0, path)
  }
})

test("every example leads to a command and parses with its flags", async () => {
  for (const { path, entry } of all) {
    for (const [, line] of entry.examples) {
      const words = shellWords(ownPart(line))
      const found = await findCommand(rootCommands("arca"), words)
      assert.equal(found.unknown, undefined, `${path}: ${line}`)
      if (found.entry?.kind !== "command") continue
      const table: FlagTable = { ...httpFlags, ...outputFlags, ...found.entry.flags }
      const { args } = parseFlags(table, found.line)
      const { min, max } = found.entry.args
      assert.ok(args.length >= min && args.length <= max, `${path}: ${line} has ${args.length} arguments`)
    }
  }
})

test("no command's own flag hides one that all commands have", () => {
  const shared: FlagTable = { ...httpFlags, ...outputFlags }
  for (const { path, entry } of all) {
    if (entry.kind !== "command") continue
    for (const name of Object.keys(entry.flags)) assert.ok(!Object.hasOwn(shared, name), `${path} -${name}`)
  }
})

test("help shows usage, examples and flags, and names the program it was called by", async () => {
  const { code, stdout } = await runLine(["kv", "put", "-h"], { program: "vault" })
  assert.equal(code, 0)
  assert.match(stdout, /^Usage: vault kv put \[options\] KEY \[DATA\]/)
  assert.ok(stdout.indexOf("Examples:") < stdout.indexOf("Command options:"))
  assert.match(stdout, /\$ vault kv put -mount=secret app user=web/)
  assert.match(stdout, / {2}-cas=<int>/)
})

test("the help of each command can be printed", async () => {
  for (const { path, entry } of all) {
    if (entry.kind === "foreign") continue
    const { code, stdout } = await runLine([...path.split(" "), "-help"])
    assert.equal(code, 0, path)
    assert.ok(stdout.startsWith(`Usage: arca ${path}`), path)
  }
})

test("a mistyped command is answered with the nearest one", async () => {
  const { code, stderr } = await runLine(["secrts", "list"])
  assert.equal(code, 127)
  assert.match(stderr, /"secrts" is no command of arca\.[\s\S]*Did you mean this\?\n {4}arca secrets/)
  const below = await runLine(["kv", "gte", "secret/a"])
  assert.equal(below.code, 1)
  assert.match(below.stderr, /arca kv get/)
})

test("a mistyped flag is answered with the nearest one", async () => {
  const { code, stderr } = await runLine(["kv", "get", "-versoin=1", "secret/a"])
  assert.equal(code, 1)
  assert.match(stderr, /^flag provided but not defined: -versoin\n\nDid you mean -version\?/)
})

test("as vault, errors are what Vault prints and nothing more", async () => {
  const { stderr } = await runLine(["kv", "get", "-versoin=1", "secret/a"], { program: "vault" })
  assert.equal(stderr, "flag provided but not defined: -versoin\n")
})

test("a wrong number of arguments or format is refused before any request", async () => {
  const cases: [string[], string][] = [
    [["kv", "get"], "Not enough arguments (expected 1, got 0)"],
    [["kv", "get", "a", "b"], "Too many arguments (expected 1, got 2)"],
    [["kv", "put", "a"], "Must supply data"],
    [["write", "a"], "Must supply data or use -force"],
    [["status", "-format=xml"], "Invalid output format: xml"],
    [["kv", "get", "-format=raw", "a"], "This command does not support the -format=raw option."],
    [["token", "revoke", "-self", "-accessor"], "Cannot use -self with -accessor!"],
    [["kv", "rollback", "a"], "Version flag must be specified"],
    [["lease", "revoke", "-force", "x"], "Specifying -force requires also specifying -prefix"],
  ]
  for (const [argv, message] of cases) {
    const { code, stderr } = await runLine(argv, { program: "vault" })
    assert.deepEqual([code, stderr], [1, `${message}\n`], argv.join(" "))
  }
})

test("flags may stand before the command", async () => {
  const { line, path } = await findCommand(rootCommands("arca"), [
    "-ns=team",
    "-format",
    "json",
    "kv",
    "-mount=secret",
    "get",
    "app",
  ])
  assert.deepEqual(
    [path, line],
    [
      ["kv", "get"],
      ["-ns=team", "-format", "json", "-mount=secret", "app"],
    ],
  )
})

test("completion offers commands, flags and a flag's choices", async () => {
  assert.deepEqual(await candidates(["kv"], "p", "arca"), ["patch", "put"])
  assert.deepEqual(await candidates(["kv", "put"], "-ca", "arca"), ["-cas", "-ca-cert", "-ca-path"])
  assert.deepEqual(await candidates(["kv", "put"], "--cas", "arca"), ["--cas"])
  assert.deepEqual(await candidates(["token", "create"], "-type=b", "arca"), ["-type=batch"])
  assert.deepEqual(await candidates(["token", "create", "-type"], "", "arca"), ["service", "batch"])
  assert.deepEqual(await candidates(["nope"], "", "arca"), [])
})

test("completion scripts name the program they are for", async () => {
  for (const shell of ["bash", "zsh", "fish"]) {
    assert.match((await runLine(["completion", shell], { program: "vault" })).stdout, /vault __complete/)
  }
  assert.equal((await runLine(["completion", "csh"])).code, 1)
})

test("-v, --version and version say the same, and as vault a version that clients understand", async () => {
  const [short, long, word] = await Promise.all([["-v"], ["--version"], ["version"]].map(argv => runLine(argv)))
  assert.equal(short?.stdout, word?.stdout)
  assert.equal(long?.stdout, word?.stdout)
  assert.match((await runLine(["version"], { program: "vault" })).stdout, /^Vault v1\.20\.\d+ /)
})

test("policy fmt rewrites a file and names its place when it cannot be read", async () => {
  const missing = await runLine(["policy", "fmt", "/does/not/exist.hcl"])
  assert.equal(missing.code, 1)
  assert.match(missing.stderr, /^Error reading source file: open \/does\/not\/exist\.hcl: no such file or directory/)
})
