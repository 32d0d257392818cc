/**
 * The way out: every connection that an engine makes, or has a client library make, was approved here first.
 *
 * Which addresses are refused is the operator's to decide (the `outbound` stanza of the configuration). Addresses that hand
 * out a machine's own credentials (link-local, cloud metadata) are refused unless the operator names them.
 */

/** A host that may be connected to, with the address that was looked at: connect to it, and to no other. */
export interface Approved {
  /** As it was given: what a certificate must be for. */
  readonly host: string
  /** The address in numbers. */
  readonly address: string
  readonly port: number
}

export interface TlsOptions {
  /** PEM; the system's authorities when left out. */
  readonly ca?: string
  /** The client's own certificate and key, PEM. */
  readonly cert?: string
  readonly key?: string
  /** The name that the certificate must be for, when it is not the host's. */
  readonly serverName?: string
  readonly minVersion?: "TLSv1.2" | "TLSv1.3"
  /** Accepts any certificate: only because an operator said so. */
  readonly insecure?: boolean
}

export interface Sending {
  /** GET unless told otherwise. */
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
  readonly tls?: TlsOptions
  /** For the whole exchange, in seconds; 30 unless told otherwise. */
  readonly timeoutSeconds?: number
  /** A longer answer is an error; 4 MiB unless told otherwise. */
  readonly maxBytes?: number
  /** How many redirects are followed, each to an address that is approved; none unless told otherwise. */
  readonly redirects?: number
  /** Statuses beside 2xx that are an answer, such as 404; `true` takes any. Others are refused. */
  readonly accept?: readonly number[] | true
}

export interface Received {
  readonly status: number
  /** Lower-case names; the last of several of one name. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
  readonly text: () => string
  /** Refuses (502) what is no JSON. */
  readonly json: () => unknown
}

export interface Outbound {
  /**
   * Resolves a name once, and refuses (400) when an address of it is not allowed. Client libraries are given the address to
   * connect to, so that the name's owner cannot change its mind, and the host for the certificate.
   */
  approve(host: string, port: number): Promise<Approved>
  /**
   * `approve` as `node:net` takes it: for client libraries that find further hosts by themselves. Connections to addresses in
   * numbers do not look anything up; give such libraries names, or approve what they start from.
   */
  readonly lookup: (
    host: string,
    options: { readonly all?: boolean | undefined },
    callback: (error: Error | null, address: string | { address: string; family: number }[], family?: number) => void,
  ) => void
  /**
   * An HTTP request to an approved address. Refuses (502) with host, method, path and status, or with the kind of failure when
   * there is no answer: never with a query, a header or a body, which may hold credentials.
   */
  fetch(url: string, sending?: Sending): Promise<Received>
}

/** TLS options as `node:tls` and the client libraries built on it take them. */
export const nodeTls = (approved: Pick<Approved, "host">, tls: TlsOptions) => ({
  ...(tls.ca === undefined || tls.ca === "" ? {} : { ca: tls.ca }),
  ...(tls.cert === undefined ? {} : { cert: tls.cert }),
  ...(tls.key === undefined ? {} : { key: tls.key }),
  ...(tls.serverName || !/^[\d.]+$|:/.test(approved.host) ? { servername: tls.serverName || approved.host } : {}),
  minVersion: tls.minVersion ?? ("TLSv1.2" as const),
  rejectUnauthorized: tls.insecure !== true,
})
