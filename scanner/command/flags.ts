/** Gitleaks' flags and ours, as one table; parsed as Gitleaks' own parser (pflag) does. */
export type Flag = {
  /** `percent` and `folder` may stand without a value. */
  kind: "text" | "number" | "switch" | "list" | "percent" | "folder"
  short?: string
  about: string
  /** Shown in help; the value when the flag is absent. */
  preset?: string
}

export type FlagTable = Readonly<Record<string, Flag>>

export const globalFlags = {
  config: {
    kind: "text",
    short: "c",
    about: "rule file; else GITLEAKS_CONFIG (a path), GITLEAKS_CONFIG_TOML (a text), .gitleaks.toml beside the target",
  },
  "exit-code": { kind: "number", about: "exit code when leaks are found", preset: "1" },
  "report-path": { kind: "text", short: "r", about: 'report file ("-": standard output)' },
  "report-format": { kind: "text", short: "f", about: "json, csv, junit, sarif, template, jsonl, html" },
  "report-template": { kind: "text", about: "Go template for --report-format=template" },
  "baseline-path": { kind: "text", short: "b", about: "an earlier JSON report whose findings are left out" },
  "log-level": { kind: "text", short: "l", about: "trace, debug, info, warn, error, fatal", preset: "info" },
  verbose: { kind: "switch", short: "v", about: "print each finding as it is found" },
  "no-color": { kind: "switch", about: "no colours" },
  "max-target-megabytes": { kind: "number", about: "skip larger files; 0: none", preset: "0" },
  "ignore-gitleaks-allow": { kind: "switch", about: "report lines marked gitleaks:allow, too" },
  redact: { kind: "percent", about: "hide secrets in all output, or this percentage of each (--redact=20)" },
  "no-banner": { kind: "switch", about: "no banner" },
  "enable-rule": { kind: "list", about: "only these rules, by id" },
  "gitleaks-ignore-path": {
    kind: "text",
    short: "i",
    about: "a .gitleaksignore file, or the folder with one",
    preset: ".",
  },
  "max-decode-depth": {
    kind: "number",
    about: "passes of decoding (base64, hex, percent, Unicode escapes)",
    preset: "5",
  },
  "max-archive-depth": { kind: "number", about: "how deep archives in archives are opened; 0: not", preset: "0" },
  timeout: { kind: "number", about: "seconds until the scan ends, partial; 0: no limit", preset: "0" },
  diagnostics: { kind: "text", about: "accepted for Gitleaks' sake; use node --cpu-prof" },
  "diagnostics-dir": { kind: "text", about: "likewise" },
  "allow-partial": { kind: "switch", about: "exit by the findings even when something could not be scanned" },
  cache: {
    kind: "folder",
    about: "keep what a history holds, so that the next scan reads new commits only; in .git/arca, or --cache=FOLDER",
  },
  known: { kind: "text", about: "find the values whose hashes this file holds (arca scan known export)" },
  verify: { kind: "switch", about: "ask the issuer of each secret whether it is alive; sends it nowhere else" },
  "verify-dry-run": { kind: "switch", about: "print the requests that --verify would send, with the secrets masked" },
  "verify-connect": { kind: "switch", about: "with --verify: log in to the databases that findings name, too" },
  "verify-host": { kind: "list", about: "a self-managed issuer: gitlab=git.example.com" },
  help: { kind: "switch", short: "h", about: "this text" },
} as const satisfies FlagTable

const platform = {
  kind: "text",
  about: "where links lead: github, gitlab, azuredevops, gitea, bitbucket, none",
} as const
const logOptions = { kind: "text", about: 'options for git log, such as "main..HEAD"' } as const
const source = { kind: "text", short: "s", about: "what to scan", preset: "." } as const
const symlinks = { kind: "switch", about: "scan files that symbolic links lead to" } as const
const staged = { kind: "switch", about: "scan the staged changes" } as const

const remote = {
  "api-url": { kind: "text", about: "a server of one's own, such as https://git.example.com" },
  "token-file": { kind: "text", about: "a file with the token; else GH_TOKEN, GITHUB_TOKEN, GITLAB_TOKEN" },
  only: { kind: "list", about: "some of history, issues, pulls, comments, reviews, releases, gists, snippets, logs" },
  state: { kind: "text", about: "keep what was finished in this file; go on from there, and read only what changed" },
  "max-wait": { kind: "number", about: "seconds to wait for a rate limit at most", preset: "3700" },
} as const satisfies FlagTable

