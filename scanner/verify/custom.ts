import { parse } from "smol-toml"
import { ConfigError } from "../rule.ts"
import { bearer, type Question, question } from "./http.ts"
import type { Verifier } from "./verifier.ts"

/**
 * Verifiers from a rule file: a table `verify` in a rule, which Gitleaks passes over.
 *
 *     [[rules]]
 *     id = "acme-token"
 *     regex = '''acme_[a-z0-9]{32}'''
 *     [rules.verify]
 *     url = "https://api.acme.example/v1/me"
 *     method = "GET"                                  # or POST, with body
 *     headers = { Authorization = "Bearer {secret}" } # the default
 *     alive = [200]
 *     dead = [401]
 *     facts = { user = "data.login" }
 *
 * `{secret}` in url, headers and body stands for what the rule found. Throws {@link ConfigError} with what is wrong.
 */
export function customVerifiers(toml: string, where = "the configuration"): Verifier[] {
  const root = tableOf(parsed(toml, where), where)
  const rules = root.rules ?? []
  if (!Array.isArray(rules)) throw new ConfigError(`${where}: rules must be an array of tables`)
  return rules.flatMap((rule: unknown, i) => {
    const { id, verify } = tableOf(rule, `${where}: rules[${i}]`)
    if (verify === undefined) return []
    if (typeof id !== "string" || id === "") throw new ConfigError(`${where}: rules[${i}] has verify and no id`)
    return [customVerifier(id, tableOf(verify, `${where}: ${id}: verify`), `${where}: ${id}: verify`)]
  })
}

/** Gitleaks follows `extend.path` this often. */
const maxExtendDepth = 2

/**
 * The verifiers of a rule file and of those that it extends; of two for one rule the extending file's counts. `isTrusted` tells
 * whether an extended file may say where secrets are sent; those of others are left out with a warning.
 */
export function customVerifiersIn(
  path: string,
  options: { read(path: string): string; isTrusted(path: string): boolean; warn(text: string): void },
): Verifier[] {
  const text = options.read(path)
  const all = customVerifiers(text, path)
  let extended = extendedBy(text, path)
  for (let depth = 0; extended !== "" && depth < maxExtendDepth; depth++) {
    const inner = options.read(extended)
    const found = customVerifiers(inner, extended)
    if (options.isTrusted(extended)) all.push(...found)
    else if (found.length > 0)
      options.warn(
        `The verifiers of ${extended} are not used: it lies in what is scanned, and whoever writes the code writes it. Name it with --config to use them.`,
      )
    extended = extendedBy(inner, extended)
  }
  return all
}

function extendedBy(toml: string, where: string): string {
  const { extend } = tableOf(parsed(toml, where), where)
  return extend === undefined ? "" : (textOf(tableOf(extend, `${where}: extend`), "path", `${where}: extend`) ?? "")
}

function parsed(toml: string, where: string): unknown {
  try {
    return parse(toml)
  } catch (error) {
    throw new ConfigError(`Cannot read ${where}: ${error instanceof Error ? error.message : String(error)}`)
  }
}

type Table = Record<string, unknown>

function tableOf(value: unknown, where: string): Table {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new ConfigError(`${where} must be a table`)
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key.toLowerCase(), item]))
}

const known = new Set(["url", "method", "headers", "body", "alive", "dead", "facts", "issuer"])

function customVerifier(id: string, from: Table, where: string): Verifier {
  for (const key of Object.keys(from))
    if (!known.has(key)) throw new ConfigError(`${where}: unknown key "${key}"; known: ${[...known].join(", ")}`)
  const url = textOf(from, "url", where)
  if (url === undefined) throw new ConfigError(`${where}: url is missing`)
  checkUrl(url, where)
  const method = (textOf(from, "method", where) ?? "GET").toUpperCase()
  if (method !== "GET" && method !== "POST") throw new ConfigError(`${where}: method must be GET or POST`)
  const body = textOf(from, "body", where)
  if (body !== undefined && method === "GET") throw new ConfigError(`${where}: a body needs method = "POST"`)
  const alive = numbersOf(from, "alive", where)
  const dead = numbersOf(from, "dead", where)
  const asked: Question = {
    issuer: textOf(from, "issuer", where) ?? new URL(url.replaceAll("{secret}", "x")).hostname,
    rules: [id],
    ...(method === "GET" ? { get: url } : { post: url }),
    auth: authOf(from, where),
    ...(body === undefined ? {} : { body }),
    ...(alive === undefined ? {} : { alive }),
    ...(dead === undefined ? {} : { dead }),
    facts: textsOf(from, "facts", where),
  }
  return { ...question(asked), userNamed: true }
}

/** The secret may not choose the host that it is sent to. */
function checkUrl(url: string, where: string): void {
  if (!/^https:\/\/[^/{}@?#\s]+(?:[/?#]|$)/.test(url))
    throw new ConfigError(`${where}: url must begin with https:// and a host without {…}`)
}

function authOf(from: Table, where: string): Question["auth"] {
  const headers = textsOf(from, "headers", where)
  if (Object.keys(headers).length === 0) return from.url?.toString().includes("{secret}") ? () => ({}) : bearer
  return secret => ({
    headers: Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name, value.replaceAll("{secret}", secret)]),
    ),
  })
}

function textOf(from: Table, key: string, where: string): string | undefined {
  const value = from[key]
  if (value === undefined || typeof value === "string") return value
  throw new ConfigError(`${where}: ${key} must be a string`)
}

function textsOf(from: Table, key: string, where: string): Record<string, string> {
  const value = from[key]
  if (value === undefined) return {}
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new ConfigError(`${where}: ${key} must be a table of strings`)
  return Object.fromEntries(
    Object.entries(value).map(([name, text]) => {
      if (typeof text !== "string") throw new ConfigError(`${where}: ${key}.${name} must be a string`)
      return [name, text]
    }),
  )
}

function numbersOf(from: Table, key: string, where: string): number[] | undefined {
  const value = from[key]
  if (value === undefined) return undefined
  if (!Array.isArray(value) || !value.every(one => typeof one === "number"))
    throw new ConfigError(`${where}: ${key} must be an array of numbers`)
  return value
}
