/** The requests of AWS's SDK, sent by the one way out. */

import type { Outbound, Sending } from "./outbound.ts"

/** A request as the SDK makes it. */
export interface AwsRequest {
  readonly method: string
  readonly protocol: string
  readonly hostname: string
  readonly port?: number | undefined
  readonly path: string
  readonly query?: Readonly<Record<string, string | string[] | null>> | undefined
  readonly headers: Readonly<Record<string, string>>
  readonly body?: unknown
}

function urlOf({ protocol, hostname, port, path, query = {} }: AwsRequest): string {
  const parameters = Object.entries(query).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value ?? ""]).map(one => `${encodeURIComponent(name)}=${encodeURIComponent(one)}`),
  )
  const search = parameters.length === 0 ? "" : `?${parameters.join("&")}`
  return `${protocol}//${hostname}${port === undefined ? "" : `:${port}`}${path}${search}`
}

/** What the connection says by itself, and `expect`, which it would have to wait for. */
const OF_THE_CONNECTION = ["host", "content-length", "expect"]

/** What the SDK takes as `requestHandler`. Bodies are whole: texts and bytes, no streams. */
export const awsRequestHandler = (
  outbound: Outbound,
  sending: Pick<Sending, "tls" | "timeoutSeconds" | "maxBytes"> = {},
) => ({
  handle: async (request: AwsRequest) => {
    const { body } = request
    const headers = Object.entries(request.headers).filter(([name]) => !OF_THE_CONNECTION.includes(name.toLowerCase()))
    const received = await outbound.fetch(urlOf(request), {
      ...sending,
      method: request.method,
      headers: Object.fromEntries(headers),
      accept: true,
      ...(typeof body === "string" || body instanceof Uint8Array ? { body } : {}),
    })
    const { status: statusCode, headers: answered, body: bytes } = received
    return { response: { statusCode, headers: { ...answered }, body: new Uint8Array(bytes) } }
  },
})
