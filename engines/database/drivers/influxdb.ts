/** InfluxDB 1: users by InfluxQL over HTTP. */

import { field, refuse, type Values } from "@arca/api"
import { DIALECTS, type Values as Filling, fill, split, textsOf } from "../statements.ts"
import { account, type Connection, driver, valuesOf, type World } from "./driver.ts"
import { asking } from "./http.ts"

const fields = {
  ...account,
  host: field.string("Where the server is.", { default: "", plain: true }),
  port: field.int("Its port.", { default: 8086 }),
  tls: field.bool("Speak TLS.", { default: false }),
  insecure_tls: field.bool("Accept any certificate.", { default: false }),
  pem_bundle: field.string("PEM of the authorities to trust, and of a client's certificate and key.", {
    default: "",
    secret: true,
  }),
}

type Settings = Values<typeof fields>

export const influxdb = driver({
  names: ["influxdb-database-plugin"],
  summary: "InfluxDB 1.",
  fields,
  usernameTemplate: `{{ printf "v_%s_%s_%s_%s" (.DisplayName | truncate 15) (.RoleName | truncate 15) (random 20) (unix_time) | truncate 100 | replace "-" "_" | lowercase }}`,
  needsCreation: false,
  fills: true,
  open: async (settings, world) => open(settings, world),
})

const CREATE = [`CREATE USER "{{username}}" WITH PASSWORD '{{password}}'`]
const DROP = [`DROP USER "{{username}}"`]
const CHANGE = [`SET PASSWORD FOR "{{username}}" = '{{password}}'`]

function open(settings: Settings, world: World): Connection {
  if (settings.host === "") throw refuse.invalid("host cannot be empty")
  const pem = settings.pem_bundle
  const hasKey = /PRIVATE KEY/.test(pem)
  const ask = asking(
    {
      username: settings.username,
      password: settings.password,
      url: `${settings.tls ? "https" : "http"}://${settings.host}:${settings.port}`,
      ca_cert: pem,
      client_cert: hasKey ? pem : "",
      client_key: hasKey ? pem : "",
      tls_server_name: "",
      insecure: settings.insecure_tls,
    },
    world,
  )
  const query = async (text: string): Promise<void> => {
    const body = new URLSearchParams({ q: text }).toString()
    const headers = { "content-type": "application/x-www-form-urlencoded" }
    const { results, error } = (await ask("POST", "/query", { body, headers, accept: [400] })).json() as {
      results?: { error?: string }[]
      error?: string
    }
    const failure = error ?? results?.find(result => result.error !== undefined)?.error
    if (failure !== undefined) throw new Error(failure)
  }
  const run = async (statements: readonly string[], values: Filling) => {
    for (const text of statements.flatMap(textsOf).flatMap(one => split(one, DIALECTS.influxql)))
      await query(fill(text, values, DIALECTS.influxql))
  }
  const or = (given: readonly string[], usual: readonly string[]) => (given.length > 0 ? given : usual)
  return {
    verify: () => query("SHOW USERS"),
    create: ({ username, secret, expiresAt, statements }) =>
      run(or(statements, CREATE), valuesOf(username, secret, expiresAt)),
    change: (username, secret, statements) => run(or(statements, CHANGE), valuesOf(username, secret)),
    drop: (username, statements) =>
      run(or(statements, DROP), valuesOf(username)).catch((error: unknown) => {
        if (!(error instanceof Error) || error.message !== "user not found") throw error
      }),
    close: async () => {},
  }
}
