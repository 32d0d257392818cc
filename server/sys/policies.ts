/** `sys/policies/*`, the older `sys/policy`, capabilities, and why a path is or is not allowed. */

import { field, type Json, type JsonObject, listRoute, refuse } from "@arca/api"
import {
  capabilities,
  explain,
  generatePassword,
  lint,
  type Operation,
  parsePasswordPolicy,
  parsePolicy,
} from "@arca/policy"
import { type Caller, callerOf } from "../authenticate.ts"
import { policyPath } from "../context.ts"
import { layout } from "../layout.ts"
import { mountTable } from "../mounts.ts"
import { namespaceTable } from "../namespaces.ts"
import { deletePasswordPolicy, readPasswordPolicy, writePasswordPolicy } from "../password-policies.ts"
import { deletePolicy, policyName, policyNames, readPolicy, rightsBy, writePolicy } from "../policies.ts"
import type { ServerContext } from "../server.ts"
import { findByAccessor, findToken, isLive } from "../tokens.ts"
import * as replies from "./replies.ts"
import { sysRoute } from "./route.ts"

const name = field.string("Name of the policy; case is folded.", { pattern: ".+", plain: true })

/** The last is none of ours, but Vault's own: nobody's policy should go by its name. */
const IMMUTABLE = new Set(["root", "response-wrapping", "control-group"])

/** A policy may be sent as it is, or in base64 (older clients). */
function policyText(text: string | undefined): string {
  if (text === undefined || text.trim() === "") throw refuse.invalid("'policy' parameter not supplied or empty")
  const decoded = /^[A-Za-z0-9+/\s]+={0,2}$/.test(text) ? Buffer.from(text, "base64").toString() : ""
  return /\bpath\b/.test(decoded) ? decoded : text
}

async function write(
  given: string,
  text: string | undefined,
  ctx: ServerContext,
): Promise<{ warnings: string[] } | undefined> {
  const folded = policyName(given)
  const source = policyText(text)
  const { policy, warnings } = parse(source)
  if (IMMUTABLE.has(folded)) throw refuse.invalid(`cannot update ${JSON.stringify(folded)} policy`)
  if (/\s|%|\.\.|^\/|\/$/.test(folded))
    throw refuse.invalid(
      `a policy's name cannot hold blanks, ".." or "%", nor end in a slash: ${JSON.stringify(given)}`,
    )
  const mounts = (await mountTable(ctx.view, ctx.namespace)).all.map(({ path, type, options }) => ({
    path,
    type,
    ...(options?.version === undefined ? {} : { version: Number(options.version) }),
  }))
  writePolicy(ctx.view, ctx.namespace.id, folded, source)
  const folding = folded === given ? [] : [`policy name was converted to ${folded}`]
  const all = [...folding, ...warnings, ...lint(policy, mounts)]
  return all.length === 0 ? undefined : { warnings: all }
}

function parse(text: string): ReturnType<typeof parsePolicy> {
  try {
    return parsePolicy(text)
  } catch (error) {
    throw refuse.invalid(`failed to parse policy: ${error instanceof Error ? error.message : String(error)}`)
  }
}

async function read(
  given: string,
  key: "rules" | "policy",
  ctx: ServerContext,
): Promise<{ data: JsonObject } | undefined> {
  const folded = policyName(given)
  if (folded === "root" && ctx.namespace.path === "") return { data: { name: "root", [key]: "" } }
  const stored = await readPolicy(ctx.view, ctx.namespace.id, folded)
  return stored && { data: { name: folded, [key]: stored.text } }
}

function remove(given: string, ctx: ServerContext): undefined {
  const folded = policyName(given)
  if (folded === "default") throw refuse.invalid("cannot delete default policy")
  if (IMMUTABLE.has(folded)) throw refuse.invalid(`cannot delete ${JSON.stringify(folded)} policy`)
  deletePolicy(ctx.view, ctx.namespace.id, folded)
}

const rulesField = field.string("An older name of `policy`.", { plain: true, deprecated: 'use "policy"' })
const policyField = field.string("The policy, in HCL or JSON.", { plain: true })

