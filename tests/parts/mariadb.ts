/** A real MariaDB server for tests: its own directory, its own port, gone afterwards. */

import { type ChildProcess, spawn, spawnSync } from "node:child_process"
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
  existsSync("/usr/sbin/mariadbd") ? undefined : "MariaDB is not installed (node tools/parts.ts installs it on Debian)"

/** Starts a server on which `root` may enter from this machine with a password, and owns everything. */
export async function start(options: {
  readonly password: string
  /** Further options of the server. */
  readonly args?: readonly string[]
}): Promise<Server> {
  const data = await mkdtemp(join(tmpdir(), "arca-mariadb-"))
  const asRoot = process.getuid?.() === 0 ? ["--user=root"] : []
  const made = spawnSync("mariadb-install-db", [
    `--datadir=${data}`,
    "--auth-root-authentication-method=normal",
    "--skip-test-db",
    ...asRoot,
  ])
  if (made.status !== 0) throw new Error(`mariadb-install-db failed:\n${made.stderr}`)
  const port = await freePort()
  const socket = join(data, "socket")
  const init = join(data, "init.sql")
  const quoted = options.password.replaceAll("\\", "\\\\").replaceAll("'", "''")
  await writeFile(
    init,
    `CREATE OR REPLACE USER 'root'@'127.0.0.1' IDENTIFIED BY '${quoted}';\nGRANT ALL ON *.* TO 'root'@'127.0.0.1' WITH GRANT OPTION;\n`,
  )
  const args = [
    "--no-defaults",
    `--datadir=${data}`,
    `--socket=${socket}`,
    `--port=${port}`,
    "--bind-address=127.0.0.1",
    ...(options.args ?? []),
  ]
  const server = spawn(
    "/usr/sbin/mariadbd",
    [...args, `--init-file=${init}`, "--skip-name-resolve", "--innodb-flush-log-at-trx-commit=0", ...asRoot],
    {
      stdio: ["ignore", "ignore", "pipe"],
    },
  )
  await ready(server)
  return {
    port,
    stop: async () => {
      await ended(server)
      await rm(data, { recursive: true, force: true })
    },
  }
}

async function ready(server: ChildProcess): Promise<void> {
  let log = ""
  await new Promise<void>((resolve, reject) => {
    server.stderr?.setEncoding("utf8").on("data", (text: string) => {
      log = (log + text).slice(-4000)
      if (log.includes("ready for connections")) resolve()
    })
    server.once("exit", code => reject(new Error(`MariaDB ended with status ${code}:\n${log}`)))
  })
}
