import { readFileSync, statSync } from "node:fs"
import { join, resolve } from "node:path"
import type { CompiledRules } from "../detect/ruleset.ts"
import { ConfigError } from "../rule.ts"
import { messageOf } from "../sources/source.ts"
import { builtRules, compiledOnce, type RuleStore, ruleStore } from "./store.ts"

export type FindRequest = {
  /** The file named by `--config`. */
  config?: string
  /** What is scanned: a folder may hold a `.gitleaks.toml`. */
  source: string
  cwd: string
  env: Readonly<Record<string, string | undefined>>
  warn(text: string): void
}

export type FoundRules = {
  rules: CompiledRules
  /** Changes with the rules and with the program: what was found under one key will be found again. */
  key: string
  /** Where the rules come from, for people. */
  origin: string
}

type Origin = { text: string; where: string; path?: string }

/**
 * The rules to scan with, in Gitleaks' order: `--config`, `GITLEAKS_CONFIG` (a path), `GITLEAKS_CONFIG_TOML` (a text),
 * `.gitleaks.toml` in the scanned folder, the default rules. Throws ConfigError when they cannot be used.
 */
export async function findRules(request: FindRequest): Promise<FoundRules> {
  const store = ruleStore(request.env)
  const origin = findOrigin(request)
  if (origin === undefined) return defaultRules(store)
  const { rules, key } = await compiledOnce(store, origin.text, () => compileToml(origin, request))
  return { rules, key, origin: origin.where }
}

export async function defaultRules(store: RuleStore): Promise<FoundRules> {
  const built = builtRules()
  const { rules, key } = built ?? (await compiledOnce(store, "default", compileDefault))
  return { rules, key, origin: "the default rules" }
}

async function compileDefault() {
  const { compileMeasured } = await import("../detect/compile.ts")
  const { defaultConfig } = await import("../rules/index.ts")
  return { rules: compileMeasured(defaultConfig()), mayKeep: true }
}

function findOrigin({ config, source, cwd, env }: FindRequest): Origin | undefined {
  if (config !== undefined && config !== "") return fileOrigin(config, cwd)
  const { GITLEAKS_CONFIG: path, GITLEAKS_CONFIG_TOML: text } = env
  if (path !== undefined && path !== "") return fileOrigin(path, cwd)
  if (text !== undefined && text !== "") return { text, where: "GITLEAKS_CONFIG_TOML" }
  const stat = statSync(resolve(cwd, source), { throwIfNoEntry: false })
  if (stat === undefined) throw new ConfigError(`stat ${source}: no such file or directory`)
  if (!stat.isDirectory()) return undefined
  const beside = join(source, ".gitleaks.toml")
  return isThere(resolve(cwd, beside)) ? fileOrigin(beside, cwd) : undefined
}

function fileOrigin(path: string, cwd: string): Origin {
  try {
    return { text: readFileSync(resolve(cwd, path), "utf8"), where: path, path }
  } catch (error) {
    throw new ConfigError(`unable to load gitleaks config, err: ${messageOf(error)}`)
  }
}

const isThere = (path: string) => statSync(path, { throwIfNoEntry: false }) !== undefined

async function compileToml(
  { text, path }: Origin,
  { cwd, warn }: FindRequest,
): Promise<{ rules: CompiledRules; mayKeep: boolean }> {
  const { compileRules, measuredPatterns } = await import("../detect/compile.ts")
  const { loadToml } = await import("./toml.ts")
  const { defaultConfig } = await import("../rules/index.ts")
  // What depends on other files, or has something to say each time, is read anew.
  let mayKeep = true
  const config = loadToml(text, path, {
    read: extended => {
      mayKeep = false
      return readFileSync(resolve(cwd, extended), "utf8")
    },
    defaultConfig,
    warn: warning => {
      mayKeep = false
      warn(warning)
    },
  })
  return { rules: compileRules(config, measuredPatterns(defaultConfig())), mayKeep }
}
