import { Failure } from "./failure.ts"
import type { Io } from "./io.ts"

export type ForeignCommand = (line: readonly string[], io: Io) => Promise<number>

/**
 * A command that lives with the server (`@arca/server/<module>`) or the scanner. Loaded by name when it is used, so that the
 * command line can be installed without them. Throws Failure when it is not there.
 */
export async function serverPart(module: string, name: string): Promise<ForeignCommand> {
  return partOf(`@arca/server/${module}`, name)
}

export async function partOf(specifier: string, name: string): Promise<ForeignCommand> {
  const found = await functionOf(specifier, name)
  return async (line, io) => Number((await found(line, io)) ?? 0)
}

type Loaded = (...given: readonly unknown[]) => unknown

/** A function of the server's that needs no server: a checker of files. What it returns is for the caller to look at. */
export const serverFunction = (module: string, name: string): Promise<Loaded> =>
  functionOf(`@arca/server/${module}`, name)

async function functionOf(specifier: string, name: string): Promise<Loaded> {
  const loaded: unknown = await import(specifier).catch((error: unknown) => {
    if (!isAbsent(error, specifier)) throw error
    throw new Failure(`This installation has no ${specifier}, which the command needs`, 1, {
      cause: error,
    })
  })
  const found = typeof loaded === "object" && loaded !== null ? new Map(Object.entries(loaded)).get(name) : undefined
  if (typeof found !== "function")
    throw new Failure(`${specifier} of this installation has no ${name}; are the packages of one version?`, 1)
  return (...given) => found(...given)
}

const isAbsent = (error: unknown, specifier: string): boolean =>
  error instanceof Error &&
  "code" in error &&
  (error.code === "ERR_MODULE_NOT_FOUND" || error.code === "ERR_PACKAGE_PATH_NOT_EXPORTED") &&
  error.message.includes(specifier.split("/")[1] ?? specifier)
