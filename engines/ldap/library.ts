/**
 * Libraries: accounts that are lent. Each has one borrower at a time, and a new password before the next one.
 *
 * An account remembers which loan it is on; a lease that ends later than its loan (someone checked the account in) does nothing.
 */

import { createHash } from "node:crypto"
import {
  type Answer,
  type Context,
  decodeJson,
  encodeJson,
  field,
  type JsonObject,
  leaseKind,
  record,
  refuse,
  route,
  type Store,
  type Values,
} from "@arca/api"
import { NotTaken } from "../rotating.ts"
import { randomName } from "../username-template.ts"
import { needConfig, newPassword } from "./config.ts"
import { listFolder, managed, nameField, pageFields } from "./names.ts"
import { changePassword } from "./static.ts"

const DAY = 24 * 3600

const sets = record("library", "library/", {
  service_account_names: field.commaList("The accounts that are lent: their names by `userattr`.", {
    default: [],
    plain: true,
  }),
  ttl: field.duration("How long an account is lent.", { default: DAY }),
  max_ttl: field.duration("How long renewals can keep it.", { default: DAY }),
  disable_check_in_enforcement: field.bool("Anyone may check in what others borrowed.", { default: false }),
})

type Library = Values<typeof sets.fields>

/** An account of a library. `loan` is empty while it is available. */
interface Lent {
  readonly password: string
  /** A password that the directory may have been given already. */
  readonly pending: string
  readonly loan: string
  readonly borrowerEntity: string
  readonly borrowerToken: string
}

const key = (account: string): string => `account/${Buffer.from(account).toString("base64url")}`
const decode = (value: Uint8Array): Lent => decodeJson(value) as unknown as Lent
const lentOf = async (store: Store, account: string): Promise<Lent | undefined> => store.cached(key(account), decode)
const putLent = (store: Store, account: string, lent: Lent): void =>
  store.put(key(account), encodeJson(lent as unknown as JsonObject))

const FREE: Lent = { password: "", pending: "", loan: "", borrowerEntity: "", borrowerToken: "" }

const isFree = (lent: Lent | undefined): lent is Lent => lent !== undefined && lent.loan === "" && lent.password !== ""

async function needSet(store: Store, name: string): Promise<Library> {
  const library = await sets.get(store, name)
  if (library === undefined) throw refuse.invalid(`${JSON.stringify(name)} doesn't exist`)
  return library
}

/** Gives an account a new password, and makes it available. The new one is durable before the directory hears of it. */
async function checkIn(ctx: Context, account: string): Promise<void> {
  const fresh = await newPassword(ctx, await needConfig(ctx))
  const pending = await ctx.durably(async store => {
    const lent = (await lentOf(store, account)) ?? FREE
    if (lent.pending !== "") return lent.pending
    putLent(store, account, { ...lent, pending: fresh })
    return fresh
  })
  await changePassword(ctx, { dn: "", username: account }, pending).catch(async (error: unknown) => {
    if (!(error instanceof NotTaken)) throw error
    await ctx.durably(async store => {
      const lent = await lentOf(store, account)
      if (lent?.pending === pending) putLent(store, account, { ...lent, pending: "" })
    })
    throw error.refusal
  })
  await ctx.durably(async store => {
    const lent = await lentOf(store, account)
    if (lent?.pending === pending) putLent(store, account, { ...FREE, password: pending })
  })
}

export const loan = leaseKind<{ set: string; account: string; loan: string }>({
  name: "checkout-creds",
  revoke: async (data, ctx) => {
    const lent = await ctx.durably(store => lentOf(store, data.account))
    if (lent?.loan === data.loan) await checkIn(ctx, data.account)
  },
  renew: async (data, ctx) => {
    await needSet(ctx.store, data.set)
    const lent = await lentOf(ctx.store, data.account)
    if (lent?.loan !== data.loan)
      throw refuse.invalid(`${data.account} is already checked in, please call check-out to regain it`)
  },
})

