import type { Verification } from "../finding.ts"
import { type Credential, dead, type Outgoing, type Reply, unknown, type Verifier, verified } from "./verifier.ts"

/** How a credential is shown to its issuer. */
export type Auth = (secret: string, credential: Credential) => { headers?: Record<string, string>; hide?: string[] }

export const bearer: Auth = secret => ({ headers: { authorization: `Bearer ${secret}` } })
export const token: Auth = secret => ({ headers: { authorization: `token ${secret}` } })
/** As a header of its own, or behind a word in `authorization`. */
export const header =
  (name: string, before = ""): Auth =>
  secret => ({ headers: { [name]: before + secret } })
/** Basic authentication with the secret as the user's name, or as the password of a user. */
export const basicUser: Auth = secret => basicPair(secret, "")
export const basicPassword =
  (user: string): Auth =>
  secret =>
    basicPair(user, secret)

export function basicPair(user: string, password: string) {
  const pair = Buffer.from(`${user}:${password}`).toString("base64")
  return { headers: { authorization: `Basic ${pair}` }, hide: [pair] }
}

export const none: Auth = () => ({})

/** What a verifier of one question says: where to ask, how, and what the answers mean. */
export type Question = {
  issuer: string
  rules: string[]
  /** `{secret}` stands for the secret, encoded for a URL. Several: until one does not say "dead". */
  get?: string | string[]
  post?: string | string[]
  auth: Auth
  headers?: Record<string, string>
  body?: string
  /** Hosts below which a URL with `{...}` may lie. */
  hosts?: string[]
  selfManaged?: string
  /** Statuses of a live credential. Default: 200. */
  alive?: number[]
  /** Statuses of a dead one. Default: 401. */
  dead?: number[]
  /** Facts and where they stand: a path into the JSON answer, or `header:name`. */
  facts?: Record<string, string>
  /** Decides before the statuses do; undefined leaves it to them. */
  judge?(reply: Reply, credential: Credential): Verification | undefined
  /** Values for further `{...}` in the URL; a text says what is missing. */
  fill?(credential: Credential): Record<string, string> | string
}

/** Makes a verifier of a question. A refusal that is not listed, such as a firewall's 403, is `unknown`. */
export function question(asked: Question): Verifier {
  const { issuer, rules, selfManaged } = asked
  const templates = [asked.get ?? asked.post ?? []].flat()
  const method = asked.get === undefined ? "POST" : "GET"
  const fixedHosts = templates.map(url => /^https:\/\/([^/{}?]+)/.exec(url)?.[1] ?? "").filter(host => host !== "")
  return {
    issuer,
    rules,
    hosts: asked.hosts ?? [...new Set(fixedHosts)],
    ...(selfManaged === undefined ? {} : { selfManaged }),
    requests(credential) {
      const values = asked.fill?.(credential) ?? {}
      if (typeof values === "string") return values
      const { headers = {}, hide = [] } = asked.auth(credential.secret, credential)
      return templates.map((template): Outgoing => {
        const url = fillIn(template, { secret: credential.secret, ...values })
        return {
          method,
          url: credential.host === undefined ? url : atHost(url, credential.host),
          headers: { ...asked.headers, ...headers },
          ...(asked.body === undefined ? {} : { body: fillIn(asked.body, { secret: credential.secret, ...values }) }),
          hide,
        }
      })
    },
    read: (reply, credential) => read(asked, reply, credential),
  }
}

const fillIn = (template: string, values: Record<string, string>) =>
  template.replaceAll(/\{(\w+)\}/g, (whole, name) => {
    const value = values[name]
    return value === undefined ? whole : encodeURIComponent(value)
  })

function atHost(url: string, host: string): string {
  const moved = new URL(url)
  moved.host = host
  return moved.href
}

function read(asked: Question, reply: Reply, credential: Credential): Verification {
  const judged = asked.judge?.(reply, credential)
  if (judged !== undefined) return judged
  const { alive = [200], dead: refused = [401] } = asked
  if (alive.includes(reply.status)) {
    // A page for people is a gateway's answer, not the issuer's.
    if (/^\s*<(?:!doctype|html)/i.test(reply.text)) return unknown("answered with a page, not with data")
    return verified(factsOf(reply, asked.facts ?? {}))
  }
  if (refused.includes(reply.status)) return dead()
  return unknown(`answered ${reply.status}`)
}

export function factsOf(reply: Reply, wanted: Record<string, string>): Record<string, string> {
  const facts: Record<string, string> = {}
  for (const [name, place] of Object.entries(wanted)) {
    const value = place.startsWith("header:") ? reply.headers[place.slice(7)] : textAt(reply.json, place)
    if (value !== undefined && value !== "") facts[name] = value
  }
  return facts
}

const maxFactLength = 300

/** The value at a path such as `data.0.email`: a text, a number, or a list of them. */
export function textAt(json: unknown, path: string): string | undefined {
  let value = json
  for (const key of path === "" ? [] : path.split(".")) {
    if (typeof value !== "object" || value === null) return undefined
    value = Reflect.get(value, key)
  }
  if (Array.isArray(value)) return value.filter(isPlain).join(" ").slice(0, maxFactLength)
  return isPlain(value) ? String(value).slice(0, maxFactLength) : undefined
}

const isPlain = (value: unknown): value is string | number | boolean =>
  typeof value === "string" || typeof value === "number" || typeof value === "boolean"
