/** Names of roles and libraries, which may be paths (`team/app`), and lists of one folder of them. */

import { type Answer, type Context, field, pageOf, refuse, type Store } from "@arca/api"

/** Folds case, as Vault does. */
export const nameField = field.lowerCase("Its name; `/` makes folders of names.", {
  default: "",
  plain: true,
  pattern: "\\w(?:[\\w./-]*\\w)?",
})

export const pageFields = {
  after: field.string("List only names after this one.", { query: true, verbs: ["list"] }),
  limit: field.int("List at most this many names.", { query: true, verbs: ["list"] }),
}

type List = (store: Store, folder: string, page?: { after?: string; limit?: number }) => Promise<string[]>

/** The names in a folder, itself named like a role. */
export const listFolder =
  (list: List) =>
  async (
    input: { name?: string; after?: string | undefined; limit?: number | undefined },
    ctx: Context,
  ): Promise<Answer> => ({
    data: {
      keys: await list(ctx.store, input.name === undefined || input.name === "" ? "" : `${input.name}/`, pageOf(input)),
    },
  })

/**
 * Which accounts are managed here, and by what: a second role or library would change the password behind the back of the first.
 */
const key = (account: string): string => `managed/${Buffer.from(account.toLowerCase()).toString("base64url")}`

export const managed = {
  /** The role or library that manages an account. */
  by: async (store: Store, account: string): Promise<string | undefined> => {
    const owner = await store.get(key(account))
    return owner === undefined ? undefined : Buffer.from(owner).toString()
  },
  /** Takes an account for an owner. Refuses (400) one that another has. */
  claim: async (store: Store, account: string, owner: string): Promise<void> => {
    const other = await managed.by(store, account)
    if (other !== undefined && other !== owner)
      throw refuse.invalid(`${JSON.stringify(account)} is already managed by the secrets engine (${other})`)
    store.put(key(account), Buffer.from(owner))
  },
  release: (store: Store, account: string): void => store.delete(key(account)),
}
