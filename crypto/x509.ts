/**
 * X.509 certificates (RFC 5280), issued by an authority whose key is at hand. Encoded by @peculiar/asn1-x509, signed by
 * node:crypto. Whoever needs this imports it when it is first used: the encoder is not small.
 */

import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  type KeyObject,
  sign,
  X509Certificate,
} from "node:crypto"
import { promisify } from "node:util"
import { AsnConvert, OctetString } from "@peculiar/asn1-schema"
import {
  AlgorithmIdentifier,
  AttributeTypeAndValue,
  AttributeValue,
  AuthorityKeyIdentifier,
  Certificate,
  ExtendedKeyUsage,
  Extension,
  Extensions,
  id_ce_authorityKeyIdentifier,
  id_ce_extKeyUsage,
  id_ce_keyUsage,
  id_ce_subjectKeyIdentifier,
  id_kp_clientAuth,
  KeyIdentifier,
  KeyUsage,
  KeyUsageFlags,
  Name,
  RelativeDistinguishedName,
  SubjectKeyIdentifier,
  SubjectPublicKeyInfo,
  TBSCertificate,
  Validity,
  Version,
} from "@peculiar/asn1-x509"

/** What cannot be issued, or issued by; the text says why and holds no key. */
export class Unissuable extends Error {
  override readonly name = "Unissuable"
}

export interface Authority {
  readonly certificate: X509Certificate
  readonly key: KeyObject
}

const PRIVATE_KEY = /-----BEGIN ([A-Z ]*)PRIVATE KEY-----[^-]*-----END \1PRIVATE KEY-----/
const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/

/**
 * Reads an authority's certificate and its private key (RSA, ECDSA on P-256, P-384 or P-521, Ed25519), both PEM. Of several
 * certificates the first counts. Throws `Unissuable`, in Vault's words where it has some.
 */
export function readAuthority(certificatePem: string, keyPem: string): Authority {
  const keyText = PRIVATE_KEY.exec(keyPem)?.[0]
  if (keyText === undefined) throw new Unissuable("private key not found in the PEM bundle")
  const certificateText = CERTIFICATE.exec(certificatePem)?.[0]
  if (certificateText === undefined) throw new Unissuable("certificate not found in the PEM bundle")
  const key = attempt(() => createPrivateKey(keyText), "the private key cannot be read, or is encrypted")
  const certificate = attempt(() => new X509Certificate(certificateText), "the certificate cannot be read")
  if (!["rsa", "ec", "ed25519"].includes(key.asymmetricKeyType ?? ""))
    throw new Unissuable("unknown private key found in the PEM bundle")
  if (!certificate.ca) throw new Unissuable("the given certificate is not marked for CA use")
  if (!certificate.checkPrivateKey(key)) throw new Unissuable("the private key is not that of the certificate")
  return { certificate, key }
}

function attempt<T>(read: () => T, failure: string): T {
  try {
    return read()
  } catch {
    throw new Unissuable(failure)
  }
}

export type KeyType = "rsa" | "ec" | "ed25519"

const CURVES: Readonly<Record<number, string>> = { 224: "P-224", 256: "P-256", 384: "P-384", 521: "P-521" }
const newPair = promisify(generateKeyPair)

/** A new private key, made off the event loop. `bits` is the size of an RSA key, or of a curve of NIST. */
export async function newPrivateKey(type: KeyType, bits: number): Promise<KeyObject> {
  if (type === "rsa") return (await newPair("rsa", { modulusLength: bits })).privateKey
  if (type === "ec") return (await newPair("ec", { namedCurve: CURVES[bits] ?? "P-256" })).privateKey
  return (await newPair("ed25519", {})).privateKey
}

/** A private key as its own kind of PEM has it: PKCS #1, SEC 1, PKCS #8 for Ed25519. Without a line's end behind it. */
export function privateKeyPem(key: KeyObject): string {
  const type = key.asymmetricKeyType === "rsa" ? "pkcs1" : key.asymmetricKeyType === "ec" ? "sec1" : "pkcs8"
  return key.export({ format: "pem", type }).toString().trim()
}

export interface ClientCertificate {
  readonly commonName: string
  /** The private key whose public half is certified. */
  readonly key: KeyObject
  /** Seconds since 1970. */
  readonly notBefore: number
  readonly notAfter: number
  /** Of the hash: 256, 384 or 512. Ed25519 has its own. */
  readonly signatureBits: number
  /** 20 random bytes. */
  readonly serial: Uint8Array
}

/** The longest common name that a certificate takes (ub-common-name). */
const LONGEST_COMMON_NAME = 64

/**
 * A certificate with which a client proves who it is: no name but the common name, for signing and client authentication alone.
 * PEM, without a line's end behind it. Throws `Unissuable` for a common name that certificates do not take, and for a time
 * that is over, or lies beyond the authority's own.
 */
