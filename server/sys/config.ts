/** `sys/config/*`: what the server lets browsers and auditors see, and what it was told at its start. */

import { decodeJson, encodeJson, field, type JsonObject, refuse } from "@arca/api"
import type { Maybe, View } from "@arca/storage"
import { auditedHeaders, type HeaderRules } from "../audit-table.ts"
import { layout } from "../layout.ts"
import type { ServerContext } from "../server.ts"
import * as replies from "./replies.ts"
import { sysRoute } from "./route.ts"

interface Cors {
  readonly allowed_origins: readonly string[]
  readonly allowed_headers: readonly string[]
  readonly allow_credentials: boolean
}

/** Headers that browsers may send to the API, beside those that are added. */
const STANDARD_HEADERS = [
  ...["Content-Type", "Authorization", "X-Vault-Token", "X-Vault-MFA", "X-Vault-No-Request-Forwarding"],
  ...[
    "X-Vault-Wrap-Format",
    "X-Vault-Wrap-TTL",
    "X-Requested-With",
    "X-Vault-AWS-IAM-Server-ID",
    "X-Vault-Policy-Override",
  ],
]

const decodeCors = (value: Uint8Array): Cors => decodeJson(value) as unknown as Cors

/** The origins that browsers may call from; undefined when it is off. */
export const corsConfig = (view: View): Maybe<Cors | undefined> => view.cached(layout.cors, decodeCors)

/** Every process takes the new table with its next request. */
const writeAuditedHeaders = (ctx: ServerContext, headers: HeaderRules): void =>
  ctx.view.put(layout.auditedHeaders, encodeJson(headers as unknown as JsonObject))

const header = field.string("Name of the header.", { plain: true })
const uiHeader = field.string("Name of the response header.", { plain: true })

