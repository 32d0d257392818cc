import assert from "node:assert/strict"
import { createHash } from "node:crypto"
import { readFileSync } from "node:fs"
import { test } from "node:test"
import { compiledConfig, declaredRules } from "../../tools/scanner-rules.ts"
import { loadToml } from "../config/toml.ts"
import { buildRuleset } from "../detect/compile.ts"
import { defaultDetectOptions, detect } from "../detect/detector.ts"
import type { Ruleset } from "../detect/ruleset.ts"
import { gitleaksRules } from "../testing.ts"
import { fake } from "./examples.ts"

const rules = await declaredRules()
const ours = buildRuleset(compiledConfig(rules))
const options = { ...defaultDetectOptions, maxDecodeDepth: 0 }
const found = (ruleset: Ruleset, text: string, path: string) =>
  detect(ruleset, options, { bytes: Buffer.from(text), path, startLine: 1 })

const hex = (algorithm: string, seed: string) => createHash(algorithm).update(seed).digest("hex")
const base64 = (seed: string, bytes: number) =>
  Buffer.concat(
    Array.from({ length: Math.ceil(bytes / 64) }, (_, i) =>
      createHash("sha512")
        .update(seed + i)
        .digest(),
    ),
  ).toString("base64")

/** Texts full of what is random and no secret. */
const lookAlikes: Record<string, string> = {
  "checksums.txt": Array.from({ length: 200 }, (_, i) => `${hex("sha256", `f${i}`)}  dist/file-${i}.tar.gz`).join("\n"),
  "commits.log": Array.from({ length: 200 }, (_, i) => `commit ${hex("sha1", `c${i}`)}\n    Fix ${i}\n`).join("\n"),
  "ids.json": JSON.stringify(
    Array.from({ length: 200 }, (_, i) => ({
      id: fake("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", `u${i}`),
      md5: hex("md5", `m${i}`),
    })),
  ),
  "Cargo.lock": Array.from(
    { length: 100 },
    (_, i) => `[[package]]\nname = "part-${i}"\nchecksum = "${hex("sha256", `k${i}`)}"\n`,
  ).join("\n"),
  "style.css": `.logo { background: url(data:image/png;base64,${base64("png", 20_000)}) }`,
  "page.html": `<script src="app.js" integrity="sha384-${base64("sri", 48).slice(0, 64)}" crossorigin></script>`,
  "app.min.js": Array.from(
    { length: 300 },
    (_, i) => `function ${fake("[a-z][a-zA-Z]{1,2}", `n${i}`)}(t,e){return t.${fake("[a-z]{2}", `p${i}`)}(e,${i})}`,
  ).join(""),
  "app.js.map": JSON.stringify({ version: 3, mappings: fake("(?:[A-Za-z]{4},){150}", "map").repeat(20) }),
  Dockerfile: Array.from({ length: 50 }, (_, i) => `FROM registry.example/base@sha256:${hex("sha256", `d${i}`)}`).join(
    "\n",
  ),
  known_hosts: Array.from(
    { length: 20 },
    (_, i) => `host${i} ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI${fake("[A-Za-z0-9+/]{43}", `h${i}`)}`,
  ).join("\n"),
  "cert.pem": `-----BEGIN CERTIFICATE-----\n${base64("cert", 900).replaceAll(/(.{64})/g, "$1\n")}\n-----END CERTIFICATE-----\n`,
  "main.tf": `module "network" {\n  source = "git::https://git.example.com/modules//vpc?ref=${hex("sha1", "ref")}"\n  version = "1.2.3"\n}\n`,
  "workflow.yml": `steps:\n  - uses: actions/checkout@${hex("sha1", "action")}\n    env:\n      TOKEN: ${"$"}{{ secrets.GITHUB_TOKEN }}\n      API_KEY: ${"$"}{API_KEY}\n`,
  "settings.py": `SECRET_KEY = os.environ["SECRET_KEY"]\nSTRIPE_KEY = config("STRIPE_KEY")\nDATABASE_URL = "postgres://user:password@localhost/app"\n`,
}

for (const [path, text] of Object.entries(lookAlikes))
  test(`nothing is found in ${path}, which only looks like it`, () => {
    assert.deepEqual(
      found(ours, text, path).map(one => `${one.ruleId}: ${one.match.slice(0, 80)}`),
      [],
    )
  })

// Gitleaks reports only a part of these: the first capture of its pattern, which is not the secret.
const wholeSecret = new Set(["microsoft-teams-webhook", "jwt-base64"])

test("a rule that Gitleaks has finds what Gitleaks' own finds", () => {
  const config = loadToml(readFileSync(gitleaksRules, "utf8"), undefined, {
    read: () => "",
    defaultConfig: () => ({ title: "", rules: [], allowlists: [] }),
    warn: () => {},
  })
  const theirs = buildRuleset(config)
  const shared = new Set(config.rules.map(rule => rule.id))
  const missing = config.rules.filter(({ id }) => !rules.some(rule => rule.id === id)).map(({ id }) => id)
  assert.deepEqual(missing, [], "every id of Gitleaks is there")
  const givesWay = new Set(
    rules.filter(rule => rule.yields === true || rule.id.includes("generic")).map(rule => rule.id),
  )
  const texts = rules.flatMap(({ finds, ignores }) => [
    ...finds.map(({ text, path }) => [text, path ?? "a.py"] as const),
    ...ignores.map(text => [text, "a.py"] as const),
  ])
  const differences = texts.flatMap(([text, path]) => {
    const lines = (ruleset: Ruleset) =>
      found(ruleset, text, path)
        .filter(({ ruleId }) => shared.has(ruleId))
        .map(
          ({ ruleId, secret, match, startColumn }) =>
            `${ruleId} ${wholeSecret.has(ruleId) ? "" : secret} ${startColumn} ${match}`,
        )
    const [mine, others] = [lines(ours), lines(theirs)]
    // What gives way to a rule of ours is told under that rule's name.
    const lost = others.filter(one => !mine.includes(one) && !givesWay.has(one.split(" ")[0] ?? ""))
    return [
      ...mine.filter(one => !others.includes(one)).map(one => `only ours: ${one}`),
      ...lost.map(one => `only Gitleaks': ${one}`),
    ]
  })
  assert.deepEqual(differences, [])
})
