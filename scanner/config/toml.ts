import { parse, TomlError } from "smol-toml"
import { parsePattern } from "../re2/parse.ts"
import { type Allowlist, type Config, ConfigError, type Required, type Rule } from "../rule.ts"

/** Where a configuration may lead to. */
export type LoadOptions = {
  /** Reads the file named by `extend.path`, relative to the working directory as in Gitleaks. */
  read(path: string): string
  /** What `extend.useDefault` stands for. */
  defaultConfig(): Config
  warn(text: string): void
}

const maxExtendDepth = 2
const implementedVersion = [8, 30, 1]

/**
 * Reads a Gitleaks configuration (`.gitleaks.toml`), all keys of it, with Gitleaks' way of extending another one.
 * Throws {@link ConfigError} with the reason when it cannot be used.
 */
export function loadToml(text: string, path: string | undefined, options: LoadOptions): Config {
  const config = validated(read(text, path, options, 0))
  return path === undefined ? config : { ...config, path }
}

function read(text: string, path: string | undefined, options: LoadOptions, depth: number): Config {
  const where = path ?? "the configuration"
  const root = table(parsed(text, where), where)
  const rules = uniqueRules(
    list(root, "rules", where).map((item, i) => readRule(table(item, `${where}: rules[${i}]`), i)),
  )
  checkRequired(rules)
  warnOfVersion(string(root, "minversion", where), where, options)
  const { global, targeted } = readGlobalAllowlists(root, where)
  const own: Config = { title: string(root, "title", where), rules, allowlists: global }
  const extended =
    depth < maxExtendDepth ? extend(own, table(root.get("extend") ?? {}, `${where}: extend`), options, depth) : own
  return depth === 0 ? withTargeted(extended, targeted) : extended
}

function parsed(text: string, where: string): unknown {
  try {
    return parse(text)
  } catch (error) {
    if (error instanceof TomlError) throw new ConfigError(`Cannot read ${where}: ${error.message}`)
    throw error
  }
}

/** Viper, through which Gitleaks reads, takes keys in any case. */
type Table = Map<string, unknown>

function table(value: unknown, where: string): Table {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new ConfigError(`${where} must be a table`)
  return new Map(Object.entries(value).map(([key, item]) => [key.toLowerCase(), item]))
}

function list(from: Table, key: string, where: string): unknown[] {
  const value = from.get(key)
  if (value === undefined) return []
  if (!Array.isArray(value)) throw new ConfigError(`${where}: ${key} must be an array`)
  return value
}

/** Viper also takes one string where a list is asked for, split at commas. */
function strings(from: Table, key: string, where: string): string[] {
  const value = from.get(key)
  if (typeof value === "string") return value === "" ? [] : value.split(",")
  return list(from, key, where).map(item => scalar(item, `${where}: ${key}`))
}

function scalar(value: unknown, where: string): string {
  if (typeof value === "string") return value
  if (typeof value === "number" || typeof value === "bigint" || typeof value === "boolean") return String(value)
  throw new ConfigError(`${where} must be a string`)
}

const string = (from: Table, key: string, where: string) =>
  from.has(key) ? scalar(from.get(key), `${where}: ${key}`) : ""

function number(from: Table, key: string, where: string): number | undefined {
  const value = from.get(key)
  if (value === undefined) return undefined
  const read = typeof value === "string" && value.trim() !== "" ? Number(value) : value
  if (typeof read !== "number" || Number.isNaN(read)) throw new ConfigError(`${where}: ${key} must be a number`)
  return read
}

function readRule(from: Table, index: number): Rule {
  const id = string(from, "id", `rules[${index}]`)
  const where = id === "" ? `rules[${index}]` : id
  const regex = string(from, "regex", where)
  const path = string(from, "path", where)
  for (const pattern of [regex, path]) checkedPattern(pattern, where)
  return {
    id,
    description: string(from, "description", where),
    ...(regex === "" ? {} : { regex }),
    ...(path === "" ? {} : { path }),
    secretGroup: number(from, "secretgroup", where) ?? 0,
    entropy: number(from, "entropy", where) ?? 0,
    keywords: strings(from, "keywords", where).map(keyword => keyword.toLowerCase()),
    tags: strings(from, "tags", where),
    skipReport: from.get("skipreport") === true,
    required: list(from, "required", where).map(item => readRequired(table(item, `${where}: required`), where)),
    allowlists: readAllowlists(from, "rules.", where),
  }
}

