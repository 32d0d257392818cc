/**
 * Shamir's secret sharing over GF(2^8) with the polynomial 0x11b, byte by byte, the x coordinate last in each share: shares
 * are interchangeable with those of Vault and OpenBao.
 *
 * No table is indexed by a secret, no branch depends on one (CVE-2023-25000).
 */

/** Product in GF(2^8): eight steps, whatever the factors. */
function multiply(a: number, b: number): number {
  let product = 0
  let factor = a
  for (let bit = 0; bit < 8; bit++) {
    product ^= -((b >> bit) & 1) & factor
    factor = ((factor << 1) ^ (-(factor >> 7) & 0x11b)) & 0xff
  }
  return product
}

/** a^254, which is the inverse; 0 for 0. */
function invert(a: number): number {
  let result = a
  for (let step = 0; step < 6; step++) result = multiply(multiply(result, result), a)
  return multiply(result, result)
}

/**
 * Splits `secret` into `shares`, of which any `threshold` restore it and fewer tell nothing.
 * Throws a RangeError unless 2 ≤ threshold ≤ shares ≤ 255.
 */
export function split(
  secret: Uint8Array,
  shares: number,
  threshold: number,
  random: (bytes: number) => Uint8Array,
): Uint8Array[] {
  if (secret.length === 0) throw new RangeError("there is no secret to split")
  if (threshold < 2 || shares < threshold || shares > 255) {
    throw new RangeError(`cannot split into ${shares} shares with a threshold of ${threshold}`)
  }
  const xs = distinctCoordinates(shares, random)
  const parts = xs.map(x => {
    const part = new Uint8Array(secret.length + 1)
    part[secret.length] = x
    return part
  })
  for (const [index, byte] of secret.entries()) {
    const coefficients = [byte, ...random(threshold - 1)]
    for (const part of parts) part[index] = evaluate(coefficients, part[secret.length] ?? 0)
  }
  return parts
}

function evaluate(coefficients: readonly number[], x: number): number {
  let value = 0
  for (let degree = coefficients.length - 1; degree >= 0; degree--) {
    value = multiply(value, x) ^ (coefficients[degree] ?? 0)
  }
  return value
}

/** Different numbers from 1 to 255, in random order. Coordinates are no secret. */
function distinctCoordinates(count: number, random: (bytes: number) => Uint8Array): number[] {
  const seen = new Set<number>()
  while (seen.size < count) {
    for (const byte of random(64)) {
      if (byte !== 0 && seen.size < count) seen.add(byte)
    }
  }
  return [...seen]
}

/**
 * The secret behind shares. Too few, or shares of different secrets, give a wrong secret and no error: whoever asks must
 * check what comes out. Throws a RangeError for shares that cannot belong together.
 */
export function combine(shares: readonly Uint8Array[]): Uint8Array {
  const [first] = shares
  if (first === undefined || shares.length < 2) throw new RangeError("at least two shares are needed")
  if (first.length < 2) throw new RangeError("a share is too short")
  if (shares.some(share => share.length !== first.length)) throw new RangeError("the shares differ in length")
  const xs = shares.map(share => share[share.length - 1] ?? 0)
  if (new Set(xs).size !== xs.length) throw new RangeError("the same share was given twice")
  const weights = xs.map((x, i) =>
    xs.reduce((weight, other, j) => (i === j ? weight : multiply(weight, ratio(other, x))), 1),
  )
  const secret = new Uint8Array(first.length - 1)
  for (let index = 0; index < secret.length; index++) {
    secret[index] = shares.reduce((sum, share, i) => sum ^ multiply(share[index] ?? 0, weights[i] ?? 0), 0)
  }
  return secret
}

/** A factor of Lagrange's polynomial at 0. */
const ratio = (other: number, x: number): number => multiply(other, invert(other ^ x))