export function issueClientCertificate(authority: Authority, wished: ClientCertificate): string {
  checkName(wished.commonName)
  checkTimes(authority.certificate, wished)
  const issuer = AsnConvert.parse(authority.certificate.raw, Certificate).tbsCertificate
  const spki = AsnConvert.parse(publicKeyDer(wished.key), SubjectPublicKeyInfo)
  const algorithm = signatureAlgorithm(authority.key, wished.signatureBits)
  const tbsCertificate = new TBSCertificate({
    version: Version.v3,
    serialNumber: serialNumber(wished.serial),
    signature: algorithm.identifier,
    issuer: issuer.subject,
    validity: new Validity({ notBefore: dateOf(wished.notBefore), notAfter: dateOf(wished.notAfter) }),
    subject: nameOf(wished.commonName),
    subjectPublicKeyInfo: spki,
    extensions: extensionsOf(issuer, spki),
  })
  const signed = sign(algorithm.hash, new Uint8Array(AsnConvert.serialize(tbsCertificate)), authority.key)
  const certificate = new Certificate({
    tbsCertificate,
    signatureAlgorithm: algorithm.identifier,
    signatureValue: bufferOf(signed),
  })
  return new X509Certificate(new Uint8Array(AsnConvert.serialize(certificate))).toString().trim()
}

function checkName(commonName: string): void {
  if (commonName === "" || Buffer.byteLength(commonName) > LONGEST_COMMON_NAME || /[\0-\x1f\x7f]/.test(commonName))
    throw new Unissuable(`the common name is empty, unprintable or longer than ${LONGEST_COMMON_NAME} bytes`)
}

/** A chain is no longer good than its shortest part: what outlives its authority would fail later, where nobody can tell why. */
function checkTimes(authority: X509Certificate, { notBefore, notAfter }: ClientCertificate): void {
  if (notAfter <= notBefore) throw new Unissuable("the certificate would end before it begins")
  if (notAfter * 1000 > authority.validToDate.getTime())
    throw new Unissuable(`the certificate would outlive the given ca_cert, which ends at ${authority.validTo}`)
}

const dateOf = (seconds: number): Date => new Date(Math.floor(seconds) * 1000)

const bufferOf = (bytes: Uint8Array): ArrayBuffer => new Uint8Array(bytes).buffer

const publicKeyDer = (key: KeyObject): Uint8Array => createPublicKey(key).export({ format: "der", type: "spki" })

/** Positive, and of 20 bytes at most (RFC 5280 4.1.2.2). */
function serialNumber(random: Uint8Array): ArrayBuffer {
  const serial = new Uint8Array(random)
  serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40
  return serial.buffer
}

const ID_COMMON_NAME = "2.5.4.3"

const nameOf = (commonName: string): Name =>
  new Name([
    new RelativeDistinguishedName([
      new AttributeTypeAndValue({ type: ID_COMMON_NAME, value: new AttributeValue({ utf8String: commonName }) }),
    ]),
  ])

function extensionsOf(issuer: TBSCertificate, spki: SubjectPublicKeyInfo): Extensions {
  const hash = createHash("sha1").update(new Uint8Array(spki.subjectPublicKey)).digest()
  const extension = (extnID: string, critical: boolean, value: unknown) =>
    new Extension({ extnID, critical, extnValue: new OctetString(AsnConvert.serialize(value)) })
  const authorityId = issuer.extensions?.find(one => one.extnID === id_ce_subjectKeyIdentifier)?.extnValue
  const known = authorityId && AsnConvert.parse(authorityId.buffer, SubjectKeyIdentifier)
  return new Extensions([
    extension(id_ce_keyUsage, true, new KeyUsage(KeyUsageFlags.digitalSignature)),
    extension(id_ce_extKeyUsage, false, new ExtendedKeyUsage([id_kp_clientAuth])),
    extension(id_ce_subjectKeyIdentifier, false, new SubjectKeyIdentifier(bufferOf(hash))),
    ...(known === undefined
      ? []
      : [
          extension(
            id_ce_authorityKeyIdentifier,
            false,
            new AuthorityKeyIdentifier({ keyIdentifier: new KeyIdentifier(known.buffer) }),
          ),
        ]),
  ])
}

/** Object identifiers by the authority's kind of key and the bits of the hash (RFC 4055, 5758, 8410). */
const SIGNATURES: Readonly<Record<string, Readonly<Record<number, string>>>> = {
  rsa: { 256: "1.2.840.113549.1.1.11", 384: "1.2.840.113549.1.1.12", 512: "1.2.840.113549.1.1.13" },
  ec: { 256: "1.2.840.10045.4.3.2", 384: "1.2.840.10045.4.3.3", 512: "1.2.840.10045.4.3.4" },
}

function signatureAlgorithm(key: KeyObject, bits: number): { identifier: AlgorithmIdentifier; hash: string | null } {
  const type = key.asymmetricKeyType ?? ""
  if (type === "ed25519") return { identifier: new AlgorithmIdentifier({ algorithm: "1.3.101.112" }), hash: null }
  const algorithm = SIGNATURES[type]?.[bits]
  if (algorithm === undefined) throw new Unissuable("invalid signature_bits")
  // RSA's identifiers carry NULL as parameters, ECDSA's carry none.
  const identifier = new AlgorithmIdentifier(type === "rsa" ? { algorithm, parameters: null } : { algorithm })
  return { identifier, hash: `sha${bits}` }
}

/** A distinguished name of nothing but a common name, as text (RFC 4514): what databases call the subject. */
export function subjectText(commonName: string): string {
  const escaped = commonName.replaceAll(/[,+"\\<>;]/g, "\\$&").replace(/^[ #]/, "\\$&")
  return `CN=${escaped.replace(/(?<!\\) $/, "\\ ")}`
}
