/** `sys/audit`, `sys/audit-hash`: where records of requests and responses go. */

import { field, type JsonObject, refuse } from "@arca/api"
import { fileMode } from "../audit/devices/options.ts"
import { isDeviceType } from "../audit/open.ts"
import { keptCheckpoints } from "../audit-checkpoints.ts"
import {
  type AuditEntry,
  auditTable,
  durableSigningKey,
  type OpenedEntry,
  openEntry,
  verificationKey,
  writeAuditTable,
} from "../audit-table.ts"
import { uuid } from "../random.ts"
import type { Server, ServerContext } from "../server.ts"
import * as replies from "./replies.ts"
import { sysRoute } from "./route.ts"

const path = field.string("The name of the device.", { pattern: ".+?", plain: true })

const tidyPath = (given: string): string => `${given.replace(/^\/+|\/+$/g, "")}/`

const shown = ({ path: name, type, description, options, local }: AuditEntry): JsonObject => ({
  path: name,
  type,
  description,
  options: { ...options },
  local,
})

interface EnableInput {
  readonly path: string
  readonly type: string
  readonly description: string
  readonly options: Map<string, string>
  readonly local: boolean
}

/**
 * Opens the device and writes a test record to it before anything is stored: a device that cannot work is never in the table.
 * Other processes of the cluster open it when they next look at the table, which is with every request.
 */
async function enable(input: EnableInput, ctx: ServerContext): Promise<undefined> {
  const name = tidyPath(input.path)
  if (!isDeviceType(input.type))
    throw refuse.invalid(`unknown backend type: ${JSON.stringify(input.type)}: invalid configuration`)
  // Of Vault Enterprise. Without effect they would have the caller believe that records are kept elsewhere, or not at all.
  if (["filter", "exclude", "fallback"].some(name => input.options.has(name)))
    throw refuse.invalid("enterprise-only options supplied: invalid configuration")
  const table = await auditTable(ctx.view)
  if (table.some(one => one.path === name)) throw refuse.invalid(`path already in use: ${name}`)
  if (table.some(one => one.path.startsWith(name) || name.startsWith(one.path))) {
    throw refuse.invalid(`path ${name} lies within another device's, or the other way round`)
  }
  const entry: AuditEntry = {
    path: name,
    type: input.type,
    description: input.description,
    options: Object.fromEntries(input.options),
    local: input.local,
    salt: uuid(ctx.random),
  }
  const { server } = ctx
  // A device that is open without being in the table is of a try at this very request that could not be committed.
  await server.audit.disable(name)
  const { device, older } = await opened(server, entry).catch((error: Error) => {
    throw refuse.invalid(error.message)
  })
  await server.audit.enable(device, { requestId: ctx.request.id }).catch((error: Error) => {
    throw refuse.invalid(`the audit device does not take records: ${error.message}`)
  })
  writeAuditTable(ctx.view, [...table, entry])
  if (older !== undefined) ctx.afterCommit(() => server.rollback.note(server, older))
}

async function opened(server: Server, entry: AuditEntry): Promise<OpenedEntry> {
  // Also where there is no file to have it.
  if (entry.type === "file") fileMode(entry.options)
  return openEntry(server, server.auditPlaces, entry, await durableSigningKey(server))
}

async function disable(given: string, ctx: ServerContext): Promise<undefined> {
  const name = tidyPath(given)
  const table = await auditTable(ctx.view)
  if (!table.some(one => one.path === name)) return
  writeAuditTable(
    ctx.view,
    table.filter(one => one.path !== name),
  )
  // The response to this very request is still recorded on it.
  ctx.atLast(async () => void (await ctx.server.audit.disable(name)))
}

export const auditRoutes = [
  sysRoute("audit", {
    summary: "The audit devices.",
    operation: "auditing-list-enabled-devices",
    replies: { read: replies.auditDevices },
    sudo: true,
    rootOnly: true,
    read: async (_, ctx) => ({
      data: Object.fromEntries((await auditTable(ctx.view)).map(entry => [entry.path, shown(entry)])),
    }),
  }),
  sysRoute("audit/verification-key", {
    summary:
      "The public key that checkpoints of audit files are signed with, and where each chain stood when it was last signed.",
    operation: "auditing-*-verification-key",
    replies: {
      read: {
        public_key: field.string("Ed25519, in PEM."),
        chains: field.any("Of each chain its origin, how many records it had (size), and the hash of the last (prev)."),
      },
    },
    sudo: true,
    rootOnly: true,
    read: async (_, ctx) => {
      const key = await verificationKey(ctx.view)
      if (key === undefined) return undefined
      const chains = (await keptCheckpoints(ctx.view)).map(({ origin, size, prev }) => ({ origin, size, prev }))
      return { data: { public_key: key, chains } }
    },
  }),
  sysRoute("audit/:path", {
    summary: "Enable or disable an audit device.",
    operation: { write: "auditing-enable-device", delete: "auditing-disable-device" },
    replies: { write: {}, delete: {} },
    fields: {
      path,
      type: field.string("file, syslog, socket or http.", { default: "", plain: true }),
      description: field.string("What it is for.", { default: "", plain: true }),
      options: field.pairs("The options of its type, such as `file_path`.", { default: new Map(), plain: true }),
      local: field.bool("Accepted for compatibility.", { default: false }),
    },
    sudo: true,
    rootOnly: true,
    write: (input, ctx) => enable(input, ctx),
    delete: ({ path: given }, ctx) => disable(given, ctx),
  }),
  sysRoute("audit-hash/:path", {
    summary: "What a value looks like in the records of a device.",
    operation: "auditing-calculate-hash",
    replies: { write: { hash: field.string("As it stands in the records.") } },
    fields: { path, input: field.string("The value.", {}) },
    rootOnly: true,
    write: ({ path: given, input }, ctx) => {
      if (input === undefined || input === "") throw refuse.invalid('the "input" parameter is empty')
      const hash = ctx.server.audit.hash(tidyPath(given), input)
      if (hash === undefined) throw refuse.invalid(`unknown audit backend ${JSON.stringify(tidyPath(given))}`)
      return { data: { hash } }
    },
  }),
]
