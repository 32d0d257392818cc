/** A server on LMDB with a file audit device, as an operator would run it, and the requests to fill it. */

import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { SECRET, SECRETS } from "./load.ts"
import { freePort, type Measured, start } from "./process.ts"

/** A store that was made by a first start: initialised, with kv at `secret/` and an audit file. */
export interface BenchStore {
  readonly dir: string
  readonly config: string
  readonly port: number
  readonly token: string
  remove(): Promise<void>
}

export interface BenchServer extends Measured {
  readonly token: string
  ask(method: string, path: string, body?: unknown): Promise<{ status: number; text: string }>
}

const MAIN = resolve(import.meta.dirname, "../server/main.ts")

export async function makeStore(): Promise<BenchStore> {
  const dir = await mkdtemp(join(tmpdir(), "arca-bench-store-"))
  const port = await freePort()
  const config = join(dir, "server.hcl")
  await writeFile(join(dir, "seal.key"), Buffer.alloc(32, 7))
  await writeFile(
    config,
    `storage "lmdb" { path = "${dir}/store" }
listener "tcp" {
  address = "127.0.0.1:${port}"
  tls_disable = true
}
seal "static" {
  current_key_id = "bench"
  current_key = "file://${dir}/seal.key"
}
audit_allowed_directories = ["${dir}"]
`,
  )
  const store = { dir, config, port, token: "", remove: () => rm(dir, { recursive: true, force: true }) }
  await using first = await running(store, 1, 501)
  const shares = JSON.stringify({ recovery_shares: 1, recovery_threshold: 1 })
  const made = await fetch(`${first.url}/v1/sys/init`, { method: "PUT", body: shares })
  const { root_token: token } = JSON.parse(await made.text())
  const ask = asker(first.url, token)
  await ask("PUT", "sys/audit/file", { type: "file", options: { file_path: join(dir, "audit.log") } })
  await ask("POST", "sys/mounts/secret", { type: "kv", options: { version: "2" } })
  return { ...store, token }
}

/** Starts the server on a store; it is ready when it is unsealed and answers. */
export async function startArca(store: BenchStore, workers: number): Promise<BenchServer> {
  const server = await running(store, workers, 200)
  return { ...server, token: store.token, ask: asker(server.url, store.token) }
}

function running({ config, port }: Pick<BenchStore, "config" | "port">, workers: number, status: number) {
  const health = async () => (await fetch(`http://127.0.0.1:${port}/v1/sys/health`)).status === status
  return start([MAIN, "-config", config, `-workers=${workers}`], port, health)
}

/** Fills the store with what `kvShots` read. */
export async function putSecrets(arca: BenchServer): Promise<void> {
  for (let n = 0; n < SECRETS; n++) await arca.ask("POST", `secret/data/app/${n}`, SECRET)
}

const asker =
  (url: string, token: string): BenchServer["ask"] =>
  async (method, path, body) => {
    const sent = body === undefined ? {} : { body: JSON.stringify(body) }
    const reply = await fetch(`${url}/v1/${path}`, { method, headers: { "X-Vault-Token": token }, ...sent })
    const text = await reply.text()
    if (reply.status >= 300) throw new Error(`${method} ${path}: ${reply.status} ${text}`)
    return { status: reply.status, text }
  }
