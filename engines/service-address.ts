/** Addresses and TLS of services that are spoken to over HTTP, as operators configure them. */

import { type Context, field, type JsonObject, type Received, refuse, type TlsOptions } from "@arca/api"

/** The TLS part of a configuration. */
export const tlsFields = {
  ca_cert: field.string("The authority to trust, in PEM; the system's without one.", { default: "", plain: true }),
  client_cert: field.string("A certificate to show to the service, in PEM.", { default: "", plain: true }),
  client_key: field.string("The key of that certificate, in PEM.", { default: "", secret: true }),
}

interface TlsGiven {
  readonly ca_cert: string
  readonly client_cert: string
  readonly client_key: string
}

export const tlsOf = ({ ca_cert, client_cert, client_key }: TlsGiven): TlsOptions => ({
  ...(ca_cert === "" ? {} : { ca: ca_cert }),
  ...(client_cert === "" ? {} : { cert: client_cert, key: client_key }),
})

/** Refuses (400) half a client certificate. */
export function checkTls({ client_cert, client_key }: TlsGiven): void {
  if ((client_cert === "") !== (client_key === ""))
    throw refuse.invalid("client_cert and client_key go together: give both, or neither")
}

/** The base of a service's paths: `https://host:8501`, without a slash at its end. Refuses (400) what holds more than that. */
export function baseOf(address: string, scheme: string): string {
  const url = URL.parse(/^[a-z]+:\/\//i.test(address) ? address : `${scheme}://${address}`)
  if (url === null || !/^https?:$/.test(url.protocol) || url.hostname === "")
    throw refuse.invalid("address must be a host with a port, or an http or https address")
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "")
    throw refuse.invalid("address must not hold a user, a password or parameters: give the token as token")
  return url.href.replace(/\/+$/, "")
}

/** A service with an ACL system of its own, as Consul and Nomad have it. */
export interface AclService extends TlsGiven {
  /** What `baseOf` made. */
  readonly base: string
  readonly token: string
  /** The header that the token goes into. */
  readonly header: string
}

export interface AclRequest {
  readonly method: "GET" | "PUT" | "DELETE"
  /** Behind `/v1/acl/`. */
  readonly path: string
  readonly body?: JsonObject | undefined
}

/**
 * One request to an ACL API. Refuses (502) every status but 2xx, in the service's own words. With DELETE, what is gone already is no
 * failure.
 */
export async function callAcl(ctx: Context, to: AclService, { method, path, body }: AclRequest): Promise<Received> {
  const received = await ctx.outbound.fetch(`${to.base}/v1/acl/${path}`, {
    method,
    headers: { "content-type": "application/json", ...(to.token === "" ? {} : { [to.header]: to.token }) },
    tls: tlsOf(to),
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    accept: true,
  })
  const { status } = received
  if ((status >= 200 && status < 300) || (method === "DELETE" && status === 404)) return received
  throw refuse.upstream(
    `${new URL(to.base).host} answered ${method} /v1/acl/${path.split("?", 1)[0]} with status ${status}${wordsOf(received, to)}`,
  )
}

/** They say what is wrong in a line of plain text. Our token is not to be told, should it be quoted. */
function wordsOf(received: Received, { token }: AclService): string {
  const text = received.headers["content-type"]?.startsWith("text/plain") ? received.text().trim() : ""
  const told = token === "" ? text : text.replaceAll(token, "[token]")
  return told === "" ? "" : `: ${told.replaceAll(/\s+/g, " ").slice(0, 300)}`
}
