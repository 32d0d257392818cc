import { formatDuration, parseDuration } from "@arca/api/duration"
import { type Client, createClient, type Settings } from "@arca/sdk"
import { settingsFromEnvironment } from "@arca/sdk/environment"
import { variable } from "@arca/sdk/variable"
import { Failure } from "./failure.ts"
import type { GlobalValues } from "./global-flags.ts"
import type { Io } from "./io.ts"
import { readToken } from "./token-store.ts"

/** The client that flags, environment and stored token describe. Throws Failure when they cannot be understood. */
export async function connect(flags: GlobalValues, io: Io): Promise<Client> {
  const client = connectWithoutToken(flags, io)
  if (client.settings.token !== "") return client
  return client.with({ token: await readToken(io) })
}

export function connectWithoutToken(flags: GlobalValues, io: Io): Client {
  const settings = settingsOf(flags, io)
  return createClient({
    ...settings,
    ...(flags.address === undefined ? {} : { address: flags.address }),
    ...(flags["agent-address"] === undefined ? {} : { address: flags["agent-address"] }),
    ...(flags.namespace === undefined ? {} : { namespace: flags.namespace }),
    // People at a terminal see an error sooner than the third attempt; scripts ask for attempts by the variable.
    ...(variable(io.env, "MAX_RETRIES") ? {} : { retries: 0 }),
    ...(flags["wrap-ttl"] === undefined ? {} : { wrapTtl: wrapTtl(flags["wrap-ttl"]) }),
    mfa: flags.mfa,
    headers: ownHeaders(flags.header),
    followRedirects: !flags["disable-redirects"],
    policyOverride: flags["policy-override"],
    onRequest: rehearsal(flags),
  })
}

function settingsOf(flags: GlobalValues, io: Io): Settings {
  try {
    return settingsFromEnvironment(io.env, {
      caCert: flags["ca-cert"],
      caPath: flags["ca-path"],
      clientCert: flags["client-cert"],
      clientKey: flags["client-key"],
      serverName: flags["tls-server-name"],
      skipVerify: flags["tls-skip-verify"],
    })
  } catch (error) {
    throw new Failure(`failed to set up the client: ${error instanceof Error ? error.message : String(error)}`, 2, {
      cause: error,
    })
  }
}

function wrapTtl(text: string): string {
  const seconds = parseDuration(text)
  if (seconds === undefined)
    throw new Failure(`invalid value "${text}" for flag -wrap-ttl: time: invalid duration "${text}"`, 1)
  return formatDuration(seconds)
}

function ownHeaders(given: ReadonlyMap<string, string>): Record<string, string> {
  const reserved = [...given.keys()].filter(name => name.toLowerCase().startsWith("x-vault-"))
  if (reserved.length > 0) {
    throw new Failure(
      `failed to setup Headers[${reserved.join(", ")}]: Header starting by 'X-Vault-' are for internal usage only`,
      2,
    )
  }
  return Object.fromEntries(given)
}

/** With -output-curl-string or -output-policy the first request is described and none is sent. */
function rehearsal(flags: GlobalValues): Settings["onRequest"] {
  if (!flags["output-curl-string"] && !flags["output-policy"]) return undefined
  return request => {
    throw new Rehearsed(request, flags)
  }
}

/** Carries the request that would have been sent up to `main`, which prints it. */
export class Rehearsed extends Error {
  override readonly name = "Rehearsed"
  readonly request: Parameters<NonNullable<Settings["onRequest"]>>[0]
  readonly flags: GlobalValues

  constructor(request: Rehearsed["request"], flags: GlobalValues) {
    super("The request was not sent")
    this.request = request
    this.flags = flags
  }
}
