/** What drivers that speak HTTP share: where the server is, and requests to it by the account. */

import { field, type Received, refuse, type Sending, type TlsOptions } from "@arca/api"
import type { World } from "./driver.ts"

export const httpFields = {
  url: field.string("Where the server is: `https://db.example:9200`.", { default: "", plain: true }),
  ca_cert: field.string("PEM of the authorities that the server's certificate must be signed by.", { default: "" }),
  client_cert: field.string("PEM of the client's certificate.", { default: "" }),
  client_key: field.string("PEM of its key.", { default: "", secret: true }),
  tls_server_name: field.string("The name that the server's certificate must be for.", { default: "" }),
  insecure: field.bool("Accept any certificate.", { default: false }),
} as const

export interface HttpSettings {
  readonly url: string
  readonly username: string
  readonly password: string
  readonly ca_cert: string
  readonly client_cert: string
  readonly client_key: string
  readonly tls_server_name: string
  readonly insecure: boolean
}

export type Ask = (method: string, path: string, sending?: Sending) => Promise<Received>

const tlsOf = (settings: HttpSettings): TlsOptions => ({
  ca: settings.ca_cert,
  ...(settings.client_cert === "" ? {} : { cert: settings.client_cert, key: settings.client_key }),
  serverName: settings.tls_server_name,
  insecure: settings.insecure,
})

/** Requests with the account's name and password. */
export function asking(settings: HttpSettings, { outbound }: World): Ask {
  if (URL.parse(settings.url) === null) throw refuse.invalid("url cannot be read; it looks like https://host:port")
  const base = settings.url.replace(/\/+$/, "")
  const basic = Buffer.from(`${settings.username}:${settings.password}`).toString("base64")
  return (method, path, sending = {}) =>
    outbound.fetch(base + path, {
      ...sending,
      method,
      headers: { authorization: `Basic ${basic}`, ...sending.headers },
      tls: tlsOf(settings),
    })
}

/** A body of JSON. */
export const json = (value: unknown): Sending => ({
  body: JSON.stringify(value),
  headers: { "content-type": "application/json" },
})
