/** Client certificates: issued by the authority that a role's `credential_config` brings along. */

import { type Context, refuse } from "@arca/api"
import { NAME_FIELDS, usernameBy } from "../username.ts"
import { compileTemplate } from "../username-template.ts"
import {
  bitsOf,
  type Credential,
  type Kind,
  RSA_BITS,
  type Settings,
  type Wish,
  type Wrong,
} from "./credential-kind.ts"

/** Loaded when the first role asks for a certificate. */
const x509 = () => import("@arca/crypto/x509")

const KEY_BITS = { rsa: RSA_BITS, ec: [256, 224, 384, 521], ed25519: undefined } as const

const isKeyType = (text: string): text is keyof typeof KEY_BITS => Object.hasOwn(KEY_BITS, text)

const keyTypeOf = (config: Settings, failure: Error): keyof typeof KEY_BITS => {
  const type = config.get("key_type") ?? ""
  if (!isKeyType(type)) throw failure
  return type
}

/** Checks as Vault does, in its order; the authority has to be one. */
async function checkCertificateConfig(config: Map<string, string>, wrong: Wrong): Promise<void> {
  const choices = KEY_BITS[keyTypeOf(config, wrong("invalid key_type"))]
  if (choices === undefined) config.delete("key_bits")
  else bitsOf(config, "key_bits", choices, wrong("invalid key_bits"))
  bitsOf(config, "signature_bits", [256, 384, 512], wrong("invalid signature_bits"))
  for (const name of ["common_name_template", "ca_cert", "ca_private_key"])
    if (!config.get(name)) throw wrong(`missing required ${name}`)
  compileTemplate(config.get("common_name_template") ?? "", NAME_FIELDS)
  const { readAuthority, Unissuable } = await x509()
  try {
    readAuthority(config.get("ca_cert") ?? "", config.get("ca_private_key") ?? "")
  } catch (error) {
    throw error instanceof Unissuable ? wrong(error.message) : error
  }
}

const LONGEST_COMMON_NAME = 64
/** For clients whose clock is behind. */
const EARLIER_SECONDS = 30

async function makeCertificate(ctx: Context, { config, role, expiresAt }: Wish): Promise<Credential> {
  const { issueClientCertificate, newPrivateKey, privateKeyPem, readAuthority, subjectText, Unissuable } = await x509()
  const commonName = usernameBy(ctx, config.get("common_name_template") ?? "", role, LONGEST_COMMON_NAME)
  const keyType = keyTypeOf(config, refuse.failed("invalid key_type"))
  const key = await newPrivateKey(keyType, Number(config.get("key_bits") ?? 0))
  try {
    const authority = readAuthority(config.get("ca_cert") ?? "", config.get("ca_private_key") ?? "")
    const certificate = issueClientCertificate(authority, {
      commonName,
      key,
      notBefore: ctx.now - EARLIER_SECONDS,
      notAfter: expiresAt,
      signatureBits: Number(config.get("signature_bits")),
      serial: ctx.random(20),
    })
    return {
      secret: { type: "client_certificate", subject: subjectText(commonName), commonName },
      shown: { client_certificate: certificate, private_key: privateKeyPem(key), private_key_type: keyType },
    }
  } catch (error) {
    if (!(error instanceof Unissuable)) throw error
    throw refuse.failed(`failed to generate client certificate: ${error.message}`)
  }
}

export const clientCertificate: Kind = {
  places: ["{{subject}}", "{{common_name}}"],
  keys: ["common_name_template", "ca_private_key", "ca_cert", "key_type", "key_bits", "signature_bits"],
  check: checkCertificateConfig,
  make: makeCertificate,
}
