import assert from "node:assert/strict"
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { test } from "node:test"
import { leakyRepository, reportsFile, reportWords } from "../corpus/record.ts"
import { fakes, folder, gitleaksRules, runScan } from "../testing.ts"
import { functions } from "./template/functions.ts"
import { parseTemplate } from "./template/parse.ts"
import { runTemplate } from "./template/run.ts"

const recorded = new Map<string, string>(Object.entries(JSON.parse(readFileSync(reportsFile, "utf8"))))

for (const [format, expected] of recorded)
  test(`the ${format} report is Gitleaks', byte for byte`, async t => {
    const path = folder(t)
    leakyRepository(path)
    const { stdout } = await runScan(path, reportWords(format), "gitleaks")
    assert.equal(stdout, expected)
  })

test("reports without findings are Gitleaks', too", async t => {
  const dir = folder(t, { "a.txt": "x\n" })
  const report = async (format: string) =>
    (await runScan(dir, ["dir", ".", "-c", gitleaksRules, "-f", format, "-r", "-"])).stdout
  assert.equal(await report("json"), "[]\n")
  assert.equal(await report("csv"), "")
  assert.equal(
    await report("junit"),
    '<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n\t<testsuite failures="0" name="gitleaks" tests="0" time=""></testsuite>\n</testsuites>',
  )
  assert.match(await report("sarif"), /"results": \[\]/)
  assert.equal(await report("jsonl"), "")
})

test("a line of JSON for each finding, and a page without scripts that holds no raw markup", async t => {
  const dir = folder(t, { "<b>.txt": `x <script>alert(1)</script> ${fakes.github}\n`, "b.txt": `${fakes.aws}\n` })
  const report = async (format: string) =>
    (await runScan(dir, ["dir", ".", "-c", gitleaksRules, "-f", format, "-r", "-"])).stdout
  const lines = (await report("jsonl"))
    .trim()
    .split("\n")
    .map(line => JSON.parse(line))
  assert.deepEqual(
    lines.map(line => [line.RuleID, line.StartLine]),
    [
      ["github-pat", 1],
      ["aws-access-token", 1],
    ],
  )
  const page = await report("html")
  assert.match(page, /<title>2 leaks in 2 files<\/title>/)
  assert.match(page, /&lt;b&gt;\.txt:1/)
  assert.doesNotMatch(page, /<script|<b>/)
})

test("a template that cannot be used is named before the scan", async t => {
  const dir = folder(t, { "a.txt": "x\n" })
  const mistake = async (template: string) => {
    writeFileSync(join(dir, "t.tmpl"), template)
    const { code, stderr } = await runScan(dir, [
      "dir",
      ".",
      "-f",
      "template",
      "--report-template",
      "t.tmpl",
      "-r",
      "-",
    ])
    return [code, stderr.replace(/^\S+ FTL |\n$/g, "")]
  }
  assert.deepEqual(await mistake('a\n{{ env "HOME" }}'), [1, 'template: custom:2: function "env" not defined'])
  assert.deepEqual(await mistake("{{ range . }}"), [1, "template: custom:1: unexpected EOF"])
  assert.deepEqual(await mistake("{{ if }}x{{ end }}"), [1, "template: custom:1: missing value for command"])
  assert.deepEqual(await mistake("{{ .x"), [1, "template: custom:1: unclosed action"])
  assert.deepEqual(await mistake("{{ end }}"), [1, "template: custom:1: unexpected {{end}}"])
})

test("templates follow Go in scopes, truth and jumps", () => {
  const known = functions(new Date(0))
  const run = (source: string, data: readonly string[] = ["a", "b", "c"]) =>
    runTemplate(
      parseTemplate(source, name => Object.hasOwn(known, name)),
      known,
      data,
    )
  assert.equal(run("{{ $x := 1 }}{{ if true }}{{ $x = 2 }}{{ $y := 3 }}{{ end }}{{ $x }}"), "2")
  assert.equal(
    run('{{ range $i, $e := . }}{{ if eq $e "b" }}{{ continue }}{{ end }}{{ $i }}{{ $e }} {{ end }}'),
    "0a 2c ",
  )
  assert.equal(run('{{ with "" }}x{{ else }}{{ len . }}{{ end }}'), "3")
  assert.equal(run("{{ if and (gt (len .) 2) (not false) }}y{{ end }}"), "y")
  assert.equal(run("a {{- /* gone */ -}} b"), "ab")
  assert.equal(run('{{ now | date "Jan 02, 2006 15:04:05 MST" }}'), "Jan 01, 1970 00:00:00 UTC")
  assert.throws(() => run("{{ .Missing }}"), /can't evaluate field Missing/)
  assert.throws(() => run('{{ repeat 1000000000 "x" }}'), /out of range/)
  assert.throws(() => run('{{ define "x" }}{{ template "x" . }}{{ end }}{{ template "x" . }}'), /too deeply/)
})
