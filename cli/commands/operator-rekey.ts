import type { Client } from "@arca/sdk"
import { type Call, command } from "../command.ts"
import { attempt, Failure } from "../failure.ts"
import { bool, int, text } from "../flags.ts"
import { keyShare } from "../key-shares.ts"
import { goValue } from "../output/go.ts"
import type { Output } from "../output/output.ts"
import { table, wrap } from "../output/table.ts"
import { pgpKeys } from "../pgp.ts"

/** `rekey/init` and `rekey/verify`, together. */
interface Progress {
  readonly nonce?: string
  readonly started: boolean
  readonly t: number
  readonly n: number
  readonly progress: number
  readonly required?: number
  readonly pgp_fingerprints?: readonly string[] | null
  readonly backup?: boolean
  readonly verification_required?: boolean
  readonly verification_nonce?: string
}

interface Outcome extends Progress {
  readonly complete: boolean
  readonly keys?: readonly string[]
  readonly keys_base64?: readonly string[]
}

const flags = {
  backup: bool("Keep a copy of the PGP-encrypted new shares in the server."),
  "backup-delete": bool("Delete that copy."),
  "backup-retrieve": bool("Show that copy."),
  cancel: bool("Forget the shares given so far, and the attempt."),
  init: bool("Start an attempt."),
  "key-shares": int("Into how many shares to split the new key; 5 unless told.", { alias: "n" }),
  "key-threshold": int("How many of the shares open it; 3 unless told.", { alias: "t" }),
  nonce: text("The attempt that the share is given for."),
  "pgp-keys": text("Files with the public PGP keys to encrypt the shares for, separated by commas; or keybase:name.", {
    shown: "files",
  }),
  status: bool("Show how far the attempt is."),
  target: text("barrier, or recovery with auto-unseal.", { choices: ["barrier", "recovery"] }),
  verify: bool("With -init: the new shares must be given once before they count. Otherwise: this is about that check."),
}

type Rekeying = Call<{
  readonly [Name in keyof typeof flags]: (typeof flags)[Name]["default"]
}>

/** The two names of one procedure: Vault's `rekey` and OpenBao's `rotate-keys`. */
interface Procedure {
  readonly name: "rekey" | "rotate-keys"
  readonly noun: string
  path(target: string, verb: "init" | "update" | "verify" | "backup"): string
}

const procedures: Record<"rekey" | "rotate-keys", Procedure> = {
  rekey: {
    name: "rekey",
    noun: "rekey",
    path: (target, verb) => {
      if (verb === "backup") return target === "barrier" ? "sys/rekey/backup" : "sys/rekey/recovery-key-backup"
      return `sys/${target === "barrier" ? "rekey" : "rekey-recovery-key"}/${verb}`
    },
  },
  "rotate-keys": {
    name: "rotate-keys",
    noun: "rotation",
    path: (target, verb) => `sys/rotate/${target === "barrier" ? "root" : "recovery"}/${verb}`,
  },
}

const declare = (procedure: Procedure) =>
  command({
    name: procedure.name,
    summary: "Makes new key shares with the consent of those who hold the current ones.",
    about:
      "One person starts it and says how many shares there shall be; each holder then gives a current share; the last one sees the new shares.",
    examples: [
      [
        "Start, for three shares of which two are needed",
        `operator ${procedure.name} -init -key-shares=3 -key-threshold=2`,
      ],
      ["Give a share (each holder)", `operator ${procedure.name}`],
      ["See how far it is", `operator ${procedure.name} -status`],
      ["Give up", `operator ${procedure.name} -cancel`],
    ],
    args: { usage: "[KEY]", min: 0, max: 1 },
    flags,
    prints: "value",
    run: async call => {
      const target = targetOf(call.flags.target)
      const steps = { call, procedure, target, server: await call.client() }
      if (call.flags["backup-delete"]) return deleteBackup(steps)
      if (call.flags["backup-retrieve"]) return showBackup(steps)
      if (call.flags.cancel) return cancel(steps)
      if (call.flags.init) return start(steps)
      return call.flags.status ? status(steps, call.flags.verify) : provide(steps)
    },
  })

