/** `arca audit verify`: what the command line runs, with the key that it was given or asked the server for. */

import { createPublicKey, type KeyObject } from "node:crypto"
import { stat } from "node:fs/promises"
import { type Progress, type Verification, type VerifiedChain, verifyAudit, type Witness } from "./verify.ts"

export interface VerifyWish {
  readonly files: readonly string[]
  /** PEM, SPKI. */
  readonly publicKey: string
  readonly from?: number | undefined
  readonly to?: number | undefined
  /** The device's `prefix`; "*" for anything, such as the header of a syslog daemon. */
  readonly prefix?: string | undefined
  /** Where the server's store says that chains stand. */
  readonly chains?: readonly Witness[] | undefined
  readonly format?: "json" | "table" | undefined
}

interface Writer {
  write(text: string): void
  readonly isTerminal?: boolean
}

interface Terminal {
  readonly stdout: Writer
  readonly stderr?: Writer
}

/**
 * Prints what was checked, a line for each chain, and a line for each finding. The wish is the line's only word, as JSON.
 * 0 when all is in order, 2 when it is not, 1 when it could not be checked.
 */
export async function verifyCommand([wish = "{}"]: readonly string[], { stdout, stderr }: Terminal): Promise<number> {
  const { files, publicKey, from, to, prefix, chains, format } = JSON.parse(wish) as VerifyWish
  const key = readKey(publicKey)
  if (key === undefined) {
    stderr?.write("Error verifying: the public key is no Ed25519 key in PEM\n")
    return 1
  }
  const sizes = await Promise.all(files.map(async file => (await stat(file)).size))
  const verification = await verifyAudit(files, {
    publicKey: key,
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
    ...(prefix === undefined ? {} : { prefix: prefix === "*" ? null : prefix }),
    ...(chains === undefined || to !== undefined ? {} : { known: chains }),
    ...(stderr?.isTerminal ? { progress: progressOn(stderr, files, sizes) } : {}),
  })
  if (stderr?.isTerminal) stderr.write("\r\u001b[K")
  stdout.write(format === "json" ? `${JSON.stringify(verification, undefined, 2)}\n` : verificationText(verification))
  return verification.intact ? 0 : 2
}

function readKey(pem: string): KeyObject | undefined {
  try {
    const key = createPublicKey(pem)
    return key.asymmetricKeyType === "ed25519" ? key : undefined
  } catch {
    return undefined
  }
}

/** One line that is written over, for people who wait. */
function progressOn(out: Writer, files: readonly string[], sizes: readonly number[]): (progress: Progress) => void {
  const all = sizes.reduce((sum, size) => sum + size, 0)
  const done = new Map<string, number>()
  return ({ file, bytes, records }) => {
    for (const [before, size] of done)
      if (before !== file) done.set(before, Math.max(size, sizes[files.indexOf(before)] ?? 0))
    done.set(file, bytes)
    const read = [...done.values()].reduce((sum, size) => sum + size, 0)
    const percent = all === 0 ? 100 : Math.floor((read / all) * 100)
    out.write(`\r\u001b[K${percent} %, ${records} records, ${file}`)
  }
}

export function verificationText({ intact, findings, chains, records, torn }: Verification): string {
  return [
    ...findings.map(({ file, line, kind, record, message }) => {
      const which = record < 0 ? "" : ` record ${record}:`
      return `${file}:${line}: ${kind}:${which} ${message}`
    }),
    ...chains.map(chainText),
    ...(torn === 0 ? [] : [`${torn} broken ${torn === 1 ? "line" : "lines"}, each explained by the record after it`]),
    intact ? `Intact: ${records} records` : `Not intact: ${findings.length} of ${chains.length} chains broken`,
    "",
  ].join("\n")
}

function chainText({ log, origin, first, last, signed, lost, firstTime, lastTime }: VerifiedChain): string {
  const missing = lost === 0 ? "" : `, ${lost} missing in gaps that it declares itself`
  return `${origin ?? log}: records ${first} to ${last} (${firstTime} to ${lastTime}), signed before ${signed}${missing}`
}
