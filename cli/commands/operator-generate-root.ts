import { randomInt } from "node:crypto"
import type { Client } from "@arca/sdk"
import { type Call, command } from "../command.ts"
import { attempt, Failure } from "../failure.ts"
import { bool, text } from "../flags.ts"
import { keyShare } from "../key-shares.ts"
import type { Output } from "../output/output.ts"
import { columns, wrap } from "../output/table.ts"
import { pgpKeys } from "../pgp.ts"

interface Progress {
  readonly nonce: string
  readonly started: boolean
  readonly progress: number
  readonly required: number
  readonly complete: boolean
  readonly encoded_token?: string
  readonly encoded_root_token?: string
  readonly pgp_fingerprint?: string
  readonly otp?: string
  readonly otp_length?: number
}

interface Flags {
  readonly cancel: boolean
  readonly decode: string | undefined
  readonly "generate-otp": boolean
  readonly init: boolean
  readonly nonce: string | undefined
  readonly otp: string | undefined
  readonly "pgp-key": string | undefined
  readonly "recovery-token": boolean
  readonly status: boolean
}

export const generateRoot = command({
  name: "generate-root",
  summary: "Makes a root token with the consent of those who hold the key shares.",
  about:
    "One person starts it and gets a one-time password; each holder then gives a share; the token that comes out is readable only with the password.",
  examples: [
    ["Start", "operator generate-root -init"],
    ["Give a share (each holder)", "operator generate-root"],
    ["Read the token that came out", "operator generate-root -decode=ENCODED -otp=PASSWORD"],
    ["Give up", "operator generate-root -cancel"],
  ],
  args: { usage: "[KEY]", min: 0, max: 1 },
  flags: {
    cancel: bool("Forget the shares given so far, and the attempt."),
    decode: text("The encoded token to read; - reads it from stdin."),
    "generate-otp": bool("Print a fresh one-time password for -init."),
    init: bool("Start an attempt."),
    nonce: text("The attempt that the share is given for."),
    otp: text("One-time password, for -init or -decode."),
    "pgp-key": text("File with a public PGP key to encrypt the token for, in place of a password.", { shown: "file" }),
    "recovery-token": bool("Make a recovery token instead."),
    status: bool("Show how far the attempt is."),
  },
  prints: "value",
  run: call => {
    const { flags } = call
    if (flags["generate-otp"]) return generateOtp(call)
    if (flags.decode !== undefined) return decode(call, flags.decode)
    if (flags.cancel) return cancel(call)
    if (flags.init) return start(call)
    return flags.status ? status(call) : provide(call)
  },
})

const pathOf = (flags: Flags, verb: "attempt" | "update"): string =>
  `sys/${flags["recovery-token"] ? "generate-recovery-token" : "generate-root"}/${verb}`

const progressOf = (server: Client, flags: Flags): Promise<Progress> =>
  attempt(
    "Error getting root generation status",
    server.json<Progress>({ method: "GET", path: pathOf(flags, "attempt") }),
  )

async function generateOtp({ flags, out, client }: Call<Flags>): Promise<void> {
  const { otp_length } = await progressOf(await client(), flags)
  const otp = Array.from({ length: otp_length || DEFAULT_LENGTH }, () => BASE62[randomInt(BASE62.length)]).join("")
  if (out.format === "table") await out.bare(otp)
  else await out.value({ otp, otp_length: otp.length })
}

const BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
/** `hvs.` and 24 letters. */
const DEFAULT_LENGTH = 28

async function decode({ flags, globals, io, out }: Call<Flags>, given: string): Promise<void> {
  if (given === "") throw new Failure("Missing encoded value: use -decode=<string> to supply it", 1)
  if (!flags.otp) throw new Failure("Missing otp: use -otp to supply it", 1)
  const encoded = given === "-" ? (globals["non-interactive"] ? "" : await io.stdin.text()).trim() : given
  if (encoded === "")
    throw new Failure('Missing encoded value. When using -decode="-" value must be passed via stdin.', 1)
  const token = decodedToken(encoded, flags.otp)
  if (out.format === "table") await out.bare(token)
  else await out.value({ token })
}

/** The token's bytes are those of the password where the encoded ones are zero: an exclusive or. */
export function decodedToken(encoded: string, otp: string): string {
  const bytes = Buffer.from(encoded, "base64")
  const password = Buffer.from(otp)
  if (bytes.length !== password.length) {
    const text = `Error decoding root token: the encoded token has ${bytes.length} bytes, the one-time password ${password.length}; they do not belong together`
    throw new Failure(text, 1)
  }
  return Buffer.from(bytes.map((byte, index) => byte ^ (password[index] ?? 0))).toString("latin1")
}

async function cancel({ flags, out, client }: Call<Flags>): Promise<void> {
  const server = await client()
  await attempt("Error canceling root token generation", server.delete(pathOf(flags, "attempt")))
  out.line("Success! Root token generation canceled (if it was started)")
}

async function start({ flags, out, client }: Call<Flags>): Promise<void> {
  if (flags.otp && flags["pgp-key"]) throw new Failure("Error initializing: cannot specify both -otp and -pgp-key", 1)
  const [pgp_key = ""] = flags["pgp-key"] === undefined ? [] : await pgpKeys(flags["pgp-key"])
  const server = await client()
  const body = { otp: flags.otp ?? "", pgp_key }
  const path = pathOf(flags, "attempt")
  await show(
    out,
    await attempt("Error initializing root generation", server.json<Progress>({ method: "PUT", path, body })),
  )
}

async function status({ flags, out, client }: Call<Flags>): Promise<void> {
  await show(out, await progressOf(await client(), flags))
}

async function provide({ args, flags, globals, io, out, client }: Call<Flags>): Promise<void> {
  const server = await client()
  const running = await progressOf(server, flags)
  if (!running.started) {
    throw new Failure(
      `${wrap(`No root generation is in progress. Start a root generation by running "${io.program} operator generate-root -init".`)}\n${wrap(
        `If starting root generation using the OTP method and generating your own OTP, the length of the OTP string needs to be ${running.otp_length} characters in length.`,
      )}`,
      1,
    )
  }
  const given = { io, nonInteractive: globals["non-interactive"], word: args[0], nonce: flags.nonce }
  const body = await keyShare(given, running.nonce, "Operation nonce", "Unseal Key")
  const path = pathOf(flags, "update")
  await show(out, await attempt("Error posting unseal key", server.json<Progress>({ method: "PUT", path, body })))
}

async function show(out: Output, progress: Progress): Promise<void> {
  if (out.format !== "table") return out.value(progress)
  const { encoded_token, encoded_root_token, pgp_fingerprint, otp, otp_length } = progress
  if (otp) {
    out.warn(
      wrap(
        "A One-Time-Password has been generated for you and is shown in the OTP field. You will need this value to decode the resulting root token, so keep it safe.",
      ),
    )
  }
  const rows: [string, string][] = [
    ["Nonce", progress.nonce],
    ["Started", String(progress.started)],
    ["Progress", `${progress.progress}/${progress.required}`],
    ["Complete", String(progress.complete)],
  ]
  if (pgp_fingerprint) rows.push(["PGP Fingerprint", pgp_fingerprint])
  if (encoded_token) rows.push(["Encoded Token", encoded_token])
  else if (encoded_root_token) rows.push(["Encoded Root Token", encoded_root_token])
  if (otp) rows.push(["OTP", otp])
  if (otp_length) rows.push(["OTP Length", String(otp_length)])
  out.line(columns(rows))
}