export const rekey = declare(procedures.rekey)
export const rotateKeys = declare(procedures["rotate-keys"])

interface Steps {
  readonly call: Rekeying
  readonly procedure: Procedure
  readonly target: "barrier" | "recovery"
  readonly server: Client
}

function targetOf(given = "barrier"): "barrier" | "recovery" {
  const target = given.trim().toLowerCase()
  if (target === "barrier") return "barrier"
  if (target === "recovery" || target === "hsm") return "recovery"
  throw new Failure(`Unknown target: ${given}`, 1)
}

const verbOf = (verify: boolean): "init" | "verify" => (verify ? "verify" : "init")

async function deleteBackup({ call, procedure, target, server }: Steps): Promise<void> {
  const path = procedure.path(target, "backup")
  await attempt(`Error deleting ${procedure.noun} backed up keys`, server.delete(path))
  call.out.line("Success! Deleted backed up keys (if they existed)")
}

async function showBackup({ call, procedure, target, server }: Steps): Promise<void> {
  const secret = await attempt(
    `Error retrieving ${procedure.noun} backed up keys`,
    server.read(procedure.path(target, "backup")),
  )
  if (secret === null) throw new Failure("No backed up keys found", 2)
  await call.out.secret(secret)
}

async function cancel({ call, procedure, target, server }: Steps): Promise<void> {
  const path = procedure.path(target, verbOf(call.flags.verify))
  await attempt(`Error canceling ${procedure.noun}`, server.delete(path))
  call.out.line(`Success! Canceled ${procedure.noun === "rekey" ? "rekeying" : "rotation"} (if it was started)`)
}

async function start({ call, procedure, target, server }: Steps): Promise<void> {
  const { flags, out } = call
  const keys = flags["pgp-keys"] === undefined ? undefined : await pgpKeys(flags["pgp-keys"])
  const body = {
    secret_shares: flags["key-shares"] || 5,
    secret_threshold: flags["key-threshold"] || 3,
    ...(keys === undefined ? {} : { pgp_keys: keys }),
    backup: flags.backup,
    require_verification: flags.verify,
  }
  const path = procedure.path(target, "init")
  const progress = await attempt(`Error initializing ${procedure.noun}`, progressFrom(server, "PUT", path, body))
  const kind = target === "barrier" ? "unseal" : "recovery"
  if (out.format === "table" && keys === undefined) {
    out.warn(
      `${wrap(`WARNING! If you lose the keys after they are returned, there is no recovery. Consider canceling this operation and re-initializing with the -pgp-keys flag to protect the returned ${kind} keys along with -backup to allow recovery of the encrypted keys in case of emergency. You can delete the stored keys later using the -backup-delete flag.`)}\n`,
    )
  }
  await showProgress(out, progress, false)
}

async function status({ call, procedure, target, server }: Steps, verify: boolean): Promise<void> {
  const path = procedure.path(target, verbOf(verify))
  await showProgress(
    call.out,
    await attempt(`Error reading ${procedure.noun} status`, progressFrom(server, "GET", path)),
    verify,
  )
}

/** OpenBao puts the newer endpoints' replies into the envelope. */
async function progressFrom<T extends Progress>(
  server: Client,
  method: "GET" | "PUT" | "POST",
  path: string,
  body?: object,
): Promise<T> {
  const reply = await server.json<T & { data?: T | null }>({ method, path, body })
  return reply.data ?? reply
}

