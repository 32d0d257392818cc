/** One-time passwords: HOTP (RFC 4226) and the counter of TOTP (RFC 6238); keys in Base32 (RFC 4648 section 6). */

import { createHmac } from "node:crypto"

export const OTP_ALGORITHMS = ["SHA1", "SHA256", "SHA512"] as const
export type OtpAlgorithm = (typeof OTP_ALGORITHMS)[number]

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"

/** Base32 without padding. */
export function encodeBase32(bytes: Uint8Array): string {
  let text = ""
  let bits = 0
  let held = 0
  for (const byte of bytes) {
    held = ((held << 8) | byte) & 0xfff
    bits += 8
    while (bits >= 5) {
      bits -= 5
      text += ALPHABET[(held >> bits) & 31]
    }
  }
  return bits === 0 ? text : text + ALPHABET[(held << (5 - bits)) & 31]
}

/** The bytes of Base32 text in either case, padded or not; undefined when it is none. */
export function decodeBase32(text: string): Uint8Array | undefined {
  const bare = text.replace(/=+$/, "").toUpperCase()
  if ([1, 3, 6].includes(bare.length % 8)) return undefined
  const bytes: number[] = []
  let bits = 0
  let held = 0
  for (const character of bare) {
    const value = ALPHABET.indexOf(character)
    if (value < 0) return undefined
    held = ((held << 5) | value) & 0xfff
    bits += 5
    if (bits < 8) continue
    bits -= 8
    bytes.push((held >> bits) & 255)
  }
  return Uint8Array.from(bytes)
}

/** The code of a counter: `digits` decimal digits (RFC 4226 section 5.3). */
export function hotp(key: Uint8Array, counter: number, algorithm: OtpAlgorithm, digits: number): string {
  const message = Buffer.alloc(8)
  message.writeBigUInt64BE(BigInt(counter))
  const mac = createHmac(algorithm, key).update(message).digest()
  const offset = mac.readUInt8(mac.length - 1) & 15
  const number = mac.readUInt32BE(offset) & 0x7fffffff
  return String(number % 10 ** digits).padStart(digits, "0")
}

/** Which period of time it is: `now` and `period` are seconds (RFC 6238 section 4.2, T0 = 0). */
export const totpCounter = (now: number, period: number): number => Math.floor(now / period)
