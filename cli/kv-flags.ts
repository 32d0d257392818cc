import { list, text } from "./flags.ts"

/** What the commands of the kv family share. */
export const mount = text("Where the engine is mounted; the next argument is then the key below it.")
export const versions = (purpose: string) => list(`Versions to ${purpose}, separated by commas.`, { shown: "1,2" })

/** `["1,2", "3"]` as the numbers' texts. */
export const versionNumbers = (given: readonly string[]): string[] =>
  given
    .flatMap(one => one.split(","))
    .map(one => one.trim())
    .filter(one => one !== "")

export const KEY = { usage: "KEY", min: 1, max: 1 }
