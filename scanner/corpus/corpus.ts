/**
 * Trees, histories and changes with secrets in all the places that scanners differ over, made anew from seeds. What Gitleaks
 * finds in them is recorded in `testdata/corpus.json` (`record.ts`); `differential.test.ts` expects the same of us.
 */

import { readFileSync } from "node:fs"
import { gzipSync } from "node:zlib"
import { parse } from "smol-toml"
import type { ScanOptions, Target } from "../scan.ts"
import { gitleaksRules, type Repository, write } from "../testing.ts"
import { tar, zip } from "./archives.ts"
import { histories } from "./histories.ts"
import { type Random, randomFrom, sample } from "./random.ts"

export type Case = {
  name: string
  /** Makes it in an empty folder; repositories are made with the given one. */
  build(path: string, repository: () => Repository): void
  target: Target
  options?: ScanOptions
}

export const customRules = new URL("../testdata/corpus.toml", import.meta.url).pathname

const rulePatterns: { id: string; regex: string }[] = (() => {
  const file: { rules?: unknown } = parse(readFileSync(gitleaksRules, "utf8"))
  const rules: unknown[] = Array.isArray(file.rules) ? file.rules : []
  return rules.flatMap(rule => {
    const { id, regex } = Object.fromEntries(Object.entries(Object(rule)))
    return typeof id === "string" && typeof regex === "string" ? [{ id, regex }] : []
  })
})()

/** One text for each of Gitleaks' rules. */
export const samples = (random: Random) => rulePatterns.map(({ id, regex }) => ({ id, text: sample(regex, random) }))

const files = { kind: "files", path: "." } as const

export const cases: readonly Case[] = [
  ...[1, 2].map(seed => treeCase(`every rule in plain text (${seed})`, seed, plainFiles)),
  treeCase("every rule, encoded", 3, encodedFiles),
  treeCase("neighbours, line ends and foreign text", 4, placedFiles),
  treeCase("files above the size of a chunk", 5, largeFiles),
  treeCase("names that are exempt, quoted or foreign", 6, namedFiles),
  treeCase("binary formats", 7, binaryFiles),
  treeCase("archives are closed by default", 8, archiveFiles),
  treeCase("archives in archives", 8, archiveFiles, { maxArchiveDepth: 3 }),
  treeCase("allowlists, groups, composite rules and paths", 9, customFiles, { configPath: customRules }),
  treeCase("marked lines are reported when asked", 4, placedFiles, { ignoreAllowComments: true, maxDecodeDepth: 0 }),
  ...histories,
]

type Files = Record<string, string | Uint8Array>

function treeCase(name: string, seed: number, make: (random: Random) => Files, options: ScanOptions = {}): Case {
  return { name, target: files, options, build: path => write(path, make(randomFrom(seed))) }
}

const noise = [
  "const limit = 4096",
  "// the key to this lock is under the mat",
  "if (token === undefined) throw new Error('no token')",
  "password: <PASSWORD>",
  "import { api } from './api.ts'",
  "\tsecretName: app-credentials",
  "",
]

function assigned(text: string, random: Random): string {
  return random.pick([
    `${text}\n`,
    `value = "${text}"\n`,
    `  - name: '${text}'\n`,
    `API_KEY=${text};\n`,
    `{"token": "${text}", "next": 1}\n`,
    `foo(${text})\n`,
  ])
}

const lines = (random: Random, count: number) => Array.from({ length: count }, () => `${random.pick(noise)}\n`).join("")

function plainFiles(random: Random): Files {
  const made: Files = {}
  for (const { id, text } of samples(random))
    made[`src/${id}.txt`] =
      lines(random, random.below(4)) + assigned(text, random) + lines(random, random.below(3)) + assigned(text, random)
  return made
}

