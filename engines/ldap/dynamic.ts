/** Dynamic roles: entries that are made by LDIF, and removed by LDIF when their lease is over. */

import { type Answer, type Context, field, leaseKind, record, refuse, route, type Values } from "@arca/api"
import { checkTemplate, tame, usernameBy } from "../username.ts"
import type { TemplateWorld } from "../username-template.ts"
import { needConfig, newPassword } from "./config.ts"
import { alreadyThere, run, undo, withDirectory } from "./directory.ts"
import { parseLdif } from "./ldif.ts"
import { listFolder, nameField, pageFields } from "./names.ts"

const roles = record("role", "role/", {
  creation_ldif: field.string("LDIF that makes the entry, with templates.", { default: "", plain: true }),
  deletion_ldif: field.string("LDIF that removes it.", { default: "", plain: true }),
  rollback_ldif: field.string("LDIF that removes what a creation left that failed half way.", {
    default: "",
    plain: true,
  }),
  username_template: field.string("How entries are named.", { default: "", plain: true }),
  default_ttl: field.duration("How long an entry lives; the mount's default when 0.", { default: 0 }),
  max_ttl: field.duration("How long renewals can keep it; the mount's longest when 0.", { default: 0 }),
})

type Role = Values<typeof roles.fields>

const USERNAME_TEMPLATE = "v_{{.DisplayName}}_{{.RoleName}}_{{random 10}}_{{unix_time}}"
const LONGEST_USERNAME = 256

/** What LDIF may ask for; a password only while the entry is made. */
const LATER_FIELDS = [
  "Username",
  "DisplayName",
  "RoleName",
  "IssueTime",
  "IssueTimeSeconds",
  "ExpirationTime",
  "ExpirationTimeSeconds",
]
const FIELDS = [...LATER_FIELDS, "Password"]

const LDIF_FIELDS = { creation_ldif: FIELDS, deletion_ldif: LATER_FIELDS, rollback_ldif: LATER_FIELDS } as const

/** Terraform and scripts may send LDIF as Base64, which it cannot be taken for: it has colons. */
const plainText = (text: string): string =>
  /^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text.replaceAll(/\s+/g, ""))
    ? Buffer.from(text, "base64").toString()
    : text

function checked(given: Role, ctx: Context): Role {
  const role = { ...given }
  for (const name of ["creation_ldif", "deletion_ldif", "rollback_ldif"] as const) {
    role[name] = plainText(given[name])
    if (role[name] === "" && name !== "rollback_ldif") throw refuse.invalid(`missing ${name}`)
    if (role[name] !== "") parseLdif(role[name], LDIF_FIELDS[name])(sample(ctx))
  }
  checkTemplate(ctx, role.username_template)
  if (role.max_ttl > 0 && role.default_ttl > role.max_ttl)
    throw refuse.invalid("default_ttl cannot be longer than max_ttl")
  return role
}

const sample = (ctx: Context): TemplateWorld => ({
  now: ctx.now,
  random: ctx.random,
  fields: Object.fromEntries(FIELDS.map(name => [name, "1"])),
})

/** What is known of an entry, for as long as it lives. Its password is not. */
type Entry = {
  readonly username: string
  readonly role: string
  readonly display_name: string
  readonly issued: number
  readonly expires: number
  readonly deletion_ldif: string
}

const time = (seconds: number): string => new Date(Math.floor(seconds) * 1000).toISOString().replace(".000Z", "Z")

const worldOf = (entry: Entry, ctx: Context, password = ""): TemplateWorld => ({
  now: entry.issued,
  random: ctx.random,
  fields: {
    Username: entry.username,
    Password: password,
    DisplayName: tame(entry.display_name),
    RoleName: entry.role,
    IssueTime: time(entry.issued),
    IssueTimeSeconds: String(Math.floor(entry.issued)),
    ExpirationTime: time(entry.expires),
    ExpirationTimeSeconds: String(Math.floor(entry.expires)),
  },
})

