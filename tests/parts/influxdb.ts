/** A real InfluxDB 1 for tests: its own directory, its own port, gone afterwards. It speaks TLS, and lets nobody in unnamed. */

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

/** Why tests that need the server must be skipped here; undefined when they can run. */
export const missing = (): string | undefined =>
  existsSync("/usr/bin/influxd") ? undefined : "InfluxDB is not installed (node tools/parts.ts installs it on Debian)"

/** Starts a server that has no users yet. */
export async function start(options: { readonly cert: string; readonly key: string }): Promise<Server> {
  const data = await mkdtemp(join(tmpdir(), "arca-influxdb-"))
  const [port, backupPort] = [await freePort(), await freePort()]
  const config = join(data, "influxdb.conf")
  await writeFile(
    config,
    `reporting-enabled = false
bind-address = "127.0.0.1:${backupPort}"
[meta]
dir = "${data}/meta"
[data]
dir = "${data}/data"
wal-dir = "${data}/wal"
[monitor]
store-enabled = false
[http]
bind-address = "127.0.0.1:${port}"
auth-enabled = true
log-enabled = false
https-enabled = true
https-certificate = "${options.cert}"
https-private-key = "${options.key}"
`,
  )
  const server = spawn("/usr/bin/influxd", ["run", "-config", config], { stdio: ["ignore", "ignore", "pipe"] })
  let log = ""
  await new Promise<void>((resolve, reject) => {
    server.stderr.setEncoding("utf8").on("data", (text: string) => {
      log = (log + text).slice(-4000)
      if (log.includes("Listening for signals")) resolve()
    })
    server.once("exit", code => reject(new Error(`InfluxDB ended with status ${code}:\n${log}`)))
  })
  return {
    port,
    stop: async () => {
      await ended(server)
      await rm(data, { recursive: true, force: true })
    },
  }
}