export const commandFlags = {
  git: {
    platform,
    staged,
    "pre-commit": { kind: "switch", about: "scan the changes that are not staged (with --staged: those that are)" },
    "log-opts": logOptions,
  },
  dir: { "follow-symlinks": symlinks },
  stdin: {},
  detect: {
    "no-git": { kind: "switch", about: "scan the files as they are, not the history" },
    pipe: { kind: "switch", about: "scan standard input" },
    "follow-symlinks": symlinks,
    source,
    "log-opts": logOptions,
    platform,
  },
  protect: { staged, "log-opts": logOptions, source },
  logs: {
    follow: {
      kind: "switch",
      short: "F",
      about: "go on with what is written later, through rotations, until interrupted",
    },
    "new-only": { kind: "switch", about: "with --follow: pass over what is there already" },
    "log-format": { kind: "text", about: "text, docker, cri, journal; else judged by each file's first line" },
  },
  s3: {
    bucket: { kind: "text", about: "the bucket" },
    prefix: { kind: "text", about: "only keys that begin so" },
    "start-after": { kind: "text", about: "only keys after this one: where a scan that was cut short goes on" },
    endpoint: { kind: "text", about: "a store that speaks S3's protocol, such as http://minio.example:9000" },
    region: { kind: "text", about: "the region; else AWS_REGION or the profile's" },
    versions: { kind: "switch", about: "versions that were overwritten or deleted, too" },
    "no-sign-request": { kind: "switch", about: "without credentials, for public buckets" },
  },
  github: remote,
  gitlab: remote,
} as const satisfies Record<string, FlagTable>

export type CommandName = keyof typeof commandFlags

/** What stands on a line. Values are checked, so that the readers below cannot fail. */
export type Line = { args: string[]; values: ReadonlyMap<string, string[]> }

/** A line that cannot be understood. `unknown`: a flag that does not exist, for which Gitleaks has an exit code of its own. */
export class FlagError extends Error {
  override name = "FlagError"
  readonly unknown: boolean
  constructor(message: string, unknown = false) {
    super(message)
    this.unknown = unknown
  }
}

export function parseLine(table: FlagTable, words: readonly string[]): Line {
  const args: string[] = []
  const values = new Map<string, string[]>()
  const rest = [...words]
  const set = (name: string, flag: Flag, value: string, shown: string) => {
    checkValue(flag, value, shown)
    values.set(name, flag.kind === "list" ? [...(values.get(name) ?? []), ...value.split(",")] : [value])
  }
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (word === "--") return { args: [...args, ...rest], values }
    if (word.startsWith("--")) readLong(table, word, rest, set)
    else if (word.startsWith("-") && word !== "-") readShort(table, word, rest, set)
    else args.push(word)
  }
  return { args, values }
}

type Set = (name: string, flag: Flag, value: string, shown: string) => void

/** What a flag means without a value; undefined when it needs one. */
const bare = ({ kind }: Flag) => bareValues.get(kind)
const bareValues = new Map([
  ["switch", "true"],
  ["percent", "100"],
  ["folder", ""],
])

function readLong(table: FlagTable, word: string, rest: string[], set: Set): void {
  const equals = word.indexOf("=")
  const name = word.slice(2, equals < 0 ? undefined : equals)
  const flag = Object.hasOwn(table, name) ? table[name] : undefined
  if (flag === undefined) throw new FlagError(`unknown flag: --${name}`, true)
  const value = equals < 0 ? (bare(flag) ?? rest.shift()) : word.slice(equals + 1)
  if (value === undefined) throw new FlagError(`flag needs an argument: --${name}`)
  set(name, flag, value, flag.short === undefined ? `--${name}` : `-${flag.short}, --${name}`)
}

function readShort(table: FlagTable, word: string, rest: string[], set: Set): void {
  for (let letters = word.slice(1); letters !== ""; ) {
    const letter = letters[0] ?? ""
    const [name, flag] = Object.entries(table).find(([, { short }]) => short === letter) ?? []
    if (name === undefined || flag === undefined) throw new FlagError(`unknown shorthand flag: '${letter}' in ${word}`)
    letters = letters.slice(1)
    const shown = `-${letter}, --${name}`
    const alone = letters.startsWith("=") ? undefined : bare(flag)
    const value = alone ?? (letters === "" ? rest.shift() : letters.replace(/^=/, ""))
    if (value === undefined) throw new FlagError(`flag needs an argument: '${letter}' in ${word}`)
    set(name, flag, value, shown)
    if (alone === undefined) letters = ""
  }
}

const yes = ["1", "t", "T", "TRUE", "true", "True"]
const no = ["0", "f", "F", "FALSE", "false", "False"]

function checkValue({ kind }: Flag, value: string, shown: string): void {
  const wrong = (reason: string) =>
    new FlagError(`invalid argument ${JSON.stringify(value)} for "${shown}" flag: ${reason}`)
  if (kind === "switch" && !yes.includes(value) && !no.includes(value)) throw wrong("expected true or false")
  if (kind === "number" && !/^[+-]?\d{1,15}$/.test(value)) throw wrong("expected a whole number")
  if (kind === "percent" && !/^\d{1,15}$/.test(value)) throw wrong("expected a whole number that is not negative")
}

const last = ({ values }: Line, name: string) => values.get(name)?.at(-1)
export const textOf = (line: Line, name: string) => last(line, name) ?? ""
export const switchOf = (line: Line, name: string) => yes.includes(last(line, name) ?? "false")
export const numberOf = (line: Line, name: string, preset: number) => Number(last(line, name) ?? preset)
/** Undefined when the flag is absent; "" when it has no value. */
export const optionalOf = (line: Line, name: string) => last(line, name)
export const listOf = ({ values }: Line, name: string) => values.get(name) ?? []
