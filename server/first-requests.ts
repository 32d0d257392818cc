/** What the configuration asks of a new store: `initialize` stanzas and declared audit devices. */

import type { JsonObject, Operation } from "@arca/api"
import { auditTable, durableSigningKey, putToUse, writeAuditTable } from "./audit-table.ts"
import type { AuditStanza, InitRequest, ServerConfig } from "./config/read.ts"
import { serve } from "./pipeline.ts"
import { uuid } from "./random.ts"
import { ownRequest } from "./revocation.ts"
import type { Server } from "./server.ts"
import { transact } from "./transact.ts"

const OPERATIONS: ReadonlyMap<string, Operation> = new Map([
  ["create", "update"],
  ["update", "update"],
  ["write", "update"],
  ["read", "read"],
  ["delete", "delete"],
  ["list", "list"],
  ["patch", "patch"],
])

/**
 * Initialises an empty store and sends it the requests of the `initialize` stanzas, in order, as root. The root token is
 * revoked at the end; nobody ever holds it. It takes a seal that opens by itself.
 */
export async function initializeItself(server: Server, config: ServerConfig): Promise<void> {
  if (server.seal.seal.kind !== "auto") {
    throw new Error('initialize stanzas need a seal that opens by itself, such as seal "static"')
  }
  const { root_token } = await server.seal.init({ recovery_shares: 1, recovery_threshold: 1 })
  if (server.sealed())
    throw new Error(
      "the store was made, but cannot be opened (the log says why): correct the configuration, empty the store and start again",
    )
  const token = String(root_token)
  try {
    for (const request of config.initialize) await send(server, token, request)
  } finally {
    await ask(server, token, "update", "auth/token/revoke-self", {})
  }
  server.log.info("initialised from the configuration", { requests: config.initialize.length })
}

const ask = (server: Server, token: string, operation: Operation, path: string, body: JsonObject) =>
  serve(server, { ...ownRequest(uuid(server.random)), operation, path, token, body })

async function send(server: Server, token: string, request: InitRequest): Promise<void> {
  const operation = OPERATIONS.get(request.operation)
  if (operation === undefined)
    throw new Error(`initialize ${request.name}: unknown operation ${JSON.stringify(request.operation)}`)
  const reply = await ask(server, token, operation, request.path, request.data as JsonObject)
  if (reply.status < 400) return
  const errors = (reply.body as { errors?: string[] } | undefined)?.errors ?? []
  const text = `initialize ${request.name}: ${request.operation} ${request.path} was answered ${reply.status}: ${errors.join("; ")}`
  if (!request.allowFailure) throw new Error(text)
  server.log.warn(text)
}

/** Adds the audit devices that the configuration declares and the store does not have yet, whenever the store is opened. */
export async function declareAudit(server: Server, stanzas: readonly AuditStanza[]): Promise<void> {
  for (const { path, type, options } of stanzas) {
    await transact(server, async view => {
      const table = await auditTable(view)
      if (table.some(one => one.path === path)) return
      const plain = Object.fromEntries([...options].filter(([name]) => name !== "description"))
      const entry = {
        path,
        type,
        description: options.get("description") ?? "",
        options: plain,
        local: false,
        salt: uuid(server.random),
      }
      // Of a try that could not be committed.
      await server.audit.disable(path)
      await putToUse(server, entry, await durableSigningKey(server), false)
      writeAuditTable(view, [...table, entry])
    })
  }
}
