import { decodeRunes } from "../re2/runes.ts"

const counts = new Uint32Array(128)

/**
 * Shannon entropy in bits. Gitleaks counts runes but divides by the length in bytes, which lowers the entropy of
 * non-ASCII text; rules are tuned to that. Takes a byte string.
 */
export function shannonEntropy(bytes: string): number {
  if (bytes === "") return 0
  counts.fill(0)
  // Summed in order of first appearance, so that the same text always gives the same last digit.
  const seen: number[] = []
  for (let i = 0; i < bytes.length; i++) {
    const code = bytes.charCodeAt(i)
    if (code > 0x7f) return entropyOfRunes(bytes)
    if (counts[code] === 0) seen.push(code)
    counts[code] = (counts[code] ?? 0) + 1
  }
  return sum(
    seen.map(code => counts[code] ?? 0),
    bytes.length,
  )
}

function entropyOfRunes(bytes: string): number {
  const tally = new Map<string, number>()
  for (const rune of decodeRunes(bytes).text) tally.set(rune, (tally.get(rune) ?? 0) + 1)
  return sum([...tally.values()], bytes.length)
}

function sum(tallies: number[], length: number): number {
  let entropy = 0
  for (const tally of tallies) {
    const share = tally / length
    entropy -= share * Math.log2(share)
  }
  return entropy
}
