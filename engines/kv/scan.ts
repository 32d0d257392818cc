import { type Answer, type Context, field, pageFields, pageOf, type Store } from "@arca/api"

/** Parameters of lists and scans; `search` is of scans alone. */
export const scanFields = {
  ...pageFields,
  search: field.string("Only names that hold this text, whatever its case.", { verbs: ["scan"] }),
}

/** How many names are looked at between two looks at the limit. */
const STEP = 1_000

/**
 * All secrets below a folder that the caller may read, in order. A name that may not be read is not there: neither it nor
 * its number can be learned.
 */
export async function scanKeys(
  ctx: Context,
  folder: string,
  input: { after?: string | undefined; limit?: number | undefined; search?: string | undefined },
  keys: (store: Store, folder: string, page: { after?: string; limit?: number }) => Promise<string[]>,
  mayRead: (path: string) => boolean,
): Promise<Answer> {
  const { after, limit } = pageOf(input)
  const search = input.search?.toLowerCase() ?? ""
  const found: string[] = []
  let last = after
  for (;;) {
    const page = await keys(ctx.store, folder, { limit: STEP, ...(last === undefined ? {} : { after: last }) })
    for (const name of page) {
      if (!name.toLowerCase().includes(search) || !mayRead(folder + name)) continue
      found.push(name)
      if (found.length === limit) return { data: { keys: found } }
    }
    if (page.length < STEP) return { data: { keys: found } }
    last = page.at(-1)
  }
}
