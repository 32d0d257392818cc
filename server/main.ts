/**
 * `arca server`: reads flags and configuration, puts the parts together, and runs until it is told to stop.
 * The clock, chance, the network and the disk enter here and nowhere else.
 */

import { randomBytes } from "node:crypto"
import { rename, writeFile } from "node:fs/promises"
import { homedir } from "node:os"
import { join } from "node:path"
import { memoryStorage } from "@arca/storage"
import { assemble, type Parts } from "./assemble.ts"
import { auditBroker } from "./audit/index.ts"
import { type Daemon, startDaemon } from "./daemon.ts"
import { BadFlag, fromEnv, readFlags, type ServerFlags } from "./flags.ts"
import { LISTENER_DEFAULTS, type ListenerOptions } from "./listener/options.ts"
import { serve } from "./pipeline.ts"
import { uuid } from "./random.ts"
import { ownRequest } from "./revocation.ts"
import type { Server } from "./server.ts"
import { API_VERSION, ARCA_VERSION } from "./version.ts"

const random = (bytes: number): Uint8Array => randomBytes(bytes)
const now = (): number => Date.now() / 1000

/** Runs a server until a signal ends it; returns the exit code. */
export async function serverCommand(argv: readonly string[]): Promise<number> {
  let flags: ServerFlags
  try {
    flags = readFlags(argv, process.env)
  } catch (error) {
    if (!(error instanceof BadFlag)) throw error
    process.stderr.write(`${error.message}\n`)
    return 1
  }
  if (!flags.dev) {
    process.stderr.write(
      'Nothing to serve: give a configuration with -config=FILE, or try things out with "arca server -dev".\n',
    )
    return 1
  }
  return runDev(flags)
}

async function runDev(flags: ServerFlags): Promise<number> {
  const clock = { now: () => Date.now(), after: later }
  const options: Pick<Parts, "inner" | "audit" | "now" | "random"> & Partial<Parts> = {
    inner: memoryStorage(),
    audit: auditBroker([], clock),
    now,
    random,
    rootTokenText: flags.devRootTokenId,
    facts: { storageType: "inmem" },
    unauthenticated: new Set((fromEnv(process.env, "UNAUTHED_ENDPOINTS") ?? "").split(",").filter(name => name !== "")),
  }
  const server = assemble(options)
  const { keys_base64, root_token } = (await server.seal.init({
    secret_shares: 1,
    secret_threshold: 1,
    pgp_keys: [],
    root_token_pgp_key: undefined,
    recovery_shares: undefined,
    recovery_threshold: undefined,
    recovery_pgp_keys: [],
    stored_shares: undefined,
  })) as { keys_base64: string[]; root_token: string }
  await server.seal.unseal({ key: keys_base64[0], reset: false, migrate: false })
  await mountDevKv(server, root_token, flags.devKvV1)
  const daemon = await startDaemon(server, {
    listeners: [devListener(flags.devListenAddress)],
    clusterName: "arca-dev",
  })
  const address = daemon.listeners[0]?.address ?? ""
  if (!flags.devNoStoreToken) await storeToken(root_token)
  process.stdout.write(devBanner(address, keys_base64[0] ?? "", root_token))
  return untilSignal(daemon)
}

const later = (milliseconds: number, callback: () => void): (() => void) => {
  const timer = setTimeout(callback, milliseconds)
  timer.unref()
  return () => clearTimeout(timer)
}

function devListener(address: string): ListenerOptions {
  const at = address.lastIndexOf(":")
  return {
    ...LISTENER_DEFAULTS,
    host: address.slice(0, at).replace(/^\[|\]$/g, ""),
    port: Number(address.slice(at + 1)),
  }
}

async function mountDevKv(server: Server, token: string, v1: boolean): Promise<void> {
  const reply = await serve(server, {
    ...ownRequest(uuid(random)),
    path: "sys/mounts/secret",
    token,
    body: { type: "kv", description: "key/value secret storage", options: { version: v1 ? "1" : "2" } },
  })
  if (reply.status >= 300) throw new Error(`could not mount secret/: ${JSON.stringify(reply.body)}`)
}

/** Where the command line looks for it: `~/.vault-token`, readable by its owner only. */
async function storeToken(token: string): Promise<void> {
  const path = fromEnv(process.env, "TOKEN_PATH") ?? join(homedir(), ".vault-token")
  await writeFile(`${path}.tmp`, token, { mode: 0o600 })
  await rename(`${path}.tmp`, path)
}

const devBanner = (address: string, unsealKey: string, token: string): string => `==> Arca server configuration:

              Listener 1: ${address}
               Log Level: info
                 Storage: inmem
                 Version: Arca ${ARCA_VERSION}, serving the API of Vault ${API_VERSION}

==> Arca server started! Log data will stream in below:

WARNING! dev mode is enabled! In this mode everything is kept in memory and
is lost when the server stops; it starts unsealed with a single unseal key.

In another terminal, tell the command line where the server is:

    $ export VAULT_ADDR='${address}'

The unseal key and root token, should you want to seal and unseal, or log in
anew:

Unseal Key: ${unsealKey}
Root Token: ${token}

Development mode should NOT be used in production installations!
`

/** Runs until SIGINT or SIGTERM; SIGHUP reads files anew. */
function untilSignal(daemon: Daemon): Promise<number> {
  return new Promise(resolve => {
    let stopping = false
    const stop = () => {
      if (stopping) process.exit(1)
      stopping = true
      process.stderr.write("==> Arca shutdown triggered\n")
      daemon.stop().then(
        () => resolve(0),
        (error: unknown) => {
          process.stderr.write(`${String(error)}\n`)
          resolve(1)
        },
      )
    }
    process.on("SIGINT", stop)
    process.on("SIGTERM", stop)
    process.on(
      "SIGHUP",
      () => void daemon.reload().catch((error: unknown) => process.stderr.write(`${String(error)}\n`)),
    )
  })
}

if (import.meta.main) process.exitCode = await serverCommand(process.argv.slice(2))
