/** @litehex/node-vault, its refusals in one form and the requests that recur in the story. TLS trust comes from NODE_EXTRA_CA_CERTS. */

import { Client } from "@litehex/node-vault"
import { type Data, env, inner, Refused, refused } from "../story.ts"

export const connect = (token = ""): Client => new Client({ endpoint: env("VAULT_ADDR"), token })

/** The data of a result, or `Refused`: the client puts the response into the error's `cause`. */
export const ask = async <T>(call: Promise<{ data?: T; error?: Error }>): Promise<T> => {
  const { data, error } = await call
  if (error?.cause instanceof Response) throw new Refused(error.cause.status, error.message)
  if (error !== undefined) throw error
  if (data === undefined) throw new Error("neither data nor error came back")
  // Without a body, the client's data is whether the status was below 300; false carries no status with it.
  if (data === false) throw new Refused(404, "")
  return data
}

export const vault = connect()
export const secret = { mountPath: "secret" }

export const write = async (path: string, data: Data, by = vault): Promise<Data> => {
  const reply = await ask(by.write({ path, data }))
  return typeof reply === "boolean" ? {} : reply
}
export const dataOf = async (call: Promise<Data>): Promise<Data> => inner(await call, "data")
export const authOf = async (call: Promise<Data>): Promise<Data> => inner(await call, "auth")
export const read = (path: string, by = vault): Promise<Data> => dataOf(ask<Data>(by.read({ path })))
export const list = async (path: string): Promise<unknown> => (await dataOf(ask<Data>(vault.list({ path })))).keys
export const remove = (path: string): Promise<unknown> => ask<unknown>(vault.delete({ path }))
export const lookup = (token: string): Promise<Data> => read("auth/token/lookup-self", connect(token))
export const dead = (token: string): Promise<void> => refused(403, lookup(token), "permission denied")
export const create = (options: Data, by = vault): Promise<Data> => authOf(write("auth/token/create", options, by))
export const put = async (path: string, data: Data, options?: { cas: number }): Promise<Data> =>
  inner({ reply: (await ask(vault.kv2.write({ ...secret, path, data, ...(options && { options }) }))).data }, "reply")
export const secretOf = async (path: string, version?: number): Promise<unknown> =>
  (await ask(vault.kv2.read({ ...secret, path, ...(version !== undefined && { version }) }))).data.data
export const metadata = async (path: string) => (await ask(vault.kv2.readMetadata({ ...secret, path }))).data
/** Expects a 404; that of a deleted version has a body, in which the client's schema misses the secret. */
export const absent = async (path: string, version?: number): Promise<void> => {
  const { data, error } = await vault.kv2.read({ ...secret, path, ...(version !== undefined && { version }) })
  if (error?.cause instanceof Response && error.cause.status === 404) return
  if (
    JSON.stringify(error?.cause ?? "").includes(
      '"path":["data","data"],"message":"Invalid input: expected record, received null"',
    )
  )
    return
  throw new Error(`expected nothing at ${path}, got ${JSON.stringify(data ?? error)}`)
}
