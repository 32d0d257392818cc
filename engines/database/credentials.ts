/** What users prove themselves with: passwords, RSA keys, client certificates; made as a role's `credential_config` says. */

import { generateKeyPair } from "node:crypto"
import { promisify } from "node:util"
import { type Context, type JsonObject, refuse } from "@arca/api"
import { clientCertificate } from "./client-certificate.ts"
import { type Config, driverFor } from "./connections.ts"
import {
  bitsOf,
  type Credential,
  type Kind,
  RSA_BITS,
  type Settings,
  type Wish,
  type Wrong,
} from "./credential-kind.ts"
import type { CredentialType } from "./drivers/driver.ts"
import { textsOf } from "./statements.ts"

const KINDS: Readonly<Record<CredentialType, Kind>> = {
  password: {
    places: ["{{password}}"],
    keys: ["password_policy"],
    check: () => {},
    make: async (ctx, { config, policy }) => {
      const password = await ctx.password(config.get("password_policy") || policy || undefined)
      return { secret: { type: "password", password }, shown: { password } }
    },
  },
  rsa_private_key: {
    places: ["{{public_key}}"],
    keys: ["format", "key_bits"],
    check: checkKeyConfig,
    make: makeKey,
  },
  client_certificate: clientCertificate,
}

const isType = (text: string): text is CredentialType => Object.hasOwn(KINDS, text)

/** The kind of credential a role asks for. */
export function credentialType(text: string): CredentialType {
  if (!isType(text)) throw refuse.invalid(`invalid credential_type ${JSON.stringify(text)}`)
  return text
}

/** Refuses a kind that neither the database knows nor the role's statements take. */
export function checkSupported(config: Config, type: CredentialType, statements: readonly string[]): void {
  const { credentials, fills } = driverFor(config.plugin_name)
  if (credentials.includes(type)) return
  const texts = fills ? statements.flatMap(textsOf) : []
  if (!KINDS[type].places.some(place => texts.some(text => text.includes(place)))) throw unsupported(type)
}

export const unsupported = (type: CredentialType): Error =>
  refuse.invalid(`unsupported credential_type: ${JSON.stringify(type)}`)

/** Checks a role's `credential_config` and puts its defaults in. */
export async function credentialConfig(type: CredentialType, given: Settings): Promise<Map<string, string>> {
  const { keys, check } = KINDS[type]
  const config = new Map([...given].filter(([name]) => keys.includes(name)))
  await check(config, text => refuse.invalid(`credential_config validation failed: ${text}`))
  return config
}

/** A `credential_config` as it is read: without the authority's key, and with its sizes as the numbers that Vault answers. */
export function shownCredentialConfig(config: Settings): JsonObject {
  const shown = [...config]
    .filter(([name]) => name !== "ca_private_key")
    .map(([name, value]) => [name, name.endsWith("_bits") ? Number(value) : value])
  return shown.length === 0 ? {} : { credential_config: Object.fromEntries(shown) }
}

export const makeCredential = (ctx: Context, type: CredentialType, wish: Wish): Promise<Credential> =>
  KINDS[type].make(ctx, wish)

function checkKeyConfig(config: Map<string, string>, wrong: Wrong): void {
  const format = config.get("format") || "pkcs8"
  if (format.toLowerCase() !== "pkcs8") throw wrong(`invalid format: ${format}`)
  config.set("format", "pkcs8")
  bitsOf(config, "key_bits", RSA_BITS, wrong(`invalid key_bits: ${config.get("key_bits")}`))
}

const newPair = promisify(generateKeyPair)

async function makeKey(_: Context, { config }: Wish): Promise<Credential> {
  const { publicKey, privateKey } = await newPair("rsa", { modulusLength: Number(config.get("key_bits")) })
  return {
    secret: {
      type: "rsa_private_key",
      publicKey: publicKey.export({ type: "spki", format: "der" }).toString("base64"),
    },
    shown: { rsa_private_key: privateKey.export({ type: "pkcs8", format: "pem" }).toString() },
  }
}