/** `key` is what the text is called in answers: `rules` where clients are older. */
const routesFor = (path: string, key: "rules" | "policy") => [
  sysRoute(path, {
    summary: "The names of all policies.",
    operation: "policies-list-acl-policies",
    replies: { read: replies.policyNames, ...(key === "rules" ? { list: replies.policyNames } : {}) },
    ...(key === "rules"
      ? {
          read: async (_, ctx) => {
            const names = await policyNames(ctx.view, ctx.namespace.id)
            return { data: { keys: names, policies: names } }
          },
        }
      : {}),
    list: async (_, ctx) => {
      const names = await policyNames(ctx.view, ctx.namespace.id)
      return { data: { keys: names, ...(key === "rules" ? { policies: names } : {}) } }
    },
  }),
  sysRoute(`${path}/:name`, {
    summary: "A policy: read, write, delete.",
    operation: "policies-*-acl-policy",
    replies: { read: key === "rules" ? replies.olderAclPolicy : replies.aclPolicy, delete: {} },
    fields: { name, policy: policyField, ...(key === "rules" ? { rules: rulesField } : {}) },
    read: ({ name: given }, ctx) => read(given, key, ctx),
    write: ({ name: given, policy, rules }, ctx) => {
      if (policy || !rules) return write(given, policy, ctx)
      ctx.warn("'rules' is deprecated, please use 'policy' instead")
      return write(given, rules, ctx)
    },
    delete: ({ name: given }, ctx) => remove(given, ctx),
  }),
]

const pathsFields = {
  path: field.commaList("An older name of `paths`.", { deprecated: 'use "paths"' }),
  paths: field.commaList("The paths asked about."),
}

function capabilitiesFor(
  caller: Caller,
  ctx: ServerContext,
  input: { path?: string[] | undefined; paths?: string[] | undefined },
) {
  const paths = [...new Set(input.paths?.length ? input.paths : input.path)]
  if (paths.length === 0) throw refuse.invalid("paths must be supplied")
  const entries = paths.map((one): [string, Json] => [
    one,
    capabilities(caller.acl, policyPath(caller, ctx.namespace, one.replace(/^\/+/, ""))),
  ])
  const only = entries.length === 1 ? entries[0]?.[1] : undefined
  return { data: { ...Object.fromEntries(entries), ...(only === undefined ? {} : { capabilities: only }) } }
}

async function callerBy(
  ctx: ServerContext,
  entry: Awaited<ReturnType<typeof findToken>>,
  complaint: string,
): Promise<Caller> {
  const home = entry && (await namespaceTable(ctx.view)).byId.get(entry.namespace)
  if (entry === undefined || home === undefined || !isLive(entry, ctx.now)) throw refuse.invalid(complaint)
  return callerOf(ctx.server, ctx.view, entry, home)
}

const OPERATIONS: readonly Operation[] = ["read", "list", "scan", "create", "update", "delete", "patch"]

/** Which rule decides. Of one's own token anyone may ask; of another only who may look it up. */
async function explained(
  input: { path: string; operation: string; accessor?: string | undefined; policies?: string[] | undefined },
  ctx: ServerContext,
): Promise<{ data: JsonObject }> {
  const caller =
    input.accessor === undefined
      ? ctx.asker
      : await callerBy(ctx, await findByAccessor(ctx.view, input.accessor), "invalid accessor")
  const names = input.policies?.map(policyName)
  const { server, view, namespace, now } = ctx
  const acl =
    names === undefined ? caller.acl : server.acl(await rightsBy(view, namespace.id, names, caller.identity), now)
  const path = policyPath(caller, ctx.namespace, input.path.replace(/^\/+/, ""))
  const explanation = explain(acl, { path, operation: input.operation as Operation })
  return { data: explanation as unknown as JsonObject }
}

const passwordName = field.name("Name of the password policy.", { pattern: ".+" })

