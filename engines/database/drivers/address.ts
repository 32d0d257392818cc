/** Where a database is, read from a connection's address before any value is put into it: nothing a value holds moves a part. */

import { refuse } from "@arca/api"

export interface Place {
  readonly host: string
  readonly port: number
}

export interface Address {
  readonly scheme: string
  readonly username: string
  readonly password: string
  readonly places: readonly Place[]
  /** Without its leading slash. */
  readonly path: string
  readonly query: ReadonlyMap<string, string>
}

export interface Account {
  readonly username: string
  readonly password: string
  /** The account's values are percent-encoded already (`disable_escaping`). */
  readonly disable_escaping: boolean
}

const decode = (text: string): string => {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** Puts the account's name and password in the place of their placeholders. */
function fillIn(text: string, { username, password, disable_escaping }: Account): string {
  const value = (given: string) => (disable_escaping ? decode(given) : given)
  return text
    .split(/(\{\{username\}\}|\{\{password\}\})/)
    .map(part => (part === "{{username}}" ? value(username) : part === "{{password}}" ? value(password) : decode(part)))
    .join("")
}

/** Refuses what would be put into itself, as Vault does. */
export function checkAccount({ username, password }: Account): void {
  if (/\{\{(username|password)\}\}/.test(username + password))
    throw refuse.invalid("username and/or password cannot contain the template variables")
}

const URL_FORM = /^([a-z][a-z0-9+.-]*):\/\/(?:([^/?#]*)@)?([^/?#@]*)(?:\/([^?#]*))?(?:\?([^#]*))?$/is

/** An address in the form of a URL, with any number of hosts. */
export function readUrl(text: string, account: Account, defaultPort: number): Address {
  checkAccount(account)
  if (text === "") throw refuse.invalid("connection_url cannot be empty")
  const found = URL_FORM.exec(text.trim())
  if (found === null)
    throw refuse.invalid("connection_url is no URL; it looks like scheme://{{username}}:{{password}}@host:port/name")
  const [, scheme = "", user = "", hosts = "", path = "", query = ""] = found
  const colon = user.indexOf(":")
  const name = colon < 0 ? user : user.slice(0, colon)
  return {
    scheme: scheme.toLowerCase(),
    username: fillIn(name, account),
    password: colon < 0 ? "" : fillIn(user.slice(colon + 1), account),
    places: placesOf(hosts, defaultPort),
    path: fillIn(path, account),
    query: queryOf(query, account),
  }
}

export function placesOf(hosts: string, defaultPort: number): Place[] {
  return hosts
    .split(",")
    .map(one => one.trim())
    .filter(one => one !== "")
    .map(one => {
      const [, bracketed, plain = "", port] = /^(?:\[([^\]]+)\]|([^:]*))(?::(\d+))?$/.exec(one) ?? []
      const host = decode(bracketed ?? plain)
      if (host === "") throw refuse.invalid(`connection_url has an unreadable host ${JSON.stringify(one)}`)
      return { host, port: port === undefined ? defaultPort : Number(port) }
    })
}

function queryOf(text: string, account: Account): Map<string, string> {
  const query = new Map<string, string>()
  for (const pair of text.split("&").filter(one => one !== "")) {
    const at = pair.indexOf("=")
    const [name, value] = at < 0 ? [pair, ""] : [pair.slice(0, at), pair.slice(at + 1)]
    query.set(decode(name.replaceAll("+", " ")), fillIn(value.replaceAll("+", "%20"), account))
  }
  return query
}

/** PostgreSQL's other form: `host=db port=5432 user={{username}} password='{{password}}' dbname=app`. */
export function readKeywords(text: string, account: Account, defaultPort: number): Address {
  checkAccount(account)
  const found = new Map<string, string>()
  const pair = /\s*([a-z_]+)\s*=\s*(?:'((?:[^'\\]|\\.)*)'|((?:[^\s'\\]|\\.)*))\s*/giy
  while (pair.lastIndex < text.length) {
    const [, name, quoted, bare = ""] = pair.exec(text) ?? []
    if (name === undefined)
      throw refuse.invalid(
        "connection_url cannot be read; it looks like host=db user={{username}} password={{password}}",
      )
    const value = (quoted ?? bare).replaceAll(/\\(.)/g, "$1")
    const filled = value.split(/(\{\{username\}\}|\{\{password\}\})/).map(part => {
      if (part === "{{username}}") return account.username
      return part === "{{password}}" ? account.password : part
    })
    found.set(name.toLowerCase(), filled.join(""))
  }
  const take = (name: string) => {
    const value = found.get(name) ?? ""
    found.delete(name)
    return value
  }
  const [hosts, ports] = [take("host").split(","), take("port").split(",")]
  return {
    scheme: "postgresql",
    username: take("user"),
    password: take("password"),
    places: hosts
      .filter(host => host !== "")
      .map((host, at) => ({ host, port: Number(ports[at] || ports[0]) || defaultPort })),
    path: take("dbname"),
    query: found,
  }
}

