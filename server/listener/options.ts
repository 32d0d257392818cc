import type { ProxyBehavior } from "./proxy-protocol.ts"

/** A `listener` stanza, read. Times are seconds. */
export interface ListenerOptions {
  readonly host: string
  readonly port: number
  readonly socket?:
    | { readonly path: string; readonly mode?: number; readonly uid?: number; readonly gid?: number }
    | undefined
  readonly tls?: TlsOptions | undefined
  readonly forwardedFor?: ForwardedFor | undefined
  readonly proxyProtocol?: ProxyProtocol | undefined
  /** Response headers of every reply. */
  readonly headers: ReadonlyMap<string, string>
  readonly readHeaderTimeout: number
  readonly readTimeout: number
  readonly idleTimeout: number
  readonly maxConnections: number
  readonly maxRequestBytes: number
  /** What callers may do here without a token, beyond what must be: `rekey`, `generate-root`, `metrics` …. */
  readonly unauthenticated: readonly string[]
}

export interface TlsOptions {
  readonly certFile: string
  readonly keyFile: string
  readonly minVersion: "TLSv1.2" | "TLSv1.3"
  readonly maxVersion: "TLSv1.2" | "TLSv1.3"
  readonly clientCaFile?: string | undefined
  /** Asks clients for a certificate; without `requireClientCertificate` they need not have one. */
  readonly requestClientCertificate: boolean
  readonly requireClientCertificate: boolean
  readonly cipherSuites?: string | undefined
}

export interface ForwardedFor {
  /** Networks of the proxies that may say who the client is. */
  readonly authorized: readonly string[]
  readonly hopSkips: number
  readonly rejectNotPresent: boolean
  readonly rejectNotAuthorized: boolean
}

export interface ProxyProtocol {
  readonly behavior: ProxyBehavior
  /** Networks of the proxies that may send the header. */
  readonly authorized: readonly string[]
}

export const LISTENER_DEFAULTS = {
  headers: new Map<string, string>(),
  readHeaderTimeout: 10,
  readTimeout: 30,
  idleTimeout: 300,
  maxConnections: 10_000,
  maxRequestBytes: 32 * 1024 * 1024,
  unauthenticated: [] as readonly string[],
} as const