function checked(given: Library): Library {
  const library = { ...given, service_account_names: [...new Set(given.service_account_names)] }
  if (library.service_account_names.length === 0) throw refuse.invalid('"service_account_names" must be provided')
  if (library.max_ttl > 0 && library.max_ttl < library.ttl) {
    throw refuse.invalid(`max_ttl (${library.max_ttl} seconds) may not be less than ttl (${library.ttl} seconds)`)
  }
  return library
}

async function write(name: string, ctx: Context): Promise<undefined> {
  await needConfig(ctx)
  const before = await sets.get(ctx.store, name)
  const wished = checked(sets.merge(before, ctx.body))
  const had = before?.service_account_names ?? []
  const owner = `library/${name}`
  const gone = had.filter(account => !wished.service_account_names.includes(account))
  const added = wished.service_account_names.filter(account => !had.includes(account))
  await ctx.durably(async store => {
    for (const account of gone) await release(store, account)
    for (const account of added) await managed.claim(store, account, owner)
    sets.put(store, name, wished)
  })
  try {
    for (const account of added) await checkIn(ctx, account)
  } catch (error) {
    await ctx.durably(async store => {
      for (const account of added) await release(store, account)
      const kept = wished.service_account_names.filter(account => !added.includes(account))
      if (kept.length === 0) sets.delete(store, name)
      else sets.put(store, name, { ...wished, service_account_names: kept })
    })
    throw error
  }
}

/** Lets an account go. Refuses (400) one that is lent. */
async function release(store: Store, account: string): Promise<void> {
  const lent = await lentOf(store, account)
  if (lent !== undefined && lent.loan !== "") {
    throw refuse.invalid(`${JSON.stringify(account)} can't be deleted because it is currently checked out'`)
  }
  store.delete(key(account))
  managed.release(store, account)
}

async function remove(name: string, ctx: Context): Promise<undefined> {
  const library = await sets.get(ctx.store, name)
  for (const account of library?.service_account_names ?? []) await release(ctx.store, account)
  sets.delete(ctx.store, name)
}

async function checkOut(name: string, asked: number | undefined, ctx: Context): Promise<Answer> {
  const library = await needSet(ctx.store, name)
  const { ttl: usual, max_ttl } = library
  const ttl = asked !== undefined && asked > 0 && (usual === 0 || asked < usual) ? asked : usual
  for (const account of library.service_account_names) {
    const lent = await lentOf(ctx.store, account)
    if (!isFree(lent)) continue
    const id = randomName(20, ctx.random)
    const { entityId: borrowerEntity, tokenKey: borrowerToken } = ctx.caller
    putLent(ctx.store, account, { ...lent, loan: id, borrowerEntity, borrowerToken })
    return {
      data: { service_account_name: account, password: lent.password },
      // Committed with the loan: two who ask at the same time never get the same account.
      lease: ctx.lease(loan, { set: name, account, loan: id }, { ttl, maxTtl: max_ttl }),
    }
  }
  throw refuse.invalid("No service accounts available for check-out.")
}

const isBorrower = ({ caller }: Context, { borrowerEntity, borrowerToken }: Lent): boolean =>
  (borrowerEntity !== "" && borrowerEntity === caller.entityId) ||
  (borrowerToken !== "" && borrowerToken === caller.tokenKey)

async function returned(name: string, accounts: readonly string[], force: boolean, ctx: Context): Promise<Answer> {
  const library = await needSet(ctx.store, name)
  const anyone = force || library.disable_check_in_enforcement
  const foreign = accounts.find(account => !library.service_account_names.includes(account))
  if (foreign !== undefined) throw refuse.invalid(`${JSON.stringify(foreign)} is no account of ${JSON.stringify(name)}`)
  const coming: string[] = []
  for (const account of accounts.length > 0 ? accounts : library.service_account_names) {
    const lent = await lentOf(ctx.store, account)
    if (lent === undefined || lent.loan === "") continue
    if (anyone || isBorrower(ctx, lent)) coming.push(account)
    else if (accounts.length > 0)
      throw refuse.invalid(`${JSON.stringify(account)} can't be checked in because it wasn't checked out by the caller`)
  }
  if (accounts.length === 0 && coming.length > 1) {
    throw refuse.invalid(
      'when multiple service accounts are checked out, the "service_account_names" to check in must be provided',
    )
  }
  for (const account of coming) await checkIn(ctx, account)
  return { data: { check_ins: coming } }
}

