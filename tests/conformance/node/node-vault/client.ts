/** node-vault, its refusals in one form and the requests that recur in the story. TLS trust comes from NODE_EXTRA_CA_CERTS. */

import nodeVault from "node-vault"
import { type Data, env, known, Refused, refused } from "../story.ts"

export interface Reply {
  data: Data
  auth: { client_token: string; accessor: string; lease_duration: number; [key: string]: unknown }
  wrap_info: { token: string; [key: string]: unknown }
  lease_duration: number
  lease_id: string
}

export const connect = (token?: string): nodeVault.client =>
  nodeVault({ endpoint: env("VAULT_ADDR"), ...(token === undefined ? {} : { token }) })

/** The reply, or `Refused` in place of the client's own error. */
export const ask = async <T = Reply>(call: Promise<T>): Promise<T> =>
  await call.catch((error: { response?: { statusCode: number }; message: string }) => {
    throw error.response === undefined ? error : new Refused(error.response.statusCode, error.message)
  })

export const vault = connect()

/** node-vault adopts any token that a reply brings: what makes or renews one is asked by a client of its own. */
export const asRoot = (): nodeVault.client => connect(known.root)
export const read = async (path: string): Promise<Data> => (await ask(vault.read(path))).data
export const list = async (path: string): Promise<unknown> => (await ask(vault.list(path))).data.keys
export const write = (path: string, data: Data): Promise<Reply> => ask(vault.write(path, data))
export const patch = (path: string, data: Data): Promise<Reply> => ask(vault.update(path, data))
export const lookup = async (token: string): Promise<Data> => (await ask(connect(token).tokenLookupSelf())).data
export const dead = (token: string): Promise<void> => refused(403, lookup(token), "permission denied")
export const put = async (path: string, data: Data, options?: Data): Promise<Data> =>
  (await write(`secret/data/${path}`, { data, ...(options && { options }) })).data
export const secretOf = async (path: string, version?: number): Promise<unknown> =>
  (await read(`secret/data/${path}${version === undefined ? "" : `?version=${version}`}`)).data
export const absent = (path: string, version?: number): Promise<void> => refused(404, secretOf(path, version))
export const metadata = (path: string): Promise<Data> => read(`secret/metadata/${path}`)
export const create = async (options: Data): Promise<Reply["auth"]> => (await ask(asRoot().tokenCreate(options))).auth
