/** The client of Arca's HTTP API, for Node and browsers; it speaks to Vault and OpenBao as well. */
export { type Client, createClient, type ListPage } from "./client.ts"
export { ApiError, ConnectionError } from "./errors.ts"
export type { Engines } from "./paths.ts"
export { type Auth, type MfaRequirement, parseSecret, type Secret, type WrapInfo } from "./secret.ts"
export type { Query, RequestOptions, Settings } from "./settings.ts"
export type { Mounts, Untyped } from "./typed.ts"
export type { Fetch, TlsSettings, WireReply, WireRequest } from "./wire.ts"
