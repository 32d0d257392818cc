/** Apache Cassandra and ScyllaDB: roles by CQL. */

import { field, nodeTls, type Outbound, refuse, type Values } from "@arca/api"
import { DIALECTS, type Values as Filling, fill, split, textsOf } from "../statements.ts"
import { placesOf } from "./address.ts"
import { account, type Connection, driver, library, valuesOf } from "./driver.ts"

const fields = {
  ...account,
  hosts: field.commaList("Where the nodes are, each with a port or without.", { default: [], plain: true }),
  port: field.int("The port of those that name none.", { default: 9042 }),
  tls: field.bool("Speak TLS.", { default: false }),
  insecure_tls: field.bool("Accept any certificate.", { default: false }),
  tls_server_name: field.string("The name that the nodes' certificates must be for.", { default: "" }),
  pem_bundle: field.string("PEM of the authorities to trust, and of a client's certificate and key.", {
    default: "",
    secret: true,
  }),
  pem_json: field.string("Only `pem_bundle` is taken.", { default: "", choices: [""] }),
  connect_timeout: field.duration("How long a connection may take.", { default: 5 }),
  consistency: field.string("Accepted for compatibility: roles are written as the server has it.", {
    default: "",
    plain: true,
  }),
  local_datacenter: field.string("The datacenter to speak to.", { default: "", plain: true }),
  protocol_version: field.int("Accepted for compatibility: it is negotiated.", { default: 0 }),
  skip_verification: field.bool("Do not look whether the account may list roles.", { default: false }),
}

type Settings = Values<typeof fields>

export const cassandra = driver({
  names: ["cassandra-database-plugin"],
  summary: "Apache Cassandra, ScyllaDB.",
  fields,
  needs: ["hosts"],
  usernameTemplate: `{{ printf "v_%s_%s_%s_%s" (.DisplayName | truncate 15) (.RoleName | truncate 15) (random 20) (unix_time) | truncate 100 | replace "-" "_" | lowercase }}`,
  needsCreation: false,
  fills: true,
  open: (settings, { outbound }) => open(settings, outbound),
})

const CREATE = [`CREATE USER '{{username}}' WITH PASSWORD '{{password}}' NOSUPERUSER`]
const DROP = [`DROP USER IF EXISTS '{{username}}'`]
const CHANGE = [`ALTER USER '{{username}}' WITH PASSWORD '{{password}}'`]

async function open(settings: Settings, outbound: Outbound): Promise<Connection> {
  if (settings.hosts.length === 0) throw refuse.invalid("hosts cannot be empty")
  const places = placesOf(settings.hosts.join(","), settings.port)
  const approved = await Promise.all(places.map(place => outbound.approve(place.host, place.port)))
  const { Client, auth, policies } = await library("cassandra-driver", () => import("cassandra-driver"))
  const client = new Client({
    contactPoints: approved.map(({ address, port }) => `${address.includes(":") ? `[${address}]` : address}:${port}`),
    authProvider: new auth.PlainTextAuthProvider(settings.username, settings.password),
    ...(settings.local_datacenter === ""
      ? { policies: { loadBalancing: new policies.loadBalancing.RoundRobinPolicy() } }
      : { localDataCenter: settings.local_datacenter }),
    socketOptions: { connectTimeout: settings.connect_timeout * 1000, readTimeout: 60_000 },
    ...(settings.tls ? { sslOptions: tlsOf(settings, approved[0]?.host ?? "") } : {}),
  })
  await client.connect().catch(async (error: unknown) => {
    await client.shutdown()
    throw innermost(error)
  })
  const run = async (statements: readonly string[], values: Filling) => {
    for (const text of statements.flatMap(textsOf).flatMap(one => split(one, DIALECTS.cql)))
      await client.execute(fill(text, values, DIALECTS.cql))
  }
  const or = (given: readonly string[], usual: readonly string[]) => (given.length > 0 ? given : usual)
  return {
    verify: async () => {
      if (!settings.skip_verification) await client.execute("LIST ROLES")
    },
    create: ({ username, secret, expiresAt, statements }) =>
      run(or(statements, CREATE), valuesOf(username, secret, expiresAt)),
    change: (username, secret, statements) => run(or(statements, CHANGE), valuesOf(username, secret)),
    drop: (username, statements) => run(or(statements, DROP), valuesOf(username)),
    close: () => client.shutdown(),
  }
}

/** "No host could be reached" hides why. */
function innermost(error: unknown): unknown {
  if (!(error instanceof Error) || !("innerErrors" in error)) return error
  const [first] = Object.values((error as Error & { innerErrors?: Record<string, unknown> }).innerErrors ?? {})
  return first instanceof Error ? first : error
}

function tlsOf(settings: Settings, host: string) {
  const pem = settings.pem_bundle
  const pair = /PRIVATE KEY/.test(pem) ? { cert: pem, key: pem } : {}
  return nodeTls({ host }, { ca: pem, ...pair, serverName: settings.tls_server_name, insecure: settings.insecure_tls })
}
