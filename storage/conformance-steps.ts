/** Steps that tests of stores are written in. */

import type { TestContext } from "node:test"
import { Conflict, type Storage, type Version, type View } from "./view.ts"

/** Opens an empty store whose change feed remembers at least `remembered` commits, and not many more. */
export type OpenStorage = (t: TestContext, remembered?: number) => Promise<Storage>

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
export const text = (value: Uint8Array | undefined): string | undefined => value && new TextDecoder().decode(value)

/** Commits puts (and deletions, where the value is undefined). */
export async function write(storage: Storage, values: Record<string, string | undefined>): Promise<Version> {
  const view = storage.view()
  for (const [key, value] of Object.entries(values)) {
    if (value === undefined) view.delete(key)
    else view.put(key, bytes(value))
  }
  return await storage.commit(view)
}

export async function read(storage: Storage, key: string): Promise<string | undefined> {
  using view = storage.view()
  return text(await view.get(key))
}

/** Runs `body` on fresh views until its commit meets no conflict. */
export async function retrying(storage: Storage, body: (view: View) => Promise<void>): Promise<Version> {
  for (;;) {
    const view = storage.view()
    await body(view)
    try {
      return await storage.commit(view)
    } catch (error) {
      if (!(error instanceof Conflict)) throw error
    }
  }
}
