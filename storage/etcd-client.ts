/**
 * Speaks to an etcd cluster: one gRPC channel to each member, the one that answers is kept, and the next is tried when it
 * does not. What is sent twice must be harmless; the callers see to that.
 */

import { readFile } from "node:fs/promises"
import { isIP } from "node:net"
import { checkServerIdentity, type PeerCertificate } from "node:tls"
import {
  create,
  type DescMessage,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf"
import {
  type ChannelCredentials,
  Client,
  type ClientOptions,
  credentials,
  Metadata,
  type ServiceError,
  status,
} from "@grpc/grpc-js"
import { type Clock, pause, systemClock } from "./clock.ts"
import * as messages from "./etcd-messages.ts"
import { StorageUnavailable } from "./view.ts"

export interface EtcdAddress {
  /** `http://host:port` or `https://host:port`, one for each member that may be asked. */
  readonly endpoints: readonly string[]
  readonly username?: string | undefined
  readonly password?: string | undefined
  /** Files in PEM. */
  readonly tls_ca_file?: string | undefined
  readonly tls_cert_file?: string | undefined
  readonly tls_key_file?: string | undefined
  /** How long one member may take to answer before the next is asked, in seconds. */
  readonly request_timeout?: number | undefined
}

/** A remote procedure with the messages it takes and gives. */
export interface Method<I extends DescMessage, O extends DescMessage> {
  readonly path: string
  readonly input: I
  readonly output: O
}

const method = <I extends DescMessage, O extends DescMessage>(path: string, input: I, output: O): Method<I, O> => ({
  path: `/etcdserverpb.${path}`,
  input,
  output,
})

export const RPC = {
  range: method("KV/Range", messages.RangeRequestSchema, messages.RangeResponseSchema),
  put: method("KV/Put", messages.PutRequestSchema, messages.PutResponseSchema),
  txn: method("KV/Txn", messages.TxnRequestSchema, messages.TxnResponseSchema),
  compact: method("KV/Compact", messages.CompactionRequestSchema, messages.CompactionResponseSchema),
  grant: method("Lease/LeaseGrant", messages.LeaseGrantRequestSchema, messages.LeaseGrantResponseSchema),
  revoke: method("Lease/LeaseRevoke", messages.LeaseRevokeRequestSchema, messages.LeaseRevokeResponseSchema),
  keepAlive: method(
    "Lease/LeaseKeepAlive",
    messages.LeaseKeepAliveRequestSchema,
    messages.LeaseKeepAliveResponseSchema,
  ),
  watch: method("Watch/Watch", messages.WatchRequestSchema, messages.WatchResponseSchema),
  status: method("Maintenance/Status", messages.StatusRequestSchema, messages.StatusResponseSchema),
  authenticate: method("Auth/Authenticate", messages.AuthenticateRequestSchema, messages.AuthenticateResponseSchema),
} as const

/** An answer of etcd's that is final: asking another member would not change it. */
export class EtcdRefused extends Error {
  override readonly name = "EtcdRefused"
  readonly code: number

  constructor(code: number, text: string, cause: unknown) {
    super(text, { cause })
    this.code = code
  }

  /** The revision asked for was compacted away. */
  get compacted(): boolean {
    return this.code === status.OUT_OF_RANGE && this.message.includes("compacted")
  }
  /** The member that was asked has not seen the revision yet. */
  get future(): boolean {
    return this.code === status.OUT_OF_RANGE && this.message.includes("future")
  }
}

/** Answers after which another member, or the same one later, may do. */
const TRANSIENT: ReadonlySet<number> = new Set([
  status.UNAVAILABLE,
  status.DEADLINE_EXCEEDED,
  status.CANCELLED,
  status.INTERNAL,
  status.UNKNOWN,
  status.ABORTED,
])

/** Reconnects soon: a member that restarts is back within a second. Asks after a silent one, not more often than etcd allows. */
const CHANNEL = {
  "grpc.initial_reconnect_backoff_ms": 100,
  "grpc.min_reconnect_backoff_ms": 100,
  "grpc.max_reconnect_backoff_ms": 1000,
  "grpc.keepalive_time_ms": 10_000,
  "grpc.keepalive_timeout_ms": 3_000,
  "grpc.max_receive_message_length": -1,
  "grpc.max_send_message_length": -1,
  "grpc.enable_retries": 0,
} as const

interface Member {
  readonly endpoint: string
  readonly client: Client
}

export class EtcdClient {
  readonly #members: readonly Member[]
  readonly #address: EtcdAddress
  readonly #clock: Clock
  /** How long a request is tried again, in seconds. */
  readonly #patience: number
  #current = 0
  #token: Promise<string> | undefined
  /** How many requests were sent: what a round trip costs is counted, not guessed. */
  sent = 0

  constructor(address: EtcdAddress, securing: Securing, clock: Clock, patience: number) {
    this.#address = address
    this.#clock = clock
    this.#patience = patience
    this.#members = address.endpoints.map(endpoint => {
      const { keys, options } = securing(endpoint)
      return { endpoint, client: new Client(hostOf(endpoint), keys, { ...CHANNEL, ...options }) }
    })
  }

  /**
   * Asks until a member answers or patience ends; then throws `StorageUnavailable`. A final answer that is no success is an
   * `EtcdRefused`. `retried` is called before the request is sent again: what was sent before may have taken effect.
   */
  async call<I extends DescMessage, O extends DescMessage>(
    rpc: Method<I, O>,
    input: MessageInitShape<I>,
    retried: () => void = () => {},
  ): Promise<MessageShape<O>> {
    const deadline = this.#clock.now() + this.#patience
    const request = create(rpc.input, input)
    let renewed = false
    for (let wait = 0.02; ; wait = Math.min(wait * 2, 1)) {
      const asked = this.#current
      try {
        return await this.#once(rpc, request, asked)
      } catch (error) {
        if (error instanceof EtcdRefused && error.code === status.UNAUTHENTICATED && !renewed) {
          // The token has run out, or the cluster was restarted: tokens live in its memory.
          this.#token = undefined
          renewed = true
          continue
        }
        if (error instanceof EtcdRefused) throw error
        if (this.#current === asked) this.#current = (asked + 1) % this.#members.length
        if (this.#clock.now() + wait > deadline) throw unreachable(this.#patience, error)
      }
      retried()
      await pause(this.#clock, wait)
    }
  }

  /** Opens a stream to the member that answered last. It ends with an error when the member goes away. */
  async stream<I extends DescMessage, O extends DescMessage>(rpc: Method<I, O>, first: MessageInitShape<I>) {
    const { client } = this.#member(this.#current)
    const stream = client.makeBidiStreamRequest(
      rpc.path,
      encoder(rpc.input),
      decoder(rpc.output),
      await this.#metadata(rpc.path),
    )
    stream.write(create(rpc.input, first))
    return stream
  }

  /** The next stream or request asks another member. */
  rotate(): void {
    this.#current = (this.#current + 1) % this.#members.length
  }

  close(): void {
    for (const { client } of this.#members) client.close()
  }

  #member(at: number): Member {
    const member = this.#members[at]
    if (member === undefined) throw new Error("there is no etcd endpoint")
    return member
  }

  async #once<I extends DescMessage, O extends DescMessage>(
    rpc: Method<I, O>,
    request: MessageShape<I>,
    at: number,
  ): Promise<MessageShape<O>> {
    const { client, endpoint } = this.#member(at)
    const metadata = await this.#metadata(rpc.path)
    // The real clock: the deadline is the operating system's business, not the test's.
    const deadline = (systemClock.now() + (this.#address.request_timeout ?? 2)) * 1000
    this.sent++
    return await new Promise((resolve, reject) => {
      client.makeUnaryRequest(
        rpc.path,
        encoder(rpc.input),
        decoder(rpc.output),
        request,
        metadata,
        { deadline },
        (error, answer) => {
          if (error !== null || answer === undefined) reject(failureOf(endpoint, error))
          else resolve(answer)
        },
      )
    })
  }

  async #metadata(path: string): Promise<Metadata> {
    const metadata = new Metadata()
    // A member that has lost the others says so at once instead of waiting for them.
    metadata.set("hasleader", "true")
    const { username, password } = this.#address
    if (username === undefined || path === RPC.authenticate.path) return metadata
    this.#token ??= this.#authenticate(username, password ?? "")
    const token = this.#token
    token.catch(() => {
      if (this.#token === token) this.#token = undefined
    })
    metadata.set("token", await token)
    return metadata
  }

  async #authenticate(name: string, password: string): Promise<string> {
    return (await this.#once(RPC.authenticate, create(RPC.authenticate.input, { name, password }), this.#current)).token
  }
}

const encoder =
  <D extends DescMessage>(schema: D) =>
  (message: MessageShape<D>): Buffer => {
    const bytes = toBinary(schema, message)
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

const decoder =
  <D extends DescMessage>(schema: D) =>
  (bytes: Buffer): MessageShape<D> =>
    fromBinary(schema, bytes)

/** A gRPC failure as ours: transient ones are plain errors, final ones `EtcdRefused`. */
function failureOf(endpoint: string, error: ServiceError | null): Error {
  const text = `${endpoint}: ${error?.details || error?.message || "no answer"}`
  if (error === null || (TRANSIENT.has(error.code) && !isFinal(error))) return new Error(text, { cause: error })
  return new EtcdRefused(error.code, text, error)
}

/** What etcd answers as unavailable or unknown although no other member would do better. */
const isFinal = ({ details }: ServiceError): boolean => /corrupt|permission denied/.test(details)

const unreachable = (patience: number, cause: unknown): StorageUnavailable =>
  new StorageUnavailable(
    `etcd did not answer within ${patience} seconds: ${cause instanceof Error ? cause.message : String(cause)}`,
    { cause },
  )

const isSecure = (endpoint: string): boolean => endpoint.startsWith("https://")
const hostOf = (endpoint: string): string => endpoint.replace(/^https?:\/\//, "").replace(/\/$/, "")

/** The endpoints in `text` (separated by commas), each with its scheme; throws a sentence about one that is wrong. */
export function endpointsOf(text: string): string[] {
  const endpoints = text
    .split(",")
    .map(one => one.trim())
    .filter(one => one !== "")
    .map(one => (one.includes("://") ? one : `http://${one}`))
  if (endpoints.length === 0) throw new Error("names no endpoint; write http://127.0.0.1:2379")
  for (const one of endpoints) {
    if (/^https?:\/\/[^/@]+:\d+\/?$/.test(one)) continue
    throw new Error(`is no etcd endpoint: ${JSON.stringify(one)}; write http://host:2379 or https://host:2379`)
  }
  if (new Set(endpoints.map(isSecure)).size > 1) throw new Error("mixes http and https endpoints; choose one")
  return endpoints
}

/** How a channel to an endpoint is secured. */
type Securing = (endpoint: string) => { readonly keys: ChannelCredentials; readonly options: ClientOptions }

/** Reads the files that `address` names. */
export async function etcdCredentials(address: EtcdAddress): Promise<Securing> {
  const read = async (path: string | undefined) => (path === undefined || path === "" ? null : await readFile(path))
  if (!address.endpoints.some(isSecure)) return PLAIN
  if ((address.tls_cert_file === undefined) !== (address.tls_key_file === undefined)) {
    throw new Error("tls_cert_file and tls_key_file belong together; one of them is missing")
  }
  const ca = await read(address.tls_ca_file)
  const key = await read(address.tls_key_file)
  const certificate = await read(address.tls_cert_file)
  return endpoint => {
    const host = new URL(endpoint).hostname.replace(/^\[|\]$/g, "")
    if (isIP(host) === 0) return { keys: credentials.createSsl(ca, key, certificate), options: {} }
    // An address cannot be the name in a TLS greeting (RFC 6066 section 3): it is compared here, and any name greets.
    const identity = { checkServerIdentity: (_: string, shown: PeerCertificate) => checkServerIdentity(host, shown) }
    return {
      keys: credentials.createSsl(ca, key, certificate, identity),
      options: { "grpc.ssl_target_name_override": "etcd" },
    }
  }
}

/** Without TLS. */
export const PLAIN: Securing = () => ({ keys: credentials.createInsecure(), options: {} })
