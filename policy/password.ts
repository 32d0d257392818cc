/** Password policies: how long a generated password is, and how many characters of which kinds it has. */

import { attribute, blocks, checkKeys, type HclBlock, HclError, parseHcl, readInteger, readString } from "@arca/hcl"

export interface PasswordPolicy {
  /** Characters, 4 to 100. */
  readonly length: number
  readonly rules: readonly CharsetRule[]
  /** Every character that may occur, once. */
  readonly alphabet: readonly string[]
}

export interface CharsetRule {
  readonly charset: readonly string[]
  /** How many of the password's characters are from this set at least. */
  readonly minChars: number
}

const MIN_LENGTH = 4
const MAX_LENGTH = 100
const START = { line: 1, column: 1, offset: 0 }

/** What is used where no password policy is named. */
export const DEFAULT_PASSWORD_POLICY = `length = 20

rule "charset" {
  charset   = "abcdefghijklmnopqrstuvwxyz"
  min-chars = 1
}

rule "charset" {
  charset   = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
  min-chars = 1
}

rule "charset" {
  charset   = "0123456789"
  min-chars = 1
}

rule "charset" {
  charset   = "-"
  min-chars = 1
}
`

/** Reads a password policy, HCL or JSON. Throws `HclError` with line and column. */
export function parsePasswordPolicy(text: string): PasswordPolicy {
  const file = parseHcl(text, { maxLength: 64 * 1024, maxDepth: 10 })
  checkKeys(file, ["length", "rule"], "a password policy")
  const item = attribute(file, "length")
  if (item === undefined) throw new HclError('A password policy needs a "length"', START)
  const length = readInteger(item)
  if (length < MIN_LENGTH || length > MAX_LENGTH) {
    throw new HclError(`"length" is ${MIN_LENGTH} to ${MAX_LENGTH}, not ${length}`, item.value.position)
  }
  const rules = blocks(file, "rule", 1).map(parseRule)
  const alphabet = [...new Set(rules.flatMap(rule => rule.charset))]
  if (alphabet.length === 0) throw new HclError('A password policy needs a rule "charset" with characters', START)
  const needed = rules.reduce((sum, rule) => sum + rule.minChars, 0)
  if (needed > length)
    throw new HclError(`The rules need ${needed} characters, but "length" is ${length}`, item.position)
  return { length, rules, alphabet }
}

function parseRule({ labels: [kind], body, position }: HclBlock): CharsetRule {
  if (kind !== "charset") throw new HclError(`The only kind of rule is "charset", not "${kind}"`, position)
  checkKeys(body, ["charset", "min-chars"], 'rule "charset"')
  const charset = attribute(body, "charset")
  if (charset === undefined) throw new HclError('A rule "charset" needs a "charset"', position)
  const characters = [...new Set(readString(charset))]
  if (characters.length === 0) throw new HclError('"charset" is empty', charset.value.position)
  if (characters.some(one => /[\p{C}\p{Zl}\p{Zp}]/u.test(one))) {
    throw new HclError('"charset" can only hold printable characters', charset.value.position)
  }
  const least = attribute(body, "min-chars")
  const minChars = least ? readInteger(least) : 0
  if (minChars < 0) throw new HclError('"min-chars" cannot be negative', (least ?? charset).position)
  return { charset: characters, minChars }
}

/** Drawing again until the rules hold leaves every fitting password as likely as any other; this often is often enough. */
const MAX_ATTEMPTS = 10_000

/**
 * A password by the policy, every possible one equally likely. `randomBytes` gives that many uniformly random bytes. Throws
 * when the rules are such that chance practically never meets them.
 */
export function generatePassword(policy: PasswordPolicy, randomBytes: (count: number) => Uint8Array): string {
  const sets = policy.rules.map(({ charset, minChars }) => ({ charset: new Set(charset), minChars }))
  const draw = drawer(randomBytes)
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const characters = Array.from({ length: policy.length }, () => policy.alphabet[draw(policy.alphabet.length)] ?? "")
    const fits = sets.every(({ charset, minChars }) => characters.filter(one => charset.has(one)).length >= minChars)
    if (fits) return characters.join("")
  }
  throw new Error("The rules of the password policy are too rarely met by chance: lower min-chars or raise the length")
}

const BATCH = 256

/** Uniform numbers below a bound of at most 2^16. */
function drawer(randomBytes: (count: number) => Uint8Array): (bound: number) => number {
  let bytes = new Uint8Array(0)
  let used = 0
  const next = () => {
    if (used === bytes.length) {
      bytes = Uint8Array.from(randomBytes(BATCH))
      used = 0
    }
    return bytes[used++] ?? 0
  }
  return bound => {
    const range = bound <= 256 ? 256 : 65_536
    // Values beyond the last whole multiple of the bound would make the first characters likelier.
    const usable = range - (range % bound)
    for (;;) {
      const value = range === 256 ? next() : next() * 256 + next()
      if (value < usable) return value % bound
    }
  }
}
