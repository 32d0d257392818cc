/**
 * Writes what is derived from the scanner's rules (scanner/rules/providers): the compiled rule set that the scanner
 * loads, the notes that reports show, and docs/reference/scanner-rules.md. A test checks that they are up to date.
 *
 *     node tools/scanner-rules.ts
 */

import { globSync, readFileSync, writeFileSync } from "node:fs"
import { pathToFileURL } from "node:url"
import type { Config, Rule } from "../scanner/rule.ts"
import { globalAllowlist } from "../scanner/rules/allowlists.ts"
import type { DeclaredRule } from "../scanner/rules/declare.ts"
import { verifiersByRule } from "../scanner/verify/verify.ts"

const root = new URL("..", import.meta.url)

/** Every declared rule, in the order of ids. */
export async function declaredRules(): Promise<DeclaredRule[]> {
  const files = globSync("scanner/rules/providers/*.ts", { cwd: root }).filter(file => !file.endsWith(".test.ts"))
  const modules = await Promise.all(files.map(file => import(new URL(file, root).href)))
  const rules: DeclaredRule[] = modules.flatMap(module => module.default)
  return rules.sort((a, b) => (a.id < b.id ? -1 : 1))
}

/** The rule set as the scanner reads it: no examples, no notes. */
export function compiledConfig(rules: readonly DeclaredRule[]): Config {
  return { title: "Arca's rules", rules: rules.map(plainRule), allowlists: [globalAllowlist] }
}

function plainRule({ provider: _provider, fix: _fix, finds: _finds, ignores: _ignores, ...rule }: DeclaredRule): Rule {
  return rule
}

/** The derived files: path and text. */
export function derived(rules: readonly DeclaredRule[]): [string, string][] {
  const config = compiledConfig(rules)
  const lines = config.rules.map(rule => JSON.stringify(rule)).join(",\n")
  const { title, allowlists } = config
  const notes = Object.fromEntries(rules.map(rule => [rule.id, { provider: rule.provider, fix: rule.fix }]))
  return [
    [
      "scanner/rules/compiled.json",
      `{"title":${JSON.stringify(title)},"allowlists":${JSON.stringify(allowlists)},"rules":[\n${lines}\n]}\n`,
    ],
    ["scanner/rules/notes.json", `${JSON.stringify(notes, undefined, 1)}\n`],
    ["docs/reference/scanner-rules.md", reference(rules)],
  ]
}

function reference(rules: readonly DeclaredRule[]): string {
  const shown = rules.filter(rule => !rule.skipReport)
  const checks = verifiersByRule()
  const verified = shown.filter(rule => checks.has(rule.id))
  const providers = new Set(shown.map(rule => rule.provider))
  const cell = (text: string) => text.replaceAll("|", "\\|")
  return `# Scanner rules

The rules that \`arca scan\` uses unless a configuration names others. Written by \`node tools/scanner-rules.ts\` from
scanner/rules/providers; do not edit. How to write one: [guide/scanner-rules.md](../guide/scanner-rules.md).

${shown.length} rules for ${providers.size} providers; ${verified.length} of them can be verified (\`--verify\`).
Ids that Gitleaks has, too, find what Gitleaks' rule finds.

| id | provider | finds | verified by | what to do |
|---|---|---|---|---|
${shown
  .map(rule => {
    const what = rule.description.slice(rule.provider.length + 1)
    return `| \`${rule.id}\` | ${cell(rule.provider)} | ${cell(what)} | ${checks.get(rule.id) ?? "–"} | ${cell(rule.fix)} |`
  })
  .join("\n")}
`
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href)
  for (const [path, text] of derived(await declaredRules())) writeFileSync(new URL(path, root), text)

/** The derived files that are not what they should be. */
export async function outdated(): Promise<string[]> {
  return derived(await declaredRules())
    .filter(([path, text]) => readFileSync(new URL(path, root), "utf8") !== text)
    .map(([path]) => path)
}