export const entry = leaseKind<Entry>({
  name: "creds",
  revoke: async (data, ctx) => {
    const statements = parseLdif(data.deletion_ldif, LATER_FIELDS)(worldOf(data, ctx))
    await withDirectory(ctx, directory => undo(directory, statements))
  },
  terms: async (data, ctx) => {
    const role = await roles.get(ctx.store, data.role)
    if (role === undefined) throw refuse.invalid("unable to renew: role does not exist")
    return { ttl: role.default_ttl, maxTtl: role.max_ttl }
  },
})

async function issue(name: string, ctx: Context): Promise<Answer | undefined> {
  const role = await roles.get(ctx.store, name)
  if (role === undefined) return undefined
  const config = await needConfig(ctx)
  const username = usernameBy(ctx, role.username_template || USERNAME_TEMPLATE, name, LONGEST_USERNAME)
  const password = await newPassword(ctx, config)
  const life = Math.min(role.default_ttl || ctx.mount.defaultTtl, role.max_ttl || ctx.mount.maxTtl, ctx.mount.maxTtl)
  const data: Entry = {
    username,
    role: name,
    display_name: ctx.caller.displayName,
    issued: ctx.now,
    expires: ctx.now + life,
    deletion_ldif: role.deletion_ldif,
  }
  const statements = parseLdif(role.creation_ldif, FIELDS)(worldOf(data, ctx, password))
  return await withDirectory(ctx, async directory => {
    const taken = await alreadyThere(directory, statements)
    if (taken !== undefined)
      throw refuse.failed(
        `failed to create user: ${taken} is there already; the username_template must make names that are used once`,
      )
    // Durable before the entry exists: should we die in between, the lease's job removes it.
    const lease = await ctx.prepare(entry, data)
    await run(directory, statements, password).catch(async (error: unknown) => {
      if (role.rollback_ldif === "") throw error
      const rollback = parseLdif(role.rollback_ldif, LATER_FIELDS)(worldOf(data, ctx))
      await undo(directory, rollback).catch(() =>
        ctx.log("warn", `the rollback of role ${name} failed for ${username}`),
      )
      throw error
    })
    const distinguished_names = statements.map(statement => statement.dn)
    return { data: { username, password, distinguished_names }, lease: lease.until(role.default_ttl, role.max_ttl) }
  })
}

export const dynamicRoutes = [
  route("role", {
    summary: "List the roles.",
    operation: "list-dynamic-roles",
    fields: pageFields,
    list: listFolder(rolesIn),
  }),
  route("role/:name", {
    summary: "A dynamic role: LDIF that makes and removes its entries. Read, write, delete; list a folder.",
    item: "Role",
    operation: {
      read: "read-dynamic-role",
      write: "write-dynamic-role",
      delete: "delete-dynamic-role",
      list: "list-role-path",
    },
    fields: { name: nameField, ...roles.fields, ...pageFields },
    exists: async ({ name }, ctx) => (await roles.get(ctx.store, name)) !== undefined,
    read: async ({ name }, ctx) => {
      const role = await roles.get(ctx.store, name)
      return role && { data: roles.shown(role) }
    },
    write: async ({ name }, ctx) => {
      const merged = roles.merge(await roles.get(ctx.store, name), ctx.body)
      roles.put(ctx.store, name, checked(merged, ctx))
      return undefined
    },
    delete: ({ name }, ctx) => {
      roles.delete(ctx.store, name)
      return undefined
    },
    list: listFolder(rolesIn),
    replies: { read: roles.fields },
  }),
  route("creds/:name", {
    summary: "Make an entry that lives as long as its lease.",
    operation: "request-dynamic-role-credentials",
    fields: { name: nameField },
    read: ({ name }, ctx) => issue(name, ctx),
    replies: {
      read: {
        username: field.string("The name of the account."),
        password: field.string("Its password.", { secret: true }),
        distinguished_names: field.stringList("The entry of each statement."),
      },
    },
  }),
]

function rolesIn(store: Context["store"], folder: string, page?: { after?: string; limit?: number }) {
  return store.list(`role/${folder}`, page)
}
