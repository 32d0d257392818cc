import assert from "node:assert/strict"
import { globSync, readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { test } from "node:test"
import { patternOf, scriptOf } from "./page.ts"
import { runScript } from "./run.ts"

const ROOT = new URL("../..", import.meta.url).pathname
const fence = "```"

test("a page becomes files, commands and what they print", () => {
  const { needs, steps } = scriptOf(`<!-- needs: server, postgresql -->
<!-- file: a.hcl -->
${fence}hcl
x = 1
${fence}
<!-- not run: it asks -->
${fence}sh
arca login
${fence}
${fence}sh
echo a
${fence}

${fence}text
a
${fence}

Words, and a text that belongs to nothing.

${fence}text
b
${fence}
<!-- run: true -->
`)
  assert.deepEqual(needs, ["server", "postgresql"])
  assert.deepEqual(
    steps.map(({ kind, name, text, prints }) => [kind, name, text, prints]),
    [
      ["file", "a.hcl", "x = 1\n", undefined],
      ["run", undefined, "echo a\n", "a\n"],
      ["run", undefined, "true", undefined],
    ],
  )
})

test("an ellipsis stands for any text, or for any lines", () => {
  assert.match("one\nkey: 123\nmany\nmore\nlast\n", patternOf("one\nkey: …\n…\nlast\n"))
  assert.doesNotMatch("one\nkey: 123\nlast\nmore\n", patternOf("one\nkey: …\n…\nlast\n"))
})

test("a command that fails, one that should, and one that prints something else are named with their line", async () => {
  const page = (lines: string, prints = "") =>
    runScript(scriptOf(`\n${fence}sh\n${lines}\n${fence}\n${prints}`), "page.md")
  await page("false   # fails\necho on", `\n${fence}text\non\n${fence}\n`)
  await assert.rejects(page("echo a\nfalse\necho b"), /page\.md:2: ended with 1/)
  await assert.rejects(page("true   # denied"), /page\.md:2: ended with 1[\s\S]*it succeeded/)
  await assert.rejects(page("echo a", `\n${fence}text\nb\n${fence}\n`), /page\.md:2: prints something else/)
})

test("every link between pages leads to a file", () => {
  const broken = globSync(`${ROOT}{*.md,docs/{,guide/,explanation/,decisions/}*.md,examples/*.md}`).flatMap(page =>
    [...readFileSync(page, "utf8").matchAll(/\]\((?!https?:)([^)#\s]+)(?:#[^)]*)?\)/g)]
      .map(([, target = ""]) => join(dirname(page), target))
      .filter(target => globSync(target).length === 0)
      .map(target => `${page.slice(ROOT.length)} → ${target.slice(ROOT.length)}`),
  )
  assert.deepEqual(broken, [])
})