export const configRoutes = [
  sysRoute("config/cors", {
    summary: "Which web pages may call the API from a browser.",
    operation: { read: "cors-read-configuration", write: "cors-configure", delete: "cors-delete-configuration" },
    replies: { read: replies.cors, write: {}, delete: {} },
    sudo: true,
    rootOnly: true,
    fields: {
      allowed_origins: field.commaList("Origins, or `*` alone.", { plain: true }),
      allowed_headers: field.commaList("Headers beside the standard ones.", { default: [], plain: true }),
      enable: field.bool("Ignored: writing enables it, deleting disables it.", {}),
      allow_credentials: field.bool("Let browsers send credentials.", { default: false }),
    },
    read: async (_, ctx) => {
      const cors = await corsConfig(ctx.view)
      return { data: cors === undefined ? { enabled: false } : ({ enabled: true, ...cors } as unknown as JsonObject) }
    },
    write: ({ allowed_origins: origins = [], allowed_headers: headers, allow_credentials }, ctx) => {
      if (origins.length === 0) throw refuse.invalid("at least one origin or the wildcard must be provided")
      if (origins.includes("*") && origins.length > 1)
        throw refuse.invalid("to allow all origins the '*' must be the only value for allowed_origins")
      const cors: Cors = {
        allowed_origins: origins,
        allowed_headers: [...STANDARD_HEADERS, ...headers],
        allow_credentials,
      }
      ctx.view.put(layout.cors, encodeJson(cors as unknown as JsonObject))
      return undefined
    },
    delete: (_, ctx) => {
      ctx.view.delete(layout.cors)
      return undefined
    },
  }),
  sysRoute("config/auditing/request-headers", {
    summary: "The request headers that the audit writes.",
    operation: "auditing-list-request-headers",
    replies: { read: { headers: field.map("Header names to whether they are HMACed.") } },
    sudo: true,
    rootOnly: true,
    read: async (_, ctx) => {
      const known = Object.entries(await auditedHeaders(ctx.view))
      return { data: { headers: Object.fromEntries(known.map(([name, rule]) => [name.toLowerCase(), { ...rule }])) } }
    },
  }),
  sysRoute("config/auditing/request-headers/:header", {
    summary: "Whether the audit writes a request header, and whether in clear.",
    operation: {
      read: "auditing-read-request-header-information",
      write: "auditing-enable-request-header",
      delete: "auditing-disable-request-header",
    },
    replies: {
      read: { "*": field.map("hmac: whether its value is HMACed, by the header's name.") },
      write: {},
      delete: {},
    },
    fields: { header, hmac: field.bool("Write its HMAC instead of its value.", { default: false }) },
    sudo: true,
    rootOnly: true,
    read: async ({ header: name }, ctx) => {
      const found = Object.entries(await auditedHeaders(ctx.view)).find(
        ([known]) => known.toLowerCase() === name.toLowerCase(),
      )
      if (found === undefined) throw refuse.invalid("Could not find header in config")
      return { data: { [name]: { ...found[1] } } }
    },
    write: async ({ header: name, hmac }, ctx) => {
      const rest = Object.entries(await auditedHeaders(ctx.view)).filter(
        ([known]) => known.toLowerCase() !== name.toLowerCase(),
      )
      writeAuditedHeaders(ctx, Object.fromEntries([...rest, [name, { hmac }]]))
      return undefined
    },
    delete: async ({ header: name }, ctx) => {
      const rest = Object.entries(await auditedHeaders(ctx.view)).filter(
        ([known]) => known.toLowerCase() !== name.toLowerCase(),
      )
      writeAuditedHeaders(ctx, Object.fromEntries(rest))
      return undefined
    },
  }),
  sysRoute("config/ui/headers", {
    summary: "Response headers of the web console.",
    operation: "ui-headers-list",
    sudo: true,
    rootOnly: true,
    list: async (_, ctx) => ({ data: { keys: await ctx.view.list(layout.uiHeaders) } }),
  }),
  sysRoute("config/ui/headers/:header", {
    summary: "A response header of the web console.",
    operation: {
      read: "ui-headers-read-configuration",
      write: "ui-headers-configure",
      delete: "ui-headers-delete-configuration",
    },
    replies: {
      read: { value: field.string("Its value."), values: field.stringList("All its values.") },
      write: {},
      delete: {},
    },
    fields: {
      header: uiHeader,
      values: field.stringList("Its values.", { default: [], plain: true }),
      multivalue: field.bool("Answer all values.", { default: false, verbs: ["read", "write"] }),
    },
    sudo: true,
    rootOnly: true,
    read: async ({ header: name, multivalue }, ctx) => {
      const stored = await ctx.view.get(layout.uiHeaders + name.toLowerCase())
      if (stored === undefined) return undefined
      const { values } = decodeJson(stored) as { values: string[] }
      return { data: multivalue ? { values } : { value: values[0] ?? "" } }
    },
    write: ({ header: name, values }, ctx) => {
      if (values.length === 0) throw refuse.invalid("header and values must be specified")
      if (name.toLowerCase().startsWith("x-vault-")) throw refuse.invalid("X-Vault headers cannot be set")
      ctx.view.put(layout.uiHeaders + name.toLowerCase(), encodeJson({ values }))
      const careful = "overriding default Content-Security-Policy which is secure by default, proceed with caution"
      return { warnings: name.toLowerCase() === "content-security-policy" ? [careful] : [] }
    },
    delete: ({ header: name }, ctx) => {
      ctx.view.delete(layout.uiHeaders + name.toLowerCase())
      return undefined
    },
  }),
  sysRoute("config/state/sanitized", {
    summary: "The configuration in force, without secrets.",
    operation: "read-sanitized-configuration-state",
    rootOnly: true,
    read: (_, { server }) => ({
      data: {
        api_addr: server.facts.apiAddress,
        cluster_addr: server.facts.clusterAddress,
        default_lease_ttl: server.limits.defaultTtl,
        max_lease_ttl: server.limits.maxTtl,
        storage: { type: server.facts.storageType, disable_clustering: false },
        ...server.facts.configuration,
      },
    }),
  }),
]
