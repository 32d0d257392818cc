/** What users prove themselves with: passwords, RSA keys, client certificates; made as a role's `credential_config` says. */

import { generateKeyPair } from "node:crypto"
import { promisify } from "node:util"
import { type Context, type JsonObject, refuse } from "@arca/api"
import { NAME_FIELDS } from "../username.ts"
import { compileTemplate } from "../username-template.ts"
import { type Config, driverFor } from "./connections.ts"
import type { CredentialType, Secret } from "./drivers/driver.ts"

/** A credential that was made: what the database is told, and what its user gets. */
export interface Credential {
  readonly secret: Secret
  readonly shown: JsonObject
}

const TYPES: readonly CredentialType[] = ["password", "rsa_private_key", "client_certificate"]

/** The kind of credential a role asks for. */
export function credentialType(text: string): CredentialType {
  const type = TYPES.find(one => one === text)
  if (type === undefined) throw refuse.invalid(`invalid credential_type ${JSON.stringify(text)}`)
  return type
}

/** Refuses a kind that the database does not know. */
export function checkSupported(config: Config, type: CredentialType): void {
  if (!driverFor(config.plugin_name).credentials.includes(type))
    throw refuse.invalid(`unsupported credential_type: ${JSON.stringify(type)}`)
}

type Settings = ReadonlyMap<string, string>

const KEYS: Readonly<Record<CredentialType, readonly string[]>> = {
  password: ["password_policy"],
  rsa_private_key: ["format", "key_bits"],
  client_certificate: ["common_name_template", "ca_private_key", "ca_cert", "key_type", "key_bits", "signature_bits"],
}

/** Checks a role's `credential_config` and puts its defaults in. */
export function credentialConfig(type: CredentialType, given: Settings): Map<string, string> {
  const wrong = (text: string) => refuse.invalid(`credential_config validation failed: ${text}`)
  const config = new Map([...given].filter(([name]) => KEYS[type].includes(name)))
  if (type === "rsa_private_key") {
    if ((config.get("format") || "pkcs8").toLowerCase() !== "pkcs8")
      throw wrong(`invalid format: ${config.get("format")}`)
    config.set("format", "pkcs8")
    bitsOf(config, ["2048", "3072", "4096"], wrong)
  }
  if (type === "client_certificate") {
    const keyType = config.get("key_type") ?? ""
    if (!["rsa", "ec", "ed25519"].includes(keyType)) throw wrong("invalid key_type")
    if (keyType === "rsa") bitsOf(config, ["2048", "3072", "4096"], wrong)
    if (keyType === "ec") bitsOf(config, ["256", "224", "384", "521"], wrong)
    for (const name of ["common_name_template", "ca_cert", "ca_private_key"])
      if (!config.get(name)) throw wrong(`missing required ${name}`)
    compileTemplate(config.get("common_name_template") ?? "", NAME_FIELDS)
  }
  return config
}

/** Sets `key_bits` to the first choice when it is not given. */
function bitsOf(config: Map<string, string>, choices: readonly string[], wrong: (text: string) => Error): void {
  const given = config.get("key_bits")
  const bits = given === undefined || given === "" || given === "0" ? choices[0] : given
  if (bits === undefined || !choices.includes(bits)) throw wrong(`invalid key_bits: ${given}`)
  config.set("key_bits", bits)
}

const newPair = promisify(generateKeyPair)

/** Makes a credential. `policy` is the connection's password policy, for roles that name none. */
export async function makeCredential(
  ctx: Context,
  type: CredentialType,
  config: Settings,
  policy: string,
): Promise<Credential> {
  if (type === "password") {
    const password = await ctx.password(config.get("password_policy") || policy || undefined)
    return { secret: { type, password }, shown: { password } }
  }
  if (type === "rsa_private_key") {
    const { publicKey, privateKey } = await newPair("rsa", {
      modulusLength: Number(config.get("key_bits") ?? 2048),
      publicKeyEncoding: { type: "spki", format: "pem" },
      privateKeyEncoding: { type: "pkcs8", format: "pem" },
    })
    return { secret: { type, publicKey }, shown: { rsa_private_key: privateKey } }
  }
  throw refuse.invalid(`unsupported credential_type: ${JSON.stringify(type)}`)
}
