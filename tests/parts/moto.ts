/** Moto in server mode: AWS's IAM and STS as far as moto imitates them. It checks no signature and, by default, no permission. */

import { spawn } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"
import { setTimeout } from "node:timers/promises"
import { freePort } from "./port.ts"
import { environment } from "./python.ts"

export interface Aws {
  /** `http://127.0.0.1:port`, for every service. */
  readonly url: string
  stop(): Promise<void>
}

const prepared = () => environment("moto", join(import.meta.dirname, "moto/requirements.txt"))

/** Why tests that need it must be skipped here; undefined when they can run. */
export async function missing(): Promise<string | undefined> {
  const made = await prepared()
  return "absent" in made ? made.absent : undefined
}

/** Starts a server without any users or roles. */
export async function start(): Promise<Aws> {
  const made = await prepared()
  if ("absent" in made) throw new Error(made.absent)
  const port = await freePort()
  const server = spawn(join(made.bin, "moto_server"), ["-H", "127.0.0.1", "-p", String(port)], { stdio: "ignore" })
  const stop = async (): Promise<void> => {
    if (server.exitCode !== null || server.signalCode !== null) return
    const gone = once(server, "exit")
    server.kill("SIGKILL")
    await gone
  }
  const url = `http://127.0.0.1:${port}`
  for (let tries = 0; tries < 300; tries++) {
    if (server.exitCode !== null) throw new Error(`moto_server ended with status ${server.exitCode}`)
    const answered = await fetch(`${url}/moto-api/data.json`).then(
      response => response.ok,
      () => false,
    )
    if (answered) return { url, stop }
    await setTimeout(100)
  }
  await stop()
  throw new Error("moto_server does not answer")
}
