/** `arca audit verify`: what the command line runs, with the key that it was given or asked the server for. */

import { createPublicKey } from "node:crypto"
import { type Verification, type VerifiedChain, verifyAudit } from "./verify.ts"

export interface VerifyWish {
  readonly files: readonly string[]
  /** PEM, SPKI. */
  readonly publicKey: string
  readonly from?: number | undefined
  readonly to?: number | undefined
  /** The device's `prefix`; "*" for anything, such as the header of a syslog daemon. */
  readonly prefix?: string | undefined
}

interface Terminal {
  readonly stdout: { write(text: string): void }
}

/** Prints a line for each chain, and one for each finding; 2 when there is any. The wish is the line's only word, as JSON. */
export async function verifyCommand([wish = "{}"]: readonly string[], { stdout }: Terminal): Promise<number> {
  const { files, publicKey, from, to, prefix } = JSON.parse(wish) as VerifyWish
  const verification = await verifyAudit(files, {
    publicKey: createPublicKey(publicKey),
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
    ...(prefix === undefined ? {} : { prefix: prefix === "*" ? null : prefix }),
  })
  stdout.write(verificationText(verification))
  return verification.intact ? 0 : 2
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
