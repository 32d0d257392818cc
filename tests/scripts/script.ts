/**
 * Scripts of command lines and what they must print, in the manner of Go's testscript. A file is a list of lines, then the
 * files it needs (`-- name --` and their text). Lines:
 *
 *     arca|vault|bao WORDS…     runs a command line, by that name; it must succeed
 *     ! arca WORDS…             it must fail; `exit N` says with which code
 *     exit N                    the exit code of the last command
 *     stdout REGEXP             the last command's output matches; `! stdout REGEXP`: it does not (`.` alone: there is none)
 *     stderr REGEXP             the same for its words
 *     stdin FILE                what the next command reads, `-` the last command's stdout
 *     cmp stdout FILE           the output is just this file's text
 *     keep NAME                 the last command's output, as $NAME from now on
 *     env NAME=VALUE            sets a variable of the environment; an empty value removes it
 *     exists FILE, ! exists FILE, mode FILE 600, cat FILE (its text becomes the last output)
 *
 * Words may stand in single quotes; $NAME is replaced outside of them. $WORK is the script's own folder.
 */

import assert from "node:assert/strict"
import { existsSync, readFileSync, statSync } from "node:fs"
import { mkdir, writeFile } from "node:fs/promises"
import { dirname, join } from "node:path"
import { type Outcome, runLine } from "@arca/cli/testing"

interface State {
  readonly work: string
  readonly env: Map<string, string>
  last: Outcome
  stdin: string
}

/** Runs a script in the folder `work`. Throws AssertionError with the line that does not hold. */
export async function runScript(source: string, work: string, env: Readonly<Record<string, string>>): Promise<void> {
  const [script = "", ...parts] = source.split(/^-- (.+) --\n/m)
  for (let at = 0; at + 1 < parts.length; at += 2) await place(join(work, parts[at] ?? ""), parts[at + 1] ?? "")
  const state: State = { work, env: new Map(Object.entries({ ...env, WORK: work })), last: NOTHING, stdin: "" }
  for (const [index, line] of script.split("\n").entries()) {
    const words = wordsOf(line, state.env)
    if (words.length === 0) continue
    try {
      await step(state, words)
    } catch (error) {
      const { code, stdout, stderr } = state.last
      const reason = error instanceof Error ? error.message : String(error)
      assert.fail(`line ${index + 1}: ${line}\n${reason}\nexit code ${code}\nstdout:\n${stdout}\nstderr:\n${stderr}`)
    }
  }
}

const NOTHING: Outcome = { code: 0, stdout: "", stderr: "" }

async function place(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, text)
}

/** Splits at blanks, minds single quotes, fills in variables, drops comments. */
function wordsOf(line: string, env: ReadonlyMap<string, string>): string[] {
  const words: string[] = []
  for (const [raw] of line.matchAll(/(?:'(?:[^']|'')*'|[^\s'])+/g)) {
    if (raw.startsWith("#") && words.length === 0) return []
    words.push(
      raw.replace(/'((?:[^']|'')*)'|\$(\w+)/g, (_, quoted: string | undefined, name: string) =>
        quoted === undefined ? (env.get(name) ?? "") : quoted.replaceAll("''", "'"),
      ),
    )
  }
  return words
}

async function step(state: State, words: readonly string[]): Promise<void> {
  const negated = words[0] === "!"
  const [verb = "", ...rest] = negated ? words.slice(1) : words
  const [first = "", second = ""] = rest
  const file = (name: string) => (name.startsWith("/") ? name : join(state.work, name))
  switch (verb) {
    case "arca":
    case "vault":
    case "bao":
      return command(state, verb, rest, negated)
    case "exit":
      return assert.equal(state.last.code, Number(first))
    case "stdout":
    case "stderr":
      return matches(state.last[verb], rest.join(" "), negated)
    case "stdin":
      state.stdin = first === "-" ? state.last.stdout : readFileSync(file(first), "utf8")
      return
    case "cmp":
      return assert.equal(
        first === "stderr" ? state.last.stderr : state.last.stdout,
        readFileSync(file(second), "utf8"),
      )
    case "keep":
      state.env.set(first, state.last.stdout.trim())
      return
    case "env": {
      const at = first.indexOf("=")
      if (at + 1 === first.length) state.env.delete(first.slice(0, at))
      else state.env.set(first.slice(0, at), first.slice(at + 1))
      return
    }
    case "exists":
      return assert.equal(existsSync(file(first)), !negated)
    case "mode":
      return assert.equal((statSync(file(first)).mode & 0o777).toString(8), second)
    case "cat":
      state.last = { ...NOTHING, stdout: readFileSync(file(first), "utf8") }
      return
    default:
      assert.fail(`no such step: ${verb}`)
  }
}

async function command(state: State, program: string, argv: readonly string[], fails: boolean): Promise<void> {
  const { stdin, work } = state
  state.stdin = ""
  // Files of the script are named as if it ran in its folder.
  const placed = argv.map(word =>
    word.replace(/^((?:[^=]*=)?@)(?!\/)(.+)$/, (_, lead: string, name: string) => lead + join(work, name)),
  )
  state.last = await runLine(placed, { program, stdin, home: work, env: Object.fromEntries(state.env) })
  if (fails) assert.notEqual(state.last.code, 0, "it succeeded")
  else assert.equal(state.last.code, 0, "it failed")
}

function matches(text: string, pattern: string, negated: boolean): void {
  const found = new RegExp(pattern, "m").test(text)
  assert.equal(found, !negated, negated ? `/${pattern}/ matches` : `/${pattern}/ does not match`)
}