async function status(name: string, ctx: Context): Promise<Answer> {
  const library = await needSet(ctx.store, name)
  const shown: JsonObject = {}
  for (const account of library.service_account_names) {
    const lent = await lentOf(ctx.store, account)
    shown[account] = isFree(lent) ? { available: true } : { available: false, ...borrowerOf(lent ?? FREE) }
  }
  return { data: shown }
}

/** Who has it. A token stands for itself by a hash, as in Vault: it tells whether two loans are one borrower's. */
const borrowerOf = ({ borrowerEntity, borrowerToken }: Lent): JsonObject => ({
  ...(borrowerToken === ""
    ? {}
    : { borrower_client_token: createHash("sha256").update(borrowerToken).digest("hex").slice(0, 40) }),
  ...(borrowerEntity === "" ? {} : { borrower_entity_id: borrowerEntity }),
})

const service_account_names = field.commaList("The accounts; all of the caller's, if that is one.", {
  default: [],
  plain: true,
})

const listed = (store: Store, folder: string, page?: { after?: string; limit?: number }) =>
  store.list(`library/${folder}`, page)

const checkInReply = { write: { check_ins: field.stringList("The accounts that are available again.") } }

export const libraryRoutes = [
  route("library", {
    summary: "List the libraries.",
    operation: "library-list",
    fields: pageFields,
    list: listFolder(listed),
  }),
  route("library/:name/check-out", {
    summary: "Borrow an account, for as long as its lease.",
    operation: "library-check-out",
    fields: { name: nameField, ttl: field.duration("For how long, if that is less than usual.") },
    write: ({ name, ttl }, ctx) => checkOut(name, ttl, ctx),
    replies: {
      write: {
        service_account_name: field.string("The account."),
        password: field.string("Its password.", { secret: true }),
      },
    },
  }),
  route("library/manage/:name/check-in", {
    summary: "Take accounts back, whoever borrowed them.",
    operation: "library-force-check-in",
    fields: { name: nameField, service_account_names },
    write: (input, ctx) => returned(input.name, input.service_account_names, true, ctx),
    replies: checkInReply,
  }),
  route("library/:name/check-in", {
    summary: "Give accounts back.",
    operation: "library-check-in",
    fields: { name: nameField, service_account_names },
    write: (input, ctx) => returned(input.name, input.service_account_names, false, ctx),
    replies: checkInReply,
  }),
  route("library/:name/status", {
    summary: "Which accounts of a library are available, and who has the others.",
    operation: "library-check-status",
    fields: { name: nameField },
    read: ({ name }, ctx) => status(name, ctx),
  }),
  route("library/:name", {
    summary:
      "A library of accounts that are lent: read, write, delete; list a folder. Writing one changes their passwords.",
    item: "Library",
    operation: {
      read: "library-read",
      write: "library-configure",
      delete: "library-delete",
      list: "library-list-path",
    },
    fields: { name: nameField, ...sets.fields, ...pageFields },
    exists: async ({ name }, ctx) => (await sets.get(ctx.store, name)) !== undefined,
    read: async ({ name }, ctx) => {
      const library = await sets.get(ctx.store, name)
      return library && { data: sets.shown(library) }
    },
    write: ({ name }, ctx) => write(name, ctx),
    delete: ({ name }, ctx) => remove(name, ctx),
    list: listFolder(listed),
    replies: { read: sets.fields },
  }),
]
