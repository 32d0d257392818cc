/** A server on LMDB with a file audit device, as an operator would run it, and the requests to fill it. */

import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { freePort, type Measured, start } from "./process.ts"

export interface BenchServer extends Measured {
  readonly token: string
  ask(method: string, path: string, body?: unknown, token?: string): Promise<{ status: number; text: string }>
  remove(): Promise<void>
}

const MAIN = resolve(import.meta.dirname, "../server/main.ts")

export async function startArca(workers: number): Promise<BenchServer> {
  const dir = await mkdtemp(join(tmpdir(), "arca-bench-store-"))
  const port = await freePort()
  const file = join(dir, "server.hcl")
  await writeFile(
    file,
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
  await writeFile(join(dir, "seal.key"), Buffer.alloc(32, 7))
  const args = [MAIN, "-config", file, `-workers=${workers}`]
  const url = `http://127.0.0.1:${port}`
  const health = async (wanted: number): Promise<boolean> => (await fetch(`${url}/v1/sys/health`)).status === wanted
  const first = await start(args, port, () => health(501))
  const made = await fetch(`${url}/v1/sys/init`, {
    method: "PUT",
    body: JSON.stringify({ recovery_shares: 1, recovery_threshold: 1 }),
  })
  const { root_token: token } = JSON.parse(await made.text())
  // A second start: the first one was spent on making the store.
  await first.stop()
  const running = await start(args, port, () => health(200))
  const ask: BenchServer["ask"] = async (method, path, body, as = token) => {
    const sent = body === undefined ? {} : { body: JSON.stringify(body) }
    const reply = await fetch(`${url}/v1/${path}`, { method, headers: { "X-Vault-Token": as }, ...sent })
    const text = await reply.text()
    if (reply.status >= 300) throw new Error(`${method} ${path}: ${reply.status} ${text}`)
    return { status: reply.status, text }
  }
  await ask("PUT", "sys/audit/file", { type: "file", options: { file_path: join(dir, "audit.log") } })
  await ask("POST", "sys/mounts/secret", { type: "kv", options: { version: "2" } })
  return {
    ...running,
    token,
    ask,
    remove: async () => {
      await running.stop()
      await rm(dir, { recursive: true, force: true })
    },
  }
}