async function provide(steps: Steps): Promise<void> {
  const { call, procedure, target, server } = steps
  const { args, flags, globals, io, out } = call
  const running = await attempt(
    `Error getting ${procedure.noun} status`,
    progressFrom(server, "GET", procedure.path(target, verbOf(flags.verify))),
  )
  if (!running.started) {
    throw new Failure(
      `No ${procedure.noun} is in progress. Start a ${procedure.noun} process by running\n"${io.program} operator ${procedure.name} -init".`,
      1,
    )
  }
  const kind = target === "barrier" ? "Unseal" : "Recovery"
  const given = { io, nonInteractive: globals["non-interactive"], word: args[0], nonce: flags.nonce }
  const body = await keyShare(
    given,
    running.nonce ?? "",
    `${procedure.noun === "rekey" ? "Rekey" : "Rotation"} operation nonce`,
    `${kind} Key`,
  )
  const path = procedure.path(target, flags.verify ? "verify" : "update")
  const outcome = await attempt("Error posting unseal key", progressFrom<Outcome>(server, "PUT", path, body))
  if (!outcome.complete) return status(steps, flags.verify)
  if (out.format !== "table") return out.value(outcome)
  if (flags.verify)
    return out.line(
      wrap(`Rekey verification successful. The rekey operation is complete and the new keys are now active.`),
    )
  await showNewKeys(steps, running, outcome)
}

async function showNewKeys(steps: Steps, { n, t, verification_required }: Progress, outcome: Outcome): Promise<void> {
  const { out } = steps.call
  const keys = outcome.keys_base64?.length === outcome.keys?.length ? outcome.keys_base64 : outcome.keys
  if (keys === undefined || keys.length === 0) return out.line("\nBarrier root key rotated using recovery keys.")
  out.line("")
  for (const [index, key] of keys.entries()) {
    const fingerprint = outcome.pgp_fingerprints?.[index]
    out.line(
      fingerprint === undefined
        ? `Key ${index + 1}: ${key}`
        : `Key ${index + 1} fingerprint: ${fingerprint}; value: ${key}`,
    )
  }
  out.line(`\nOperation nonce: ${outcome.nonce ?? ""}\n`)
  const kind = steps.target === "barrier" ? "unseal" : "recovery"
  if (!verification_required) {
    const use =
      kind === "unseal"
        ? ` When Vault is re-sealed, restarted, or stopped, you must supply at least ${t} of these keys to unseal it before it can start servicing requests.`
        : ""
    return out.line(
      wrap(
        `Vault ${kind} keys rekeyed to ${n} key shares and a key threshold of ${t}. Please securely distribute the key shares printed above.${use}`,
      ),
    )
  }
  out.line(
    `${wrap(`Vault has created a new ${kind} key, split into ${n} key shares and a key threshold of ${t}. These will not be active until after verification is complete. Please securely distribute the key shares printed above.`)}\n`,
  )
  out.warn(
    `${wrap("Again, these key shares are _not_ valid until verification is performed. Do not lose or discard your current key shares until after verification is complete. If you cancel the rekey process or seal Vault before verification is complete the new shares will be discarded and the current shares will remain valid.")}\n`,
  )
  await status(steps, true)
}

async function showProgress(out: Output, progress: Progress, verifying: boolean): Promise<void> {
  if (out.format !== "table") return out.value(progress)
  out.line(table(["Key", "Value"], verifying ? verificationRows(progress) : progressRows(progress)))
}

function verificationRows({ started, n, t, nonce, progress }: Progress): [string, string][] {
  return [
    ["Started", String(started)],
    ["New Shares", String(n)],
    ["New Threshold", String(t)],
    ["Verification Nonce", nonce ?? ""],
    ["Verification Progress", `${progress}/${t}`],
  ]
}

function progressRows(status: Progress): [string, string][] {
  const {
    nonce,
    started,
    progress,
    required = 0,
    n,
    t,
    pgp_fingerprints,
    backup,
    verification_required,
    verification_nonce,
  } = status
  const rows: [string, string][] = [
    ["Nonce", nonce ?? ""],
    ["Started", String(started)],
  ]
  if (started) {
    rows.push(["Progress", `${progress}/${required}${progress === required ? " (verification in progress)" : ""}`])
    if (n > 0) rows.push(["New Shares", String(n)])
    if (t > 0) rows.push(["New Threshold", String(t)])
    rows.push(["Verification Required", String(verification_required === true)])
    if (verification_nonce) rows.push(["Verification Nonce", verification_nonce])
  }
  if (pgp_fingerprints && pgp_fingerprints.length > 0) {
    rows.push(["PGP Fingerprints", goValue(pgp_fingerprints)], ["Backup", String(backup === true)])
  }
  return rows
}