const TCP = /^(?:(.*)@)?(?:(tcp|tcp6|unix)\(([^)]*)\)|([a-z]+))?\/([^?]*)(?:\?(.*))?$/is

/** MySQL's form in Go: `{{username}}:{{password}}@tcp(db:3306)/app?tls=true`. */
export function readGoMysql(text: string, account: Account, defaultPort: number): Address {
  checkAccount(account)
  if (text === "") throw refuse.invalid("connection_url cannot be empty")
  if (/^mysql:\/\//i.test(text)) return readUrl(text, account, defaultPort)
  const found = TCP.exec(text.trim())
  if (found === null)
    throw refuse.invalid("connection_url cannot be read; it looks like {{username}}:{{password}}@tcp(host:port)/name")
  const [, user = "", net = "tcp", hosts = "", , path = "", query = ""] = found
  if (net.toLowerCase() === "unix")
    throw refuse.invalid("connections over unix sockets are not supported; use tcp(host:port)")
  const colon = user.indexOf(":")
  const raw = (part: string) =>
    part.replaceAll("{{username}}", () => account.username).replaceAll("{{password}}", () => account.password)
  return {
    scheme: "mysql",
    username: raw(colon < 0 ? user : user.slice(0, colon)),
    password: colon < 0 ? "" : raw(user.slice(colon + 1)),
    places: placesOf(hosts === "" ? "127.0.0.1" : hosts, defaultPort),
    path: decode(path),
    query: queryOf(query, account),
  }
}

/** Where a password can stand in an address that has no placeholder for it; the second group is the password. */
const PASSWORDS = [
  // scheme://user:password@host
  /^([a-z][a-z0-9+.-]*:\/\/[^:/?#@]*:)(?!\{\{password\}\}@)(.*)(?=@)/gis,
  // user:password@tcp(host), as MySQL and Snowflake have it
  /^([^:/@]*:)(?!\{\{password\}\}@)(?!\/\/)(.*)(?=@)/gis,
  // user/password@host, as Oracle has it
  /^([^:/@]+\/)(?!\{\{password\}\}@)(?!\/)(.*)(?=@)/gis,
  // password=…
  /(\b(?:password|pwd)\s*=\s*)(?!'?\{\{password\}\})('(?:[^'\\]|\\.)*'|[^\s;&]*)/gi,
]

/** What can be shown of a connection's address: without a password that stands in it. */
export const redacted = (text: string): string =>
  PASSWORDS.reduce((shown, pattern) => shown.replace(pattern, "$1xxxxx"), text)

/** The passwords that stand in an address itself. */
export const passwordsIn = (text: string): string[] =>
  PASSWORDS.flatMap(pattern => [...text.matchAll(pattern)].map(([, , password = ""]) => password))
