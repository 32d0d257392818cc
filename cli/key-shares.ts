import { Failure } from "./failure.ts"
import type { Io } from "./io.ts"
import { promptFor } from "./prompt.ts"

interface Given {
  readonly io: Io
  readonly nonInteractive: boolean
  /** The argument: a share, `-` for stdin, or nothing. */
  readonly word: string | undefined
  /** From -nonce: says which operation the share is meant for. */
  readonly nonce: string | undefined
}

/** The key share in the argument `word`, on stdin when that is `-`, typed when there is none. */
export async function shareOf(
  word: string | undefined,
  io: Io,
  nonInteractive: boolean,
  question = "Unseal Key",
): Promise<string> {
  const given = word?.trim()
  if (!given) return promptFor(io, nonInteractive, question)
  return given === "-" ? (await io.stdin.text()).trim() : given
}

/**
 * A key share and the nonce of the operation it is given for. Whoever types the share at the prompt is shown the nonce of the
 * running operation; a script has to name it.
 */
export async function keyShare(
  given: Given,
  running: string,
  nonceTitle: string,
  question: string,
): Promise<{ key: string; nonce: string }> {
  const { io, nonInteractive, word, nonce } = given
  const asks = word === undefined || word.trim() === ""
  if (asks) io.stderr.write(`${nonceTitle}: ${running}\n`)
  const key = await shareOf(word, io, nonInteractive, question)
  const chosen = asks ? running : nonce
  if (!chosen) throw new Failure("Missing nonce value: specify it via the -nonce flag", 1)
  return { key, nonce: chosen }
}
