/** Chance that one number decides: equal seeds give equal fuzz. */

export interface Dice {
  /** A whole number from 0 to `below` - 1. */
  number(below: number): number
  chance(probability: number): boolean
  pick<T>(items: readonly T[]): T
}

/** The mulberry32 generator. */
export function dice(seed: number): Dice {
  let state = seed | 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const number = (below: number) => Math.floor(next() * below)
  return {
    number,
    chance: probability => next() < probability,
    pick: <T>(items: readonly T[]): T => {
      const item = items[number(items.length)]
      if (item === undefined) throw new RangeError("nothing to pick from")
      return item
    },
  }
}

/** The seed of this run: `ARCA_FUZZ_SEED`, or the time. It is printed with every failure. */
export const seedOfRun = (): number => Number(process.env.ARCA_FUZZ_SEED ?? Date.now() % 1_000_000_007)

const SPLICES = [
  "\0",
  "\r\n",
  "\n",
  '"',
  "{",
  "}",
  "[",
  "]",
  "\\",
  "/",
  "//",
  "..",
  "%",
  "%00",
  "%2e",
  "%ff",
  "\u2028",
  "é",
  "<<EOF\n",
  "${",
  "9".repeat(30),
  "-",
  "=",
  ",",
  " ",
]

/** The bytes with a few pieces changed, dropped, doubled or put in. */
export function mutated(bytes: Buffer, { number, pick }: Dice): Buffer {
  let result = bytes
  for (let left = 1 + number(4); left > 0; left--) {
    const at = number(result.length + 1)
    const length = number(8)
    const [before, piece, rest] = [
      result.subarray(0, at),
      result.subarray(at, at + length),
      result.subarray(at + length),
    ]
    const kinds = [
      () => [before, rest],
      () => [before, piece, piece, rest],
      () => [before, Buffer.from(pick(SPLICES)), piece, rest],
      () => [before, Buffer.from([number(256)]), rest],
      () => [before, Buffer.from(Array.from(piece, byte => byte ^ (1 << number(8)))), rest],
    ]
    result = Buffer.concat(pick(kinds)())
  }
  return result
}
