/**
 * A real Redis server for tests: its own directory, its own port, gone afterwards. ARCA_REDIS_SERVER names another program that is
 * started like it, such as valkey-server.
 */

import { spawn } from "node:child_process"
import { existsSync } from "node:fs"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { ended } from "./ended.ts"
import { freePort } from "./port.ts"

export interface Server {
  readonly port: number
  stop(): Promise<void>
}

const program = process.env.ARCA_REDIS_SERVER ?? "/usr/bin/redis-server"

/** Why tests that need the server must be skipped here; undefined when they can run. */
export const missing = (): string | undefined =>
  existsSync(program) ? undefined : "Redis is not installed (node tools/parts.ts installs it on Debian)"

/** Starts a server whose user `default` has a password, and whose users are kept in a file. With certificates it speaks TLS only. */
export async function start(options: {
  readonly password: string
  readonly tls?: { readonly ca: string; readonly cert: string; readonly key: string }
}): Promise<Server> {
  const data = await mkdtemp(join(tmpdir(), "arca-redis-"))
  await writeFile(join(data, "users.acl"), `user default on >${options.password} ~* &* +@all\n`)
  const port = await freePort()
  const { tls } = options
  const files = tls && ["--tls-ca-cert-file", tls.ca, "--tls-cert-file", tls.cert, "--tls-key-file", tls.key]
  const args = [
    ...(files === undefined ? ["--port"] : ["--port", "0", "--tls-auth-clients", "no", ...files, "--tls-port"]),
    String(port),
    "--bind",
    "127.0.0.1",
    "--dir",
    data,
    "--save",
    "",
    "--aclfile",
    join(data, "users.acl"),
  ]
  const server = spawn(program, args, { stdio: ["ignore", "pipe", "ignore"] })
  await new Promise<void>((resolve, reject) => {
    server.stdout.setEncoding("utf8").on("data", (text: string) => text.includes("Ready to accept") && resolve())
    server.once("exit", code => reject(new Error(`Redis ended with status ${code}`)))
  })
  return {
    port,
    stop: async () => {
      await ended(server)
      await rm(data, { recursive: true, force: true })
    },
  }
}