/** How many groups the pattern has. */
function checkedPattern(source: string, where: string): number {
  try {
    return parsePattern(source).groups
  } catch (error) {
    throw new ConfigError(`${where}: ${error instanceof Error ? error.message : String(error)}`)
  }
}

function readRequired(from: Table, where: string): Required {
  const id = string(from, "id", where)
  if (id === "") throw new ConfigError(`${where}: [[rules.required]] rule ID is empty`)
  const withinLines = number(from, "withinlines", where)
  const withinColumns = number(from, "withincolumns", where)
  return {
    id,
    ...(withinLines === undefined ? {} : { withinLines }),
    ...(withinColumns === undefined ? {} : { withinColumns }),
  }
}

/** The older single table `allowlist`, or the list `allowlists`; both are refused. */
function allowlistTables(from: Table, prefix: string, where: string): Table[] {
  const many = list(from, "allowlists", where)
  const old = from.get("allowlist")
  if (old !== undefined && many.length > 0)
    throw new ConfigError(
      `${where}: [${prefix}allowlist] is deprecated, it cannot be used alongside [[${prefix}allowlists]]`,
    )
  return (old === undefined ? many : [old]).map(item => table(item, `${where}: [[${prefix}allowlists]]`))
}

const readAllowlists = (from: Table, prefix: string, where: string) =>
  allowlistTables(from, prefix, where).map(one => readAllowlist(one, `${where}: [[${prefix}allowlists]]`))

function readAllowlist(from: Table, where: string): Allowlist {
  const allowlist: Allowlist = {
    description: string(from, "description", where),
    condition: readCondition(string(from, "condition", where), where),
    commits: strings(from, "commits", where),
    paths: strings(from, "paths", where),
    regexTarget: readTarget(string(from, "regextarget", where), where),
    regexes: strings(from, "regexes", where),
    stopwords: strings(from, "stopwords", where),
  }
  for (const pattern of [...allowlist.paths, ...allowlist.regexes]) checkedPattern(pattern, where)
  const { commits, paths, regexes, stopwords } = allowlist
  if (commits.length + paths.length + regexes.length + stopwords.length === 0)
    throw new ConfigError(`${where} must contain at least one check for: commits, paths, regexes, or stopwords`)
  return allowlist
}

function readCondition(text: string, where: string): Allowlist["condition"] {
  const upper = text.toUpperCase()
  if (upper === "AND" || upper === "&&") return "and"
  if (upper === "" || upper === "OR" || upper === "||") return "or"
  throw new ConfigError(`${where}: unknown allowlist |condition| '${text}' (expected 'and', 'or')`)
}

function readTarget(text: string, where: string): Allowlist["regexTarget"] {
  if (text === "" || text === "secret") return "secret"
  if (text === "match" || text === "line") return text
  throw new ConfigError(`${where}: unknown allowlist |regexTarget| '${text}' (expected 'match', 'line')`)
}

/** Of two rules with one id the last counts, in the place of the first. */
function uniqueRules(rules: Rule[]): Rule[] {
  return [...new Map(rules.map(rule => [rule.id, rule])).values()]
}

function checkRequired(rules: Rule[]): void {
  const ids = new Set(rules.map(rule => rule.id))
  for (const rule of rules)
    for (const { id } of rule.required)
      if (!ids.has(id)) throw new ConfigError(`${rule.id}: [[rules.required]] rule ID '${id}' does not exist`)
}

function warnOfVersion(minimum: string, where: string, options: LoadOptions): void {
  const parts = /^v?(\d+)\.(\d+)\.(\d+)/.exec(minimum)?.slice(1).map(Number)
  if (parts === undefined) return
  const order = parts.map((part, i) => part - (implementedVersion[i] ?? 0)).find(difference => difference !== 0)
  if (order !== undefined && order > 0)
    options.warn(`${where} asks for Gitleaks ${minimum}; rules newer than ${implementedVersion.join(".")} may not work`)
}

