/** A real RabbitMQ broker with its management plugin for tests: its own directory and ports, gone afterwards. */

import { type ChildProcess, spawn } from "node:child_process"
import { existsSync } from "node:fs"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { ended } from "./ended.ts"
import { freePort } from "./port.ts"

const PROGRAM = "/usr/lib/rabbitmq/bin/rabbitmq-server"
const STARTED = "Server startup complete"

export interface Broker {
  /** `http://127.0.0.1:port`: the management plugin; its administrator is `guest` with the password `guest`. */
  readonly url: string
  /** The port of AMQP. */
  readonly amqpPort: number
  stop(): Promise<void>
}

/** Why tests that need the broker must be skipped here; undefined when they can run. */
export const missing = (): string | undefined =>
  existsSync(PROGRAM) && existsSync("/usr/bin/epmd")
    ? undefined
    : "RabbitMQ is not installed (node tools/parts.ts installs it on Debian)"

/** Starts a broker; it takes some seconds. */
export async function start(): Promise<Broker> {
  const dir = await mkdtemp(join(tmpdir(), "arca-rabbitmq-"))
  const [http, amqp, names, peers] = [await freePort(), await freePort(), await freePort(), await freePort()]
  await writeFile(join(dir, "plugins"), "[rabbitmq_management].\n")
  await writeFile(
    join(dir, "rabbitmq.conf"),
    `listeners.tcp.1 = 127.0.0.1:${amqp}\nmanagement.tcp.ip = 127.0.0.1\nmanagement.tcp.port = ${http}\n`,
  )
  const env = {
    ...process.env,
    HOME: dir,
    ERL_EPMD_PORT: String(names),
    RABBITMQ_NODENAME: `arca${amqp}@localhost`,
    RABBITMQ_DIST_PORT: String(peers),
    RABBITMQ_MNESIA_BASE: join(dir, "mnesia"),
    RABBITMQ_LOG_BASE: dir,
    RABBITMQ_LOGS: "-",
    RABBITMQ_ENABLED_PLUGINS_FILE: join(dir, "plugins"),
    RABBITMQ_CONFIG_FILE: join(dir, "rabbitmq.conf"),
    RABBITMQ_CONF_ENV_FILE: "/dev/null",
  }
  // Erlang's name server would outlive the broker if the broker started it.
  const epmd = spawn("epmd", ["-port", String(names), "-address", "127.0.0.1"], { stdio: "ignore" })
  const broker = spawn(PROGRAM, [], { env, stdio: ["ignore", "pipe", "pipe"], detached: true })
  const stop = async (): Promise<void> => {
    await ended(broker, () => process.kill(-(broker.pid ?? 0), "SIGKILL"))
    await ended(epmd)
    await rm(dir, { recursive: true, force: true, maxRetries: 3 })
  }
  try {
    await started(broker)
  } catch (error) {
    await stop()
    throw error
  }
  return { url: `http://127.0.0.1:${http}`, amqpPort: amqp, stop }
}

function started(broker: ChildProcess): Promise<void> {
  let log = ""
  return new Promise((resolve, reject) => {
    const read = (text: string) => {
      log = (log + text).slice(-8000)
      if (log.includes(STARTED)) resolve()
    }
    broker.stdout?.setEncoding("utf8").on("data", read)
    broker.stderr?.setEncoding("utf8").on("data", read)
    broker.once("error", reject)
    broker.once("exit", code => reject(new Error(`RabbitMQ ended with status ${code}:\n${log}`)))
  })
}
