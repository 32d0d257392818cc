import { ApiError, type Secret } from "@arca/sdk"
import { Failure } from "./failure.ts"
import type { Output } from "./output/output.ts"
import { wrap } from "./output/table.ts"

/** Prints the outcome of a write at `path`: what the server replied, or that it is done. */
export async function wrote(out: Output, path: string, reply: Promise<Secret | null>): Promise<void> {
  const secret = await settled(out, `Error writing data to ${path}`, reply)
  if (secret === null) return out.note(`Success! Data written to: ${path}`)
  if (secret.auth?.mfa_requirement) {
    const text =
      "A login request was issued that is subject to MFA validation. Please make sure to validate the login by sending another request to sys/mfa/validate endpoint."
    out.warn(`${wrap(text)}\n`)
  }
  await out.secret(secret)
}

/** The same for a deletion. */
export async function deleted(out: Output, path: string, reply: Promise<Secret | null>): Promise<void> {
  const secret = await settled(out, `Error deleting ${path}`, reply)
  if (secret === null) return out.note(`Success! Data deleted (if it existed) at: ${path}`)
  await out.secret(secret)
}

/** A refusal can carry data (the parts of a batch that worked), which is shown as well. */
async function settled(out: Output, doing: string, reply: Promise<Secret | null>): Promise<Secret | null> {
  try {
    return await reply
  } catch (error) {
    if (!(error instanceof Error) || (error.name !== "ApiError" && error.name !== "ConnectionError")) throw error
    if (error instanceof ApiError && error.secret !== undefined) await out.secret(error.secret)
    throw new Failure(`${doing}: ${error.message}`, 2, { cause: error })
  }
}
