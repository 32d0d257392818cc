import { ApiError, type Client, type Secret } from "@arca/sdk"
import { variable } from "@arca/sdk/variable"
import { command } from "../command.ts"
import { connectWithoutToken, Rehearsed } from "../connect.ts"
import { stringsOf } from "../data.ts"
import { attempt, Failure } from "../failure.ts"
import { bool, text } from "../flags.ts"
import type { Io } from "../io.ts"
import { loginMethod, type Prompt } from "../login-methods.ts"
import { wrap } from "../output/table.ts"
import { cleanPath, mountPath } from "../paths.ts"
import { promptFor } from "../prompt.ts"
import { storeToken } from "../token-store.ts"

const METHODS = ["token", "userpass", "ldap", "radius", "approle", "jwt", "kubernetes", "cert"]

export const login = command({
  name: "login",
  summary: "Proves who you are and keeps the token for the commands that follow.",
  about:
    'Without -method, the argument is a token, which is checked; "-" reads it from stdin, and without an argument it is asked for. Other methods take K=V pairs; see "auth help TYPE". A value that is secret is asked for when left out.',
  examples: [
    ["With a token", "login"],
    ["With a name and a password, which is asked for", "login -method=userpass username=sally"],
    ["As an application", "login -method=approle role_id=… secret_id=@/run/secrets/secret-id"],
    ["With a method mounted elsewhere", "login -method=userpass -path=staff username=sally"],
    [
      "Only for this script, nothing stored",
      'export VAULT_TOKEN="$($0 login -token-only -method=approle role_id=… secret_id=…)"',
    ],
  ],
  args: { usage: "[AUTH K=V...]", min: 0, max: Number.POSITIVE_INFINITY },
  flags: {
    method: text("Type of auth method: token unless told.", {
      choices: METHODS,
    }),
    path: text("Where the method is mounted; its type unless told."),
    "no-print": bool("Keep the token, but do not show it."),
    "no-store": bool("Show the token, but do not keep it."),
    "token-only": bool("Print the token and nothing else, and do not keep it."),
  },
  prints: "fields",
  run: async ({ args, flags, globals, io, out }) => {
    const { "no-print": noPrint, "token-only": tokenOnly } = flags
    const noStore = flags["no-store"] || tokenOnly
    if (noStore && noPrint) throw new Failure("-no-store and -no-print cannot be used together", 1)
    const type = cleanPath(flags.method ?? "token")
    const words =
      type === "token" && args[0] !== undefined && !args[0].includes("=")
        ? [`token=${args[0]}`, ...args.slice(1)]
        : args
    const config = await configuration(words, io, globals)
    const method = loginMethod(type)
    const mount = config.mount ?? flags.path ?? mountPath(type)
    const server = connectWithoutToken(globals, io)
    const prompt: Prompt = question => promptFor(io, globals["non-interactive"], question)
    const proven = await authenticated(
      method({ server, mount: cleanPath(mount), config, prompt, anonymous: server.with({ token: "" }) }),
      type,
    )
    const keep = !noStore
    const secret = await opened(server, proven, keep)
    if (secret.auth === null) {
      return tokenOnly ? out.bare(secret.wrap_info?.token) : out.secret(secret)
    }
    if (secret.auth.mfa_requirement) {
      out.warn(
        `${wrap("A login request was issued that is subject to MFA validation. Please make sure to validate the login by sending another request to sys/mfa/validate endpoint.")}\n`,
      )
      return out.secret(secret)
    }
    if (keep) await store(secret.auth.client_token, io, out.warn)
    else if (!tokenOnly) out.warn(`${wrap(NOT_STORED)}\n`)
    if (tokenOnly) return out.bare(secret.auth.client_token)
    if (noPrint) return
    if (keep && out.field === undefined) out.note(`${wrap(welcome(io))}\n`)
    await out.secret(secret)
  },
})

const NOT_STORED =
  "The token was not stored in token helper. Set the VAULT_TOKEN environment variable or pass the token below with each request to Vault."

const welcome = ({ program }: Io): string =>
  `Success! You are now authenticated. The token information displayed below is already stored in the token helper. You do NOT need to run "${program} login" again. Future Vault requests will automatically use this token.`

async function configuration(
  words: readonly string[],
  io: Io,
  flags: Parameters<typeof stringsOf>[2],
): Promise<Record<string, string>> {
  try {
    // A lone "-" is a token on stdin, not a JSON object.
    return await stringsOf(
      words.map(word => (word === "-" ? "token=-" : word)),
      io,
      flags,
    )
  } catch (error) {
    throw error instanceof Failure
      ? new Failure(error.message.replace("Failed to parse K=V data", "Error parsing configuration"), 1)
      : error
  }
}

async function authenticated(work: Promise<Secret>, type: string): Promise<Secret> {
  try {
    return await work
  } catch (error) {
    if (error instanceof Failure || error instanceof Rehearsed) throw error
    // What we do not know may be there all the same; then its refusal speaks for itself.
    if (!METHODS.includes(type) && error instanceof ApiError && [403, 404].includes(error.status))
      throw new Failure(wrap(unknownMethod(type)), 1, { cause: error })
    throw new Failure(`Error authenticating: ${error instanceof Error ? error.message : String(error)}`, 2, {
      cause: error,
    })
  }
}

const unknownMethod = (type: string): string =>
  `Unknown auth method: ${type}. Use "vault auth list" to see the complete list of auth methods. Additionally, some auth methods are only available via the HTTP API.`

/** With -wrap-ttl the token comes wrapped; to keep it, it is opened first. */
async function opened(server: Client, secret: Secret, keep: boolean): Promise<Secret> {
  if (secret.auth !== null) return secret
  if (secret.wrap_info === null) throw new Failure("Error extracting token: no auth or wrapping info in response", 2)
  if (!secret.wrap_info.wrapped_accessor)
    throw new Failure("Error extracting token: wrapped response does not contain a token", 2)
  if (!keep) return secret
  const inner = await attempt(
    "Error extracting token",
    server.with({ token: secret.wrap_info.token, wrapTtl: undefined }).unwrap(),
  )
  if (inner === null) throw new Failure("Vault returned an empty secret", 2)
  return opened(server, inner, keep)
}

async function store(token: string, io: Io, warn: (text: string) => void): Promise<void> {
  try {
    await storeToken(token, io)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new Failure(
      `Error storing token: ${reason}\nAuthentication was successful, but the token was not persisted.`,
      2,
      { cause: error },
    )
  }
  const name = ["ARCA_TOKEN", "BAO_TOKEN", "VAULT_TOKEN"].find(one => io.env[one])
  if (name !== undefined && variable(io.env, "TOKEN")) {
    const text = `WARNING! The ${name} environment variable is set! The value of this variable will take precedence; if this is unwanted please unset ${name} or update its value accordingly.`
    warn(`${wrap(text)}\n`)
  }
}
