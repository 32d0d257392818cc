import { connect as connectPlain, type Socket } from "node:net"
import { connect as connectTls } from "node:tls"
import type { Verification } from "../finding.ts"
import { SendError } from "./send.ts"
import { type ConnectCheck, type ConnectLimits, type Credential, dead, unknown, verified } from "./verifier.ts"

// A login and nothing else: no statement is run. The address is looked up once, so that what was allowed is what is used.

type Login = { url: URL; host: string; port: number; user: string; password: string; database: string }

function loginOf({ match }: Credential, defaultPort: number): Login | undefined {
  let url: URL
  try {
    url = new URL(match.trim())
  } catch {
    return undefined
  }
  return {
    url,
    host: url.hostname,
    port: url.port === "" ? defaultPort : Number(url.port),
    user: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
    database: decodeURIComponent(url.pathname.slice(1)),
  }
}

const loginCheck = (
  issuer: string,
  rules: string[],
  port: number,
  logIn: (login: Login, address: string, limits: ConnectLimits) => Promise<Verification>,
): ConnectCheck => ({
  issuer,
  rules,
  async connect(credential, limits) {
    const login = loginOf(credential, port)
    if (login === undefined) return unknown("the connection URL cannot be read")
    const server = `${login.host}:${login.port}`
    try {
      const verdict = await logIn(login, await limits.resolve(login.host), limits)
      return { ...verdict, facts: { server, user: login.user, ...verdict.facts } }
    } catch (error) {
      return unknown(error instanceof SendError ? error.message : `cannot connect: ${codeOf(error)}`, { server })
    }
  },
})

function codeOf(error: unknown): string {
  if (typeof error !== "object" || error === null) return "failed"
  const code = Reflect.get(error, "code")
  return typeof code === "string" ? code : "failed"
}

async function absent<T>(name: string, load: Promise<T>): Promise<T> {
  return await load.catch(() => {
    throw new SendError(`the package ${name} is not installed: npm install ${name}`)
  })
}

// SQLSTATE class 28: invalid authorization; 3D000: the login was right, the database does not exist.
async function postgres({ url, port, user, password, database }: Login, address: string, limits: ConnectLimits) {
  const { default: pg } = await absent("pg", import("pg"))
  const wantsTls = /sslmode=(?:require|verify)/.test(url.search)
  const client = new pg.Client({
    host: address,
    port,
    user,
    password,
    database: database || user,
    connectionTimeoutMillis: limits.timeoutMs,
    ssl: wantsTls ? { servername: url.hostname } : false,
  })
  try {
    await client.connect()
    return verified({ database: database || user })
  } catch (error) {
    const code = codeOf(error)
    if (code === "28P01" || code === "28000") return dead({ code })
    if (code === "3D000") return verified({ code })
    throw error
  } finally {
    await client.end().catch(() => {})
  }
}

// 1045: access denied; 1044 and 1049: the login was right, the database is not for it or does not exist.
async function mysql({ port, user, password, database }: Login, address: string, limits: ConnectLimits) {
  const { createConnection } = await absent("mysql2", import("mysql2/promise"))
  try {
    const connection = await createConnection({
      host: address,
      port,
      user,
      password,
      connectTimeout: limits.timeoutMs,
      ...(database === "" ? {} : { database }),
    })
    await connection.end().catch(() => {})
    return verified(database === "" ? {} : { database })
  } catch (error) {
    const code = codeOf(error)
    if (code === "ER_ACCESS_DENIED_ERROR") return dead({ code })
    if (code === "ER_DBACCESS_DENIED_ERROR" || code === "ER_BAD_DB_ERROR") return verified({ code })
    throw error
  }
}

/** AUTH, as Redis' protocol has it (redis.io, RESP). */
async function redis({ url, port, user, password }: Login, address: string, limits: ConnectLimits) {
  const isTls = url.protocol === "rediss:"
  const words = user === "" ? ["AUTH", password] : ["AUTH", user, password]
  const command = `*${words.length}\r\n${words.map(word => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join("")}`
  const socket = isTls
    ? connectTls({ host: address, port, servername: url.hostname })
    : connectPlain({ host: address, port })
  const line = await firstLine(socket, command, limits.timeoutMs)
  if (line.startsWith("+OK")) return verified()
  if (/^-(?:WRONGPASS|ERR invalid password)/.test(line)) return dead()
  if (/^-ERR (?:Client sent AUTH|AUTH .*without any password)/.test(line))
    return verified({ note: "the server asks for no password" })
  return unknown("not an answer of Redis")
}

async function firstLine(socket: Socket, command: string, timeoutMs: number): Promise<string> {
  try {
    return await new Promise<string>((resolve, reject) => {
      let text = ""
      socket.setTimeout(timeoutMs, () => reject(new SendError(`no answer within ${timeoutMs} ms`)))
      socket.once("error", reject)
      socket.once("end", () => resolve(text))
      socket.on("data", chunk => {
        text += chunk.toString("latin1")
        if (text.includes("\n") || text.length > 4096) resolve(text)
      })
      socket.write(command)
    })
  } finally {
    socket.destroy()
  }
}

/** Database servers that a finding names. */
export const connectChecks: readonly ConnectCheck[] = [
  loginCheck("PostgreSQL", ["postgres-url"], 5432, postgres),
  loginCheck("MySQL", ["mysql-url"], 3306, mysql),
  loginCheck("Redis", ["redis-url"], 6379, redis),
]
