/** The `transit` seal: another server's transit engine wraps the root key. */

import { readFile } from "node:fs/promises"
import { Agent, request } from "undici"
import { BadConfig } from "../config/read.ts"
import type { AutoSeal } from "./seal.ts"

type Options = ReadonlyMap<string, string>
type Env = Readonly<Record<string, string | undefined>>

const TIMEOUT_MILLISECONDS = 10_000

interface Remote {
  readonly address: string
  readonly token: string
  readonly namespace: string
  readonly key: string
  readonly mount: string
  readonly agent: Agent
}

/** Keys of Vault's stanza: address, token, key_name, mount_path, namespace, tls_ca_cert, tls_client_cert, tls_client_key, tls_server_name, tls_skip_verify. */
export async function transitSeal(options: Options, env: Env): Promise<AutoSeal> {
  const remote = await remoteOf(options, env)
  return {
    kind: "auto",
    type: "transit",
    wrap: async rootKey => {
      const { ciphertext } = await call(remote, "encrypt", { plaintext: Buffer.from(rootKey).toString("base64") })
      if (typeof ciphertext !== "string") throw new Error("the transit server answered without a ciphertext")
      return Buffer.from(ciphertext)
    },
    unwrap: async bytes => {
      const { plaintext } = await call(remote, "decrypt", { ciphertext: Buffer.from(bytes).toString() })
      if (typeof plaintext !== "string") throw new Error("the transit server answered without a plaintext")
      return Buffer.from(plaintext, "base64")
    },
  }
}

async function remoteOf(options: Options, env: Env): Promise<Remote> {
  const get = (name: string, variable: string) => options.get(name) ?? env[variable]
  const need = (name: string, variable: string) => {
    const value = get(name, variable)
    if (value === undefined || value === "")
      throw new BadConfig(`seal "transit" needs ${name} (or ${variable} in the environment)`)
    return value
  }
  const file = async (name: string, variable: string) => {
    const path = get(name, variable)
    if (path === undefined) return undefined
    return readFile(path).catch((error: NodeJS.ErrnoException) => {
      throw new BadConfig(
        `cannot read ${name} of seal "transit" from ${JSON.stringify(path)}: ${error.code ?? error.message}`,
      )
    })
  }
  const ca = await file("tls_ca_cert", "VAULT_CACERT")
  const cert = await file("tls_client_cert", "VAULT_CLIENT_CERT")
  const key = await file("tls_client_key", "VAULT_CLIENT_KEY")
  const servername = get("tls_server_name", "VAULT_TLS_SERVER_NAME")
  const skip = /^(1|t|true)$/i.test(get("tls_skip_verify", "VAULT_SKIP_VERIFY") ?? "")
  return {
    address: need("address", "VAULT_ADDR").replace(/\/+$/, ""),
    token: need("token", "VAULT_TOKEN"),
    namespace: get("namespace", "VAULT_NAMESPACE") ?? "",
    key: need("key_name", "VAULT_TRANSIT_SEAL_KEY_NAME"),
    mount: need("mount_path", "VAULT_TRANSIT_SEAL_MOUNT_PATH").replace(/^\/+|\/+$/g, ""),
    agent: new Agent({
      connect: {
        rejectUnauthorized: !skip,
        ...(ca === undefined ? {} : { ca }),
        ...(cert === undefined ? {} : { cert }),
        ...(key === undefined ? {} : { key }),
        ...(servername === undefined ? {} : { servername }),
      },
    }),
  }
}

/** One call; errors name the server and its status, never what was sent or answered. */
async function call(remote: Remote, verb: "encrypt" | "decrypt", body: object): Promise<Record<string, unknown>> {
  const url = `${remote.address}/v1/${remote.mount}/${verb}/${encodeURIComponent(remote.key)}`
  const response = await request(url, {
    method: "PUT",
    dispatcher: remote.agent,
    headers: {
      "content-type": "application/json",
      "x-vault-request": "true",
      "x-vault-token": remote.token,
      ...(remote.namespace === "" ? {} : { "x-vault-namespace": remote.namespace }),
    },
    body: JSON.stringify(body),
    headersTimeout: TIMEOUT_MILLISECONDS,
    bodyTimeout: TIMEOUT_MILLISECONDS,
  }).catch((error: Error) => {
    throw new Error(`the transit server ${remote.address} cannot be reached: ${error.message}`)
  })
  const answer = (await response.body.json().catch(() => ({}))) as { data?: Record<string, unknown> }
  if (response.statusCode !== 200) {
    throw new Error(
      `the transit server ${remote.address} answered ${response.statusCode} to ${verb} with the key ${JSON.stringify(remote.key)}`,
    )
  }
  return answer.data ?? {}
}
