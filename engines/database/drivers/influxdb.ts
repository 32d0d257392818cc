/** InfluxDB 1: users by InfluxQL over HTTP. */

import { field, refuse, type Values } from "@arca/api"
import { jsonOf, listOf, objectOf, textOf } from "../../answer.ts"
import { DIALECTS, type Values as Filling, fill, split, textsOf } from "../statements.ts"
import { account, type Connection, driver, NameTaken, valuesOf, type World } from "./driver.ts"
import { asking, byStatus } from "./http.ts"

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
  needs: ["host"],
  usernameTemplate: `{{ printf "v_%s_%s_%s_%s" (.DisplayName | truncate 15) (.RoleName | truncate 15) (random 20) (unix_time) | truncate 100 | replace "-" "_" | lowercase }}`,
  needsCreation: false,
  fills: true,
  tellsTaken: true,
  open: async (settings, world) => open(settings, world),
})

const CREATE = [`CREATE USER "{{username}}" WITH PASSWORD '{{password}}'`]
const DROP = [`DROP USER "{{username}}"`]
const CHANGE = [`SET PASSWORD FOR "{{username}}" = '{{password}}'`]

const statementsOf = (given: readonly string[]): string[] =>
  given.flatMap(textsOf).flatMap(one => split(one, DIALECTS.influxql))

const NAMES_USER = /\{\{(user)?name\}\}/

const isSaid = (error: unknown, words: string): boolean => error instanceof Error && error.message === words

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
    byStatus(answer => textOf(jsonOf(answer).error)),
  )
  const query = async (text: string): Promise<void> => {
    const body = new URLSearchParams({ q: text }).toString()
    const headers = { "content-type": "application/x-www-form-urlencoded" }
    // A statement that was understood and failed is answered with 200.
    const results = listOf(objectOf((await ask("POST", "/query", { body, headers })).json()).results)
    const failure = results.map(result => textOf(objectOf(result).error)).find(error => error !== "")
    if (failure !== undefined) throw new Error(failure)
  }
  const run = async (statements: readonly string[], values: Filling) => {
    for (const text of statementsOf(statements)) await query(fill(text, values, DIALECTS.influxql))
  }
  const create = async (statements: readonly string[], values: Filling) => {
    const [first = "", ...rest] = statementsOf(statements)
    await query(fill(first, values, DIALECTS.influxql)).catch((error: unknown) => {
      // Of this user, and before anything was done.
      throw NAMES_USER.test(first) && isSaid(error, "user already exists") ? new NameTaken() : error
    })
    await run(rest, values)
  }
  const or = (given: readonly string[], usual: readonly string[]) => (given.length > 0 ? given : usual)
  return {
    verify: () => query("SHOW USERS"),
    create: ({ username, secret, expiresAt, statements }) =>
      create(or(statements, CREATE), valuesOf(username, secret, expiresAt)),
    change: (username, secret, statements) => run(or(statements, CHANGE), valuesOf(username, secret)),
    drop: (username, statements) =>
      run(or(statements, DROP), valuesOf(username)).catch((error: unknown) => {
        if (!isSaid(error, "user not found")) throw error
      }),
    close: async () => {},
  }
}