const encoders: readonly ((text: string) => string)[] = [
  text => Buffer.from(text).toString("base64"),
  text => Buffer.from(text).toString("base64url"),
  text => Buffer.from(text).toString("hex"),
  text => Buffer.from(text).toString("hex").toUpperCase(),
  text => text.replace(/[^A-Za-z0-9]/g, char => `%${char.charCodeAt(0).toString(16).padStart(2, "0")}`),
  text => Array.from(text, char => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`).join(""),
  text => Array.from(text, char => `U+${char.charCodeAt(0).toString(16).padStart(4, "0")} `).join(""),
]

function encodedFiles(random: Random): Files {
  const made: Files = {}
  for (const { id, text } of samples(random)) {
    const times = 1 + random.below(3)
    let encoded = random.chance(0.5) ? `key = "${text}" ` : text
    for (let i = 0; i < times; i++) encoded = random.pick(encoders)(encoded)
    made[`encoded/${id}.txt`] = `${lines(random, 2)}data: ${encoded}\n${assigned(random.pick(encoders)(text), random)}`
  }
  return made
}

const foreign = ["é", "ß", "日本語", "😀", "K", "ſ", "\u00a0", "\u2028", "\ufeff"]

function placedFiles(random: Random): Files {
  const made: Files = {}
  samples(random).forEach(({ text }, i) => {
    const mark = random.chance(0.2) ? " # gitleaks:allow" : ""
    const end = random.pick(["\n", "\r\n", "", "\n\n\n"])
    const beside = random.pick(foreign)
    const content = random.pick([
      `${text}${mark}${end}`,
      `\n\n${text}${mark}${end}`,
      `${beside}${text}${beside}${end}`,
      `a=1 ${text} b=2 ${text}${mark}${end}`,
      `first\r\nkey = "${text}"${mark}\r\nlast${end}`,
      `${beside.repeat(40)} key = '${text}'${end}`,
      `${"x".repeat(3000)} ${text} ${"y".repeat(3000)}${end}`,
    ])
    const bytes = Buffer.from(content)
    made[`place/${i}.txt`] = random.chance(0.15)
      ? Buffer.concat([Buffer.from([0xff, 0xc3, 0x28, 0xe2, 0x82]), bytes])
      : bytes
  })
  made["place/empty.txt"] = ""
  made["place/nul.txt"] = Buffer.concat([
    Buffer.from("a\0b\0"),
    Buffer.from(assigned(random.pick(samples(random)).text, random)),
  ])
  return made
}

function largeFiles(random: Random): Files {
  const made: Files = {}
  for (let i = 0; i < 6; i++) {
    const all = samples(random)
    const parts: string[] = []
    for (let length = 0; length < 260_000; ) {
      const part = random.chance(0.02) ? assigned(random.pick(all).text, random) : `${random.pick(noise)} ${length}\n`
      parts.push(i % 3 === 2 ? part.replaceAll("\n", " ") : part)
      length += part.length
    }
    made[`large/${i}.txt`] = parts.join("")
  }
  const { text } = random.pick(samples(random))
  for (const before of [99_980, 99_999, 100_000, 124_990])
    made[`large/at-${before}.txt`] = `${"z".repeat(before)} ${text}\n${text}\n`
  return made
}

const names = [
  "node_modules/x/index.js",
  "vendor/github.com/a/b.go",
  "go.sum",
  "package-lock.json",
  "image.svg",
  "image.PNG",
  "font.woff2",
  "a b/c d.txt",
  "ü/ñ 日本.txt",
  'quo"te.txt',
  "tab\there.txt",
  "back\\slash.txt",
  ".env",
  "deploy.tf",
  "nuget.config",
  "values.yaml",
  "cert.p12",
  "deep/er/and/deeper.json",
  "README.md",
]

function namedFiles(random: Random): Files {
  const all = samples(random)
  return Object.fromEntries(
    names.map(name => [name, Array.from({ length: 30 }, () => assigned(random.pick(all).text, random)).join("")]),
  )
}

function binaryFiles(random: Random): Files {
  const all = samples(random)
  const starts: readonly (readonly [string, string])[] = [
    ["elf", "\x7fELF\x02\x01\x01\x00".padEnd(60, "\0")],
    ["png", "\x89PNG\r\n\x1a\n"],
    ["pdf", "%PDF-1.4\n"],
    ["wasm", "\0asm\x01\0\0\0"],
    ["gz", "\x1f\x8b\x08"],
    ["jpg", "\xff\xd8\xff\xe0"],
    ["class", "\xca\xfe\xba\xbe"],
    ["exe", "MZ\x90\x00"],
    ["utf16", "\xff\xfeh\0i\0"],
    ["sqlite", "SQLite format 3\0"],
    ["rtf", "{\\rtf1"],
    ["ps", "%!PS-Adobe"],
    ["ttf", "\0\x01\0\0\0"],
  ]
  return Object.fromEntries(
    starts.map(([name, start]) => [
      `bin/${name}`,
      Buffer.concat([
        Buffer.from(start, "latin1"),
        Buffer.from(`\n${Array.from({ length: 20 }, () => assigned(random.pick(all).text, random)).join("")}`),
      ]),
    ]),
  )
}

function archiveFiles(random: Random): Files {
  const all = samples(random)
  const text = () => Array.from({ length: 12 }, () => assigned(random.pick(all).text, random)).join("")
  const inner = zip({ "inner/a.txt": text(), "inner/node_modules/b.js": text() })
  return {
    "a.zip": zip({ "x.txt": text(), "dir/y.txt": text(), "stored.zip": inner }),
    "stored.zip": zip({ "z.txt": text() }, 0),
    "b.tar": tar({ "t.txt": text(), "sub/u.txt": text(), "inner.zip": inner }),
    "c.tar.gz": gzipSync(tar({ "v.txt": text(), "w.txt.gz": gzipSync(text()) })),
    "d.txt.gz": gzipSync(text()),
  }
}

function customFiles(random: Random): Files {
  const hex = (length: number) => Array.from({ length }, () => random.below(16).toString(16)).join("")
  const made: Files = {}
  for (let i = 0; i < 40; i++)
    made[`custom/${i}.${random.pick(["txt", "conf", "test.js"])}`] = Array.from({ length: 12 }, () =>
      random.pick([
        `corp_${hex(16)}\n`,
        `corp_${"a".repeat(16)}\n`,
        `corp_${hex(8)}example\n`,
        `id = "acct-${hex(4)}"\n`,
        `pair = "pair-${hex(12)}"\n`,
        `user:${hex(6)}@host:${hex(6)} # known-safe\n`,
        `user:${hex(6)}@host:${hex(6)}\n`,
        `TOKEN ${hex(20)} TEST\n`,
        "\n",
        "filler\n",
      ]),
    ).join("")
  made["custom/keys/only-path.pem2"] = "nothing\n"
  return made
}
