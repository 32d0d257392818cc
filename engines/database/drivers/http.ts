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

/** What an answer that is none says, for the engine to take secrets out of. */
export type Telling = (answer: Received) => string

/** Requests with the account's name and password. Another status than 2xx, or those that a request accepts, is thrown as told. */
export function asking(settings: HttpSettings, { outbound }: World, telling: Telling): Ask {
  if (URL.parse(settings.url) === null) throw refuse.invalid("url cannot be read; it looks like https://host:port")
  const base = settings.url.replace(/\/+$/, "")
  const basic = Buffer.from(`${settings.username}:${settings.password}`).toString("base64")
  return async (method, path, sending = {}) => {
    const received = await outbound.fetch(base + path, {
      ...sending,
      method,
      headers: { authorization: `Basic ${basic}`, ...sending.headers },
      tls: tlsOf(settings),
      accept: true,
    })
    const { status } = received
    const { accept = [] } = sending
    if ((status >= 200 && status < 300) || accept === true || accept.includes(status)) return received
    throw new Error(telling(received).trim())
  }
}

/**
 * The database's words, behind what the engine goes by: 401 may come of a rotation that goes on, and after 5xx nobody knows what
 * was done.
 */
export const byStatus =
  (wordsOf: Telling): Telling =>
  answer => {
    const words = wordsOf(answer)
    if (answer.status === 401) return words === "" ? "authentication failed" : `authentication failed: ${words}`
    if (words === "") return `status ${answer.status}`
    return answer.status >= 500 ? `status ${answer.status}: ${words}` : words
  }

/** A body of JSON. */
export const json = (value: unknown): Sending => ({
  body: JSON.stringify(value),
  headers: { "content-type": "application/json" },
})
