/** What crosses the network: the part of `fetch` that the client needs, so that any fetch will do in its place. */

export interface WireRequest {
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: WireBody | undefined
}

/** Text, bytes, or what makes a stream of bytes: it is made anew when the request is sent again. */
export type WireBody = string | Uint8Array<ArrayBuffer> | (() => AsyncIterable<Uint8Array>)

export interface WireReply {
  readonly status: number
  readonly headers: { get(name: string): string | null }
  readonly body: AsyncIterable<Uint8Array> | null
  text(): Promise<string>
}

/** `globalThis.fetch` satisfies it. Redirects are left to the caller. */
export type Fetch = (
  url: string,
  init: Omit<WireRequest, "url"> & { readonly redirect: "manual"; readonly signal: AbortSignal },
) => Promise<WireReply>

/** PEM texts, not file names. */
export interface TlsSettings {
  readonly ca?: readonly string[] | undefined
  readonly cert?: string | undefined
  readonly key?: string | undefined
  readonly serverName?: string | undefined
  /** Accept any certificate: for experiments only. */
  readonly skipVerify?: boolean | undefined
}
