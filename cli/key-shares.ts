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
  const key = asks ? await promptFor(io, nonInteractive, question) : word === "-" ? await io.stdin.text() : word
  const chosen = asks ? running : nonce
  if (!chosen) throw new Failure("Missing nonce value: specify it via the -nonce flag", 1)
  return { key: key.trim(), nonce: chosen }
}
