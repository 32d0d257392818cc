import type { Client } from "@arca/sdk"
import { command } from "../command.ts"
import { attempt } from "../failure.ts"
import { bool, int, text } from "../flags.ts"
import type { Output } from "../output/output.ts"
import { wrap } from "../output/table.ts"
import { pgpKeys } from "../pgp.ts"
import { readSealStatus } from "../seal-status.ts"

interface Initialized {
  readonly keys?: readonly string[]
  readonly keys_base64?: readonly string[]
  readonly recovery_keys?: readonly string[]
  readonly recovery_keys_base64?: readonly string[]
  readonly root_token: string
}

interface Shares {
  readonly secret_shares: number
  readonly secret_threshold: number
  readonly recovery_shares: number
  readonly recovery_threshold: number
}

export const init = command({
  name: "init",
  summary: "Initializes a new server: makes its keys and its first token.",
  about:
    "Both are printed once and kept nowhere. With -status nothing is done; the exit code is 0 when initialized, 2 when not, 1 on errors.",
  examples: [
    ["Split the key among five people, any three of whom can unseal", "operator init"],
    ["A single share, for a server of one's own", "operator init -key-shares=1 -key-threshold=1"],
    [
      "Shares that only their owners can read",
      "operator init -key-shares=2 -key-threshold=2 -pgp-keys=ann.asc,bob.asc",
    ],
    ["Ask whether it is done", "operator init -status"],
  ],
  flags: {
    "key-shares": int("Into how many shares to split the key; 5 unless told.", { alias: "n" }),
    "key-threshold": int("How many of the shares open it; 3 unless told.", { alias: "t" }),
    "pgp-keys": text(
      "Files with the public PGP keys to encrypt the shares for, separated by commas; or keybase:name.",
      { shown: "files" },
    ),
    "recovery-pgp-keys": text("The same for recovery shares.", { shown: "files" }),
    "recovery-shares": int("With auto-unseal: into how many shares to split the recovery key; 5 unless told."),
    "recovery-threshold": int("With auto-unseal: how many of these are needed; 3 unless told."),
    "root-token-pgp-key": text("File with the public PGP key to encrypt the first token for.", { shown: "file" }),
    status: bool("Only tell whether the server is initialized."),
  },
  prints: "value",
  run: async ({ flags, out, client, preflight }) => {
    if (flags.status) return initStatus(out, await client())
    const seal = await attempt("Error checking seal status", readSealStatus(await preflight()))
    const auto = seal.recovery_seal === true
    const shares: Shares = {
      secret_shares: flags["key-shares"] || (auto ? 0 : 5),
      secret_threshold: flags["key-threshold"] || (auto ? 0 : 3),
      recovery_shares: auto ? (flags["recovery-shares"] ?? 5) : 0,
      recovery_threshold: auto ? (flags["recovery-threshold"] ?? 3) : 0,
    }
    const [rootKey] = flags["root-token-pgp-key"] === undefined ? [] : await pgpKeys(flags["root-token-pgp-key"])
    const body = {
      ...shares,
      stored_shares: 0,
      pgp_keys: flags["pgp-keys"] === undefined ? null : await pgpKeys(flags["pgp-keys"]),
      recovery_pgp_keys: flags["recovery-pgp-keys"] === undefined ? null : await pgpKeys(flags["recovery-pgp-keys"]),
      root_token_pgp_key: rootKey ?? "",
    }
    const server = await client()
    const made = await attempt(
      "Error initializing",
      server.json<Initialized>({ method: "PUT", path: "sys/init", body }),
    )
    if (out.format === "table") printKeys(out, made, shares)
    else await out.value(machineReadable(made, shares))
    return 0
  },
})

async function initStatus(out: Output, server: Client): Promise<number> {
  const path = "sys/init"
  const { initialized } = await attempt(
    "Error checking init status",
    server.json<{ initialized: boolean }>({ method: "GET", path }),
    1,
  )
  if (out.format === "table") out.line(initialized ? "Vault is initialized" : "Vault is not initialized")
  else await out.value({ Initialized: initialized })
  return initialized ? 0 : 2
}

function printKeys(out: Output, made: Initialized, shares: Shares): void {
  const keys = readable(made.keys, made.keys_base64)
  const recovery = readable(made.recovery_keys, made.recovery_keys_base64)
  for (const [index, key] of keys.entries()) out.line(`Unseal Key ${index + 1}: ${key}`)
  for (const [index, key] of recovery.entries()) out.line(`Recovery Key ${index + 1}: ${key}`)
  out.line(`\nInitial Root Token: ${made.root_token}\n`)
  if (keys.length > 0) for (const text of advice(shares)) out.line(text)
  else out.line("Success! Vault is initialized")
  if (recovery.length > 0) out.line(`\n${wrap(recoveryAdvice(shares))}`)
}

const readable = (hex: readonly string[] = [], base64: readonly string[] = []): readonly string[] =>
  base64.length === hex.length ? base64 : hex

const advice = ({ secret_shares, secret_threshold }: Shares): string[] => [
  `${wrap(`Vault initialized with ${secret_shares} key shares and a key threshold of ${secret_threshold}. Please securely distribute the key shares printed above. When the Vault is re-sealed, restarted, or stopped, you must supply at least ${secret_threshold} of these keys to unseal it before it can start servicing requests.`)}\n`,
  `${wrap(`Vault does not store the generated root key. Without at least ${secret_threshold} keys to reconstruct the root key, Vault will remain permanently sealed!`)}\n`,
  wrap(
    'It is possible to generate new unseal keys, provided you have a quorum of existing unseal keys shares. See "operator rekey" for more information.',
  ),
]

const recoveryAdvice = ({ recovery_shares, recovery_threshold }: Shares): string =>
  `Recovery key initialized with ${recovery_shares} key shares and a key threshold of ${recovery_threshold}. Please securely distribute the key shares printed above.`

/** The names that scripts read from Vault's JSON. */
function machineReadable(made: Initialized, shares: Shares): object {
  const keys = made.keys ?? []
  return {
    unseal_keys_b64: made.keys_base64 ?? [],
    unseal_keys_hex: keys,
    unseal_shares: keys.length === 0 ? 1 : shares.secret_shares,
    unseal_threshold: keys.length === 0 ? 1 : shares.secret_threshold,
    recovery_keys_b64: made.recovery_keys_base64 ?? [],
    recovery_keys_hex: made.recovery_keys ?? [],
    recovery_keys_shares: shares.recovery_shares,
    recovery_keys_threshold: shares.recovery_threshold,
    root_token: made.root_token,
  }
}