export const policyRoutes = [
  ...routesFor("policies/acl", "policy"),
  ...routesFor("policy", "rules"),
  sysRoute("policies/explain", {
    summary: "Which rule of which policy decides a path and operation, why, and what would change it.",
    operation: "policies-explain",
    replies: { write: replies.explanation },
    // Any valid token may ask about itself, whatever its policies say.
    open: true,
    fields: {
      path: field.string("The path asked about, as in a request.", { required: true, plain: true }),
      operation: field.string("What is to be done there.", { default: "read", choices: OPERATIONS, plain: true }),
      accessor: field.string("Ask for the token with this accessor instead of one's own."),
      policies: field.commaList("Ask for a set of policies instead of a token's.", { plain: true }),
    },
    write: (input, ctx) => {
      if (ctx.asker.token === undefined) throw refuse.denied()
      if ((input.accessor !== undefined || input.policies !== undefined) && !mayExplainOthers(ctx))
        throw refuse.denied()
      return explained(input, ctx)
    },
  }),
  listRoute<ServerContext>(
    "policies/password",
    { summary: "The names of all password policies.", operation: "policies-list-password-policies" },
    (ctx, page) => ctx.view.scope(layout.namespace(ctx.namespace.id)).list(layout.passwordPolicy, page),
  ),
  sysRoute("policies/password/:name/generate", {
    summary: "A password by this policy.",
    operation: "policies-generate-password-from-password-policy",
    replies: { read: { password: field.string("The password.", { secret: true }) } },
    fields: { name: passwordName },
    read: async ({ name: given }, ctx) => {
      const stored = await readPasswordPolicy(ctx.view, ctx.namespace.id, given)
      if (stored === undefined) throw refuse.unknown(`policy does not exist`)
      return { data: { password: generatePassword(stored.policy, ctx.random) } }
    },
  }),
  sysRoute("policies/password/:name", {
    summary: "A password policy: read, write, delete.",
    operation: "policies-*-password-policy",
    replies: { read: replies.passwordPolicy, write: {}, delete: {} },
    fields: { name: passwordName, policy: policyField },
    read: async ({ name: given }, ctx) => {
      const stored = await readPasswordPolicy(ctx.view, ctx.namespace.id, given)
      return stored && { data: { policy: stored.text } }
    },
    write: ({ name: given, policy }, ctx) => {
      if (policy === undefined || policy === "") throw refuse.invalid("missing policy")
      const text = /^[A-Za-z0-9+/\s]+={0,2}$/.test(policy) ? Buffer.from(policy, "base64").toString() : policy
      try {
        generatePassword(parsePasswordPolicy(text), ctx.random)
      } catch (error) {
        throw refuse.invalid(`invalid password policy: ${error instanceof Error ? error.message : String(error)}`)
      }
      writePasswordPolicy(ctx.view, ctx.namespace.id, given, text)
      return undefined
    },
    delete: ({ name: given }, ctx) => {
      deletePasswordPolicy(ctx.view, ctx.namespace.id, given)
      return undefined
    },
  }),
  sysRoute("capabilities", {
    summary: "What a token may do at some paths.",
    operation: "query-token-capabilities",
    replies: { write: replies.capabilities },
    fields: { ...pathsFields, token: field.string("The token asked about.", { secret: true }) },
    write: async ({ token, ...paths }, ctx) => {
      if (token === undefined || token === "") throw refuse.invalid("no token found")
      return capabilitiesFor(await callerBy(ctx, await findToken(ctx.view, token), "invalid token"), ctx, paths)
    },
  }),
  sysRoute("capabilities-self", {
    summary: "What the caller may do at some paths.",
    operation: "query-token-self-capabilities",
    replies: { write: replies.capabilities },
    fields: { ...pathsFields, token: field.string("Ignored; older clients send it.", { secret: true }) },
    write: (paths, ctx) => capabilitiesFor(ctx.asker, ctx, paths),
  }),
  sysRoute("capabilities-accessor", {
    summary: "What the token with an accessor may do at some paths.",
    operation: "query-token-accessor-capabilities",
    replies: { write: replies.capabilities },
    fields: { ...pathsFields, accessor: field.string("The accessor asked about.") },
    write: async ({ accessor, ...paths }, ctx) => {
      if (accessor === undefined || accessor === "") throw refuse.invalid("missing accessor")
      return capabilitiesFor(
        await callerBy(ctx, await findByAccessor(ctx.view, accessor), "invalid accessor"),
        ctx,
        paths,
      )
    },
  }),
]

/** To ask about others takes what it takes to read policies: their text would tell as much. */
const mayExplainOthers = (ctx: ServerContext): boolean => ctx.permits("read", "policies/acl/*")
