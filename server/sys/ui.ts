/** `sys/internal/ui`: what the command line and the console ask to find their way. */

import { field, type JsonObject, refuse } from "@arca/api"
import { reaches } from "@arca/policy"
import { policyPath } from "../context.ts"
import { findMount, type MountEntry, type MountTable, mountTable } from "../mounts.ts"
import { namespaceTable } from "../namespaces.ts"
import type { ServerContext } from "../server.ts"
import { shownMount } from "./mounts.ts"
import * as replies from "./replies.ts"
import { sysRoute } from "./route.ts"

/** Whether the caller may do anything at all below a mount. */
const seesMount = (ctx: ServerContext, entry: MountEntry): boolean =>
  ctx.asker.token !== undefined && reaches(ctx.asker.acl, policyPath(ctx.asker, ctx.namespace, entry.path))

/** The mounts that the caller may know of; without a token, those listed for everyone. */
export const seenMounts = (ctx: ServerContext, { all }: MountTable): readonly MountEntry[] =>
  all.filter(entry => entry.config.listing_visibility === "unauth" || seesMount(ctx, entry))

function split(
  entries: readonly MountEntry[],
  show: (entry: MountEntry) => JsonObject,
): { auth: JsonObject; secret: JsonObject } {
  const of = (kind: MountEntry["kind"], prefix: number) =>
    Object.fromEntries(
      entries.filter(entry => entry.kind === kind).map(entry => [entry.path.slice(prefix), show(entry)]),
    )
  return { auth: of("auth", "auth/".length), secret: of("secret", 0) }
}

/** What anyone may know of a mount that is listed for everyone. */
const briefly = ({ type, description, options }: MountEntry): JsonObject => ({
  type,
  description,
  options: options && { ...options },
})

export const uiRoutes = [
  sysRoute("internal/ui/mounts", {
    summary: "The mounts that the caller can reach; without a token, those listed for everyone.",
    operation: "internal-ui-list-enabled-visible-mounts",
    replies: { read: replies.visibleMounts },
    open: true,
    read: async (_, ctx) => {
      // A token that is not good any more is no caller without a token: who brings one shall learn of it.
      if (ctx.asker.token === undefined && ctx.full.token !== "") throw refuse.stranger(ctx.full.token)
      const seen = seenMounts(ctx, await mountTable(ctx.view, ctx.namespace))
      return { data: split(seen, ctx.asker.token === undefined ? briefly : shownMount) }
    },
  }),
  sysRoute("internal/ui/mounts/*path", {
    summary: "The mount that a path lies in.",
    operation: "internal-ui-read-mount-information",
    replies: { read: { ...replies.mount, path: field.string("Where it is mounted.") } },
    open: true,
    read: async ({ path }, ctx) => {
      if (ctx.asker.token === undefined) throw refuse.stranger(ctx.full.token)
      const denied = refuse.forbidden(
        `preflight capability check returned 403, please ensure client's policies grant access to path ${JSON.stringify(`${path.replace(/\/+$/, "")}/`)}`,
      )
      const entry = findMount(await mountTable(ctx.view, ctx.namespace), path)
      if (entry === undefined || !seesMount(ctx, entry)) throw denied
      return { data: { ...shownMount(entry), path: entry.path.replace(/^auth\//, "") } }
    },
  }),
  sysRoute("internal/ui/namespaces", {
    summary: "The namespaces directly below this one that the caller can reach.",
    operation: "internal-ui-list-namespaces",
    replies: { read: { keys: field.stringList("Their names.") } },
    open: true,
    read: async (_, ctx) => {
      if (ctx.asker.token === undefined) throw refuse.denied()
      const here = ctx.namespace.path
      const below = (await namespaceTable(ctx.view)).all.filter(
        one => one.path.startsWith(here) && /^[^/]+\/$/.test(one.path.slice(here.length)),
      )
      const seen = below.filter(one => reaches(ctx.asker.acl, policyPath(ctx.asker, one, "")))
      return { data: { keys: seen.map(one => one.path.slice(here.length)) } }
    },
  }),
  sysRoute("internal/ui/resultant-acl", {
    summary: "The caller's rules, for the console to show what can be done.",
    operation: "internal-ui-read-resultant-acl",
    replies: {
      read: {
        root: field.bool("Whether anything is allowed."),
        exact_paths: field.map("Capabilities of paths; left out where anything is allowed.", { optional: true }),
        glob_paths: field.map("Capabilities of all that begins so, or has any segment for `+`.", { optional: true }),
        chroot_namespace: field.string("Empty."),
      },
    },
    read: (_, ctx) => {
      const { acl } = ctx.asker
      if (acl.root !== undefined) return { data: { root: true, chroot_namespace: "" } }
      const exact: JsonObject = {}
      const globs: JsonObject = {}
      for (const rule of acl.rules) {
        const capabilities = [...new Set(rule.sources.flatMap(source => [...source.capabilities]))].sort()
        const { text, glob } = rule.pattern
        const target = glob || text.includes("+") ? globs : exact
        target[glob ? text.slice(0, -1) : text] = { capabilities }
      }
      return { data: { root: false, exact_paths: exact, glob_paths: globs, chroot_namespace: "" } }
    },
  }),
  sysRoute("internal/ui/feature-flags", {
    summary: "Flags of the console: none.",
    operation: "internal-ui-list-enabled-feature-flags",
    replies: { read: { feature_flags: field.stringList("None.") } },
    open: true,
    read: () => ({ bare: { feature_flags: [] } }),
  }),
  sysRoute("internal/ui/version", {
    summary: "The version of the API.",
    operation: "internal-ui-read-version",
    read: (_, ctx) => ({ data: { version: ctx.server.facts.apiVersion, arca_version: ctx.server.facts.arcaVersion } }),
  }),
]
