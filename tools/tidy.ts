/**
 * The house rules that no linter knows: who may import whom, which calls are banned and what to use instead, how long a file
 * may grow. Each complaint ends in what to do.
 */

import { globSync, readFileSync } from "node:fs"
import { pathToFileURL } from "node:url"

/** The architecture: what each workspace may import (besides npm packages in its package.json). */
const WALLS: Readonly<Record<string, readonly string[]>> = {
  api: [],
  hcl: [],
  policy: ["api", "hcl"],
  crypto: ["api"],
  storage: ["api", "crypto"],
  engines: ["api", "crypto", "hcl"],
  auth: ["api", "crypto"],
  server: ["api", "hcl", "policy", "crypto", "storage", "engines", "auth"],
  sdk: ["api"],
  cli: ["api", "hcl", "policy", "sdk"],
  scanner: [],
}

interface Ban {
  readonly pattern: RegExp
  readonly instead: string
  /** Where it is banned; where it is allowed all the same. */
  readonly within: RegExp
  readonly except: RegExp
}

const CORE = /^(api|hcl|policy|crypto|storage|engines|auth|server)\//
/** Where the world comes in. */
const EDGES =
  /^(server\/(main|daemon|config|dev-tls|log|cluster)|server\/(config|cluster)\/|storage\/(clock|lmdb|postgresql)|.*(bench|-writer|-counter)\.ts)/

const BANS: readonly Ban[] = [
  {
    pattern: /\bDate\.now\(|new Date\(\)/,
    instead: "ctx.now, or a clock that is passed in",
    within: CORE,
    except: EDGES,
  },
  { pattern: /\bMath\.random\(/, instead: "ctx.random, or randomness that is passed in", within: CORE, except: EDGES },
  { pattern: /\bsetInterval\(/, instead: "a job (server/jobs.ts)", within: CORE, except: EDGES },
  { pattern: /\bObject\.assign\(\{\}/, instead: "spread: it does not run setters", within: CORE, except: /^$/ },
  {
    pattern: /\b(FIXME|TODO|XXX)\b/,
    instead: "do it, or say in a decision page why not",
    within: /./,
    except: /^(tools\/tidy|scanner\/)/,
  },
  {
    pattern: /\b(test|it|describe)\.only\(/,
    instead: "run one file: npm test -- <folder>",
    within: /./,
    except: /^tools\/tidy/,
  },
  { pattern: /@ts-(ignore|nocheck)/, instead: "a type that says what is known", within: /./, except: /^tools\/tidy/ },
]

/** A file above this is a table or a specification, and is named here with its reason. */
const MAX_LINES = 500
const LONG: Readonly<Record<string, string>> = {
  "sdk/paths.ts": "made from the declarations",
  "storage/etcd-messages.ts": "made by protoc-gen-es from etcd.proto",
}

const SOURCES = "{api,hcl,policy,crypto,storage,server,engines,auth,sdk,cli,scanner,tests,tools,bench}/**/*.ts"

/** Every complaint about the tree below the current folder. */
export function complaints(): string[] {
  const files = globSync(SOURCES, { exclude: path => /node_modules|\.cache/.test(String(path)) })
  return files.flatMap(file => complaintsAbout(file, readFileSync(file, "utf8")))
}

export function complaintsAbout(file: string, text: string): string[] {
  const isTest = /\.test\.ts$|^tests\/|conformance/.test(file)
  const lines = text.split("\n")
  const found = [...walls(file, lines, isTest), ...(isTest ? [] : bans(file, lines))]
  if (lines.length > MAX_LINES && !isTest && !(file in LONG)) {
    found.push(
      `${file}: ${lines.length} lines; split it, or name it in tools/tidy.ts with the reason (limit ${MAX_LINES})`,
    )
  }
  return found
}

function walls(file: string, lines: readonly string[], isTest: boolean): string[] {
  const home = file.split("/", 1)[0] ?? ""
  const allowed = WALLS[home]
  if (allowed === undefined || isTest) return []
  return lines.flatMap((line, index) => {
    const target = /\bfrom "@arca\/([a-z]+)/.exec(line)?.[1] ?? /\bimport\("@arca\/([a-z]+)/.exec(line)?.[1]
    if (target === undefined || target === home || allowed.includes(target)) return []
    return [
      `${file}:${index + 1}: ${home} may not import ${target}; it may import ${allowed.join(", ") || "nothing"} (ARCHITECTURE.md)`,
    ]
  })
}

function bans(file: string, lines: readonly string[]): string[] {
  const active = BANS.filter(ban => ban.within.test(file) && !ban.except.test(file))
  return lines.flatMap((line, index) => {
    const code = line.trimStart()
    if (code.startsWith("*") || code.startsWith("//")) return []
    return active
      .filter(ban => ban.pattern.test(line))
      .map(ban => `${file}:${index + 1}: ${code.slice(0, 60)} is banned here; use ${ban.instead}`)
  })
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const all = complaints()
  for (const one of all) process.stderr.write(`${one}\n`)
  process.exitCode = all.length === 0 ? 0 : 1
}
