/** A TOTP key: its parameters, and the otpauth:// address that carries them to an app. */

import { type Context, field, record, refuse, type Values } from "@arca/api"
import { decodeBase32, encodeBase32, OTP_ALGORITHMS, type OtpAlgorithm } from "@arca/crypto/otp"

export const keys = record("key", "key/", {
  key: field.string("The shared key, in Base32.", { secret: true, default: "" }),
  issuer: field.string("The organisation that issued the key.", { default: "" }),
  account_name: field.string("The account the key belongs to.", { default: "" }),
  period: field.duration("How long a code is good for.", { default: 30 }),
  algorithm: field.string("The hash: SHA1, SHA256 or SHA512.", { default: "SHA1" }),
  digits: field.int("How many digits a code has: 6 or 8.", { default: 6 }),
  skew: field.int("How many periods before and after now are accepted: 0 or 1.", { default: 1 }),
})

export type Key = Values<typeof keys.fields>

/** What a write takes besides the stored fields. */
export const inputs = {
  generate: field.bool("Make a new key, instead of taking one from another service.", { default: false }),
  exported: field.bool("Show the new key, once: its address and QR code. Only with `generate`.", { default: true }),
  key_size: field.int("Bytes of the new key. Only with `generate`.", { default: 20 }),
  qr_size: field.int("Pixels a side of the QR code; 0 leaves it out. Only with `generate`.", { default: 200 }),
  url: field.string("An otpauth:// address with all parameters. Not with `generate`.", { secret: true, default: "" }),
}

export type KeyInput = Key & Values<typeof inputs>

/** Beyond the block of any hash, more bytes add nothing; and the QR code has an end. */
const MAX_KEY_BYTES = 512

export const algorithmOf = (key: Key): OtpAlgorithm => {
  const algorithm = OTP_ALGORITHMS.find(one => one === key.algorithm)
  if (algorithm === undefined) throw refuse.invalid("the algorithm value is not valid")
  return algorithm
}

export const bytesOf = (key: Key): Uint8Array => {
  const bytes = decodeBase32(key.key)
  if (bytes === undefined || bytes.length === 0) throw refuse.invalid("invalid key value: it is not Base32")
  return bytes
}

/** The key that a write describes: made, imported, or read from an address. Refuses what makes no sense. */
export function keyOf(input: KeyInput, ctx: Context): Key {
  if (input.generate && input.key !== "") throw refuse.invalid("a key should not be passed if generate is true")
  if (input.generate && input.url !== "") throw refuse.invalid("a url should not be passed if generate is true")
  const { key, issuer, account_name, period, algorithm, digits, skew } = withAddress(input)
  const given: Key = { key, issuer, account_name, period, algorithm, digits, skew }
  checkParameters(given, input)
  if (input.generate) return { ...given, key: newSecret(given, input.key_size, ctx) }
  if (given.key === "") throw refuse.invalid("the key value is required")
  return { ...given, key: encodeBase32(bytesOf(given)) }
}

function checkParameters(key: Key, { qr_size, key_size }: KeyInput): void {
  if (key.digits !== 6 && key.digits !== 8) throw refuse.invalid("the digits value can only be 6 or 8")
  algorithmOf(key)
  if (key.period <= 0) throw refuse.invalid("the period value must be greater than zero")
  if (key.skew !== 0 && key.skew !== 1) throw refuse.invalid("the skew value must be 0 or 1")
  if (qr_size < 0) throw refuse.invalid("the qr_size value must be greater than or equal to zero")
  if (key_size <= 0) throw refuse.invalid("the key_size value must be greater than zero")
  if (key_size > MAX_KEY_BYTES) throw refuse.invalid(`the key_size value must not be greater than ${MAX_KEY_BYTES}`)
}

function newSecret(key: Key, bytes: number, ctx: Context): string {
  if (key.account_name === "") throw refuse.invalid("the account_name value is required for generated keys")
  if (key.issuer === "") throw refuse.invalid("the issuer value is required for generated keys")
  return encodeBase32(ctx.random(bytes))
}

/** The input overlaid with what its address says (https://github.com/google/google-authenticator/wiki/Key-Uri-Format). */
function withAddress(input: KeyInput): KeyInput {
  if (input.url === "") return input
  const address = URL.parse(input.url)
  if (address === null) throw refuse.invalid("an error occurred while parsing url string")
  if (address.protocol !== "otpauth:" || address.host !== "totp") {
    throw refuse.invalid("the url must begin with otpauth://totp/: it is not the address of a TOTP key")
  }
  const label = decoded(address.pathname.slice(1))
  const colon = label.indexOf(":")
  const query = address.searchParams
  return {
    ...input,
    issuer: query.get("issuer") || (colon < 0 ? input.issuer : label.slice(0, colon)),
    account_name: label.slice(colon + 1),
    key: query.get("secret") ?? "",
    period: wholeNumber(query.get("period"), "period") ?? input.period,
    digits: wholeNumber(query.get("digits"), "digits") ?? input.digits,
    algorithm: query.get("algorithm") || input.algorithm,
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw refuse.invalid("an error occurred while parsing url string")
  }
}

function wholeNumber(text: string | null, name: string): number | undefined {
  if (text === null || text === "") return undefined
  if (!/^\d{1,9}$/.test(text)) throw refuse.invalid(`an error occurred while parsing ${name} value in url`)
  return Number(text)
}

/** `@` stays readable, as in Vault's addresses. */
const escaped = (text: string): string => encodeURIComponent(text).replaceAll("%40", "@")

/** The address that an authenticator app reads, its parameters in Vault's order. */
export const addressOf = ({ key, issuer, account_name, period, algorithm, digits }: Key): string =>
  `otpauth://totp/${escaped(issuer)}:${escaped(account_name)}?algorithm=${algorithm}&digits=${digits}` +
  `&issuer=${encodeURIComponent(issuer)}&period=${period}&secret=${key}`