function readGlobalAllowlists(root: Table, where: string): { global: Allowlist[]; targeted: [string, Allowlist][] } {
  const global: Allowlist[] = []
  const targeted: [string, Allowlist][] = []
  for (const from of allowlistTables(root, "", where)) {
    const allowlist = readAllowlist(from, `${where}: [[allowlists]]`)
    const targets = strings(from, "targetrules", where)
    if (targets.length === 0) global.push(allowlist)
    for (const id of targets) targeted.push([id, allowlist])
  }
  return { global, targeted }
}

function withTargeted(config: Config, targeted: [string, Allowlist][]): Config {
  const ids = new Set(config.rules.map(rule => rule.id))
  for (const [id] of targeted)
    if (!ids.has(id)) throw new ConfigError(`[[allowlists]] target rule ID '${id}' does not exist`)
  const rules = config.rules.map(rule => ({
    ...rule,
    allowlists: [...rule.allowlists, ...targeted.filter(([id]) => id === rule.id).map(([, allowlist]) => allowlist)],
  }))
  return { ...config, rules }
}

function extend(own: Config, from: Table, options: LoadOptions, depth: number): Config {
  const path = string(from, "path", "extend")
  const useDefault = from.get("usedefault") === true
  if (path !== "" && useDefault)
    throw new ConfigError("unable to load config due to extend.path and extend.useDefault being set")
  if (path === "" && !useDefault) return own
  const other = useDefault ? options.defaultConfig() : read(options.read(path), path, options, depth + 1)
  const disabled = new Set(strings(from, "disabledrules", "extend"))
  for (const id of disabled)
    if (!other.rules.some(rule => rule.id === id))
      options.warn(`Disabled rule "${id}" is not in the extended configuration`)
  return mergeConfigs(own, { ...other, rules: other.rules.filter(rule => !disabled.has(rule.id)) })
}

/** Rules of one id are merged, others added. */
function mergeConfigs(own: Config, other: Config): Config {
  const inherited = new Map(other.rules.map(rule => [rule.id, rule]))
  const rules = own.rules.map(rule => {
    const from = inherited.get(rule.id)
    inherited.delete(rule.id)
    return from === undefined ? rule : mergeRules(from, rule)
  })
  const all = [...rules, ...inherited.values()]
  // Gitleaks orders an extended rule set by id.
  all.sort((a, b) => (a.id < b.id ? -1 : 1))
  return { ...own, rules: all, allowlists: [...own.allowlists, ...other.allowlists] }
}

/** What a rule sets overrides; lists grow. As in Gitleaks `required` and `skipReport` of the override are lost. */
function mergeRules(from: Rule, over: Rule): Rule {
  const regex = over.regex ?? from.regex
  const path = over.path ?? from.path
  return {
    ...from,
    description: over.description === "" ? from.description : over.description,
    entropy: over.entropy === 0 ? from.entropy : over.entropy,
    secretGroup: over.secretGroup === 0 ? from.secretGroup : over.secretGroup,
    ...(regex === undefined ? {} : { regex }),
    ...(path === undefined ? {} : { path }),
    tags: [...from.tags, ...over.tags],
    keywords: [...from.keywords, ...over.keywords],
    allowlists: [...from.allowlists, ...over.allowlists],
  }
}

function validated(config: Config): Config {
  for (const rule of config.rules) {
    if (rule.id.trim() === "")
      throw new ConfigError(
        `rule |id| is missing or empty, description: ${rule.description}, regex: ${rule.regex ?? ""}`,
      )
    if (rule.regex === undefined && rule.path === undefined)
      throw new ConfigError(`${rule.id}: both |regex| and |path| are empty, this rule will have no effect`)
    const groups = rule.regex === undefined ? rule.secretGroup : checkedPattern(rule.regex, rule.id)
    if (rule.secretGroup > groups)
      throw new ConfigError(
        `${rule.id}: invalid regex secret group ${rule.secretGroup}, max regex secret group ${groups}`,
      )
  }
  return config
}
