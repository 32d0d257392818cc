/** Client libraries that load when they are first used, and may be left out of an installation. */

import { refuse } from "@arca/api"

/** Loads a library for what needs it; refuses (500) with what to do when it is not installed. */
export async function library<T>(name: string, load: () => Promise<T>, needs = "this engine needs"): Promise<T> {
  return load().catch((error: unknown) => {
    if (!(error instanceof Error && "code" in error && error.code === "ERR_MODULE_NOT_FOUND")) throw error
    throw refuse.failed(`${needs} the npm package ${name}, which is not installed: npm install ${name}`)
  })
}
