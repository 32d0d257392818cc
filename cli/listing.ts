import type { Secret } from "@arca/sdk"
import { attempt, Failure } from "./failure.ts"
import type { Output } from "./output/output.ts"
import { ownField } from "./output/secret.ts"

/** The names in a list's reply; undefined when it holds none. */
export function keysOf(secret: Secret | null): string[] | undefined {
  const keys = ownField(secret?.data ?? null, "keys")
  return Array.isArray(keys) && keys.length > 0 ? keys.map(String) : undefined
}

/** Prints a list of names, or says that there are none (exit code 2; `{}` where a program reads). */
export async function printNames(
  out: Output,
  path: string,
  doing: string,
  reply: Promise<Secret<object> | null>,
): Promise<number> {
  const secret = (await attempt(`Error ${doing} ${path}`, reply)) as Secret | null
  if (secret?.wrap_info) {
    await out.secret(secret)
    return 0
  }
  const keys = keysOf(secret)
  if (secret !== null && keys !== undefined) {
    await out.names(secret, keys)
    return 0
  }
  if (out.format !== "table") {
    await out.value({})
    return 2
  }
  if (secret !== null) out.warnings(secret)
  throw new Failure(secret?.data ? `No entries found at ${path}` : `No value found at ${path}`, 2)
}
