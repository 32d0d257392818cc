/** Redis and Valkey: users of their access control lists. */

import { field, nodeTls, type Outbound, refuse, type Values } from "@arca/api"
import { textsOf } from "../statements.ts"
import { readUrl } from "./address.ts"
import { account, type Connection, driver, library, passwordOf } from "./driver.ts"

const fields = {
  ...account,
  host: field.string("Where the server is.", { default: "", plain: true }),
  port: field.int("Its port.", { default: 6379 }),
  tls: field.bool("Speak TLS.", { default: false }),
  insecure_tls: field.bool("Accept any certificate.", { default: false }),
  ca_cert: field.string("PEM of the authorities that the server's certificate must be signed by.", { default: "" }),
  connection_url: field.string("In place of host, port, username and password: `redis://…`, `rediss://…`.", {
    default: "",
    plain: true,
  }),
  persistence_mode: field.string("How changes survive a restart of the server: `ACLFILE`, `REWRITE`, or not.", {
    default: "",
    choices: ["", "ACLFILE", "REWRITE"],
    plain: true,
  }),
}

type Settings = Values<typeof fields>

/** What a user may do when its role does not say. */
const DEFAULT_RULES = ["~*", "+@read"]

export const redis = driver({
  names: ["redis-database-plugin", "valkey-database-plugin"],
  summary: "Redis, Valkey.",
  fields,
  needs: ["host", "connection_url"],
  usernameTemplate: `{{ printf "v_%s_%s_%s_%s" (.DisplayName | truncate 64) (.RoleName | truncate 64) (random 20) (unix_time) | uppercase }}`,
  needsCreation: false,
  open: (settings, { outbound }) => open(settings, outbound),
})

function placeOf(settings: Settings) {
  if (settings.connection_url === "") {
    if (settings.host === "") throw refuse.invalid("host cannot be empty")
    return { ...settings, tls: settings.tls }
  }
  const url = readUrl(settings.connection_url, { ...settings, disable_escaping: false }, 6379)
  const [place] = url.places
  if (place === undefined) throw refuse.invalid("connection_url names no host")
  return {
    ...place,
    username: url.username,
    password: url.password,
    tls: settings.tls || /^(rediss|valkeys)$/.test(url.scheme),
  }
}

async function open(settings: Settings, outbound: Outbound): Promise<Connection> {
  const { host, port, username, password, tls } = placeOf(settings)
  const approved = await outbound.approve(host, port)
  const { createClient } = await library("@redis/client", () => import("@redis/client"))
  let reached = false
  const reaching = {
    host: approved.address,
    port,
    connectTimeout: 10_000,
    // It connects again by itself, once it had been connected; what was asked meanwhile fails.
    reconnectStrategy: (retries: number, cause: Error) => (reached ? Math.min(50 * 2 ** retries, 5_000) : cause),
  }
  const client = createClient({
    username,
    password,
    socket: tls
      ? { ...reaching, tls: true, ...nodeTls(approved, { ca: settings.ca_cert, insecure: settings.insecure_tls }) }
      : reaching,
    disableOfflineQueue: true,
    commandOptions: { timeout: 30_000 },
  })
  client.on("error", () => {})
  await client.connect()
  reached = true
  const acl = async (...words: string[]) => client.sendCommand(["ACL", ...words])
  const changed = async (...words: string[]) => {
    await acl(...words)
    if (settings.persistence_mode === "ACLFILE") await acl("SAVE")
    if (settings.persistence_mode === "REWRITE") await client.sendCommand(["CONFIG", "REWRITE"])
  }
  const exists = async (name: string) => (await acl("GETUSER", name)) !== null
  return {
    verify: async () => void (await acl("WHOAMI")),
    create: ({ username: name, secret, statements }) => {
      const rules = statements
        .flatMap(textsOf)
        .flatMap(text => text.split(/\s+/))
        .filter(rule => rule !== "")
      return changed("SETUSER", name, "ON", `>${passwordOf(secret)}`, ...(rules.length > 0 ? rules : DEFAULT_RULES))
    },
    change: async (name, secret) => {
      if (!(await exists(name))) throw new Error(`user ${JSON.stringify(name)} not found`)
      await changed("SETUSER", name, "RESETPASS", `>${passwordOf(secret)}`)
    },
    exists,
    drop: name => changed("DELUSER", name),
    close: async () => {
      if (client.isOpen) await client.close()
    },
  }
}
