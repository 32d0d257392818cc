/** Near misses: what the author of a mistyped word may have meant. */

/** The candidate that is fewest edits away, at most a third of the word's length (and 2 for short words); undefined when none is near. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  // Distances of long words cost their product.
  if (word.length > 64) return undefined
  let best: string | undefined
  let least = Math.max(2, Math.floor(word.length / 3)) + 1
  for (const candidate of candidates) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase())
    if (distance >= least || distance >= candidate.length) continue
    best = candidate
    least = distance
  }
  return best
}

/** Insertions, deletions, replacements and swaps of neighbours that turn one word into the other. */
export function editDistance(a: string, b: string): number {
  let before: number[] = []
  let row = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      const shifted = Math.min(row[j] ?? 0, next[j - 1] ?? 0) + 1
      const swapped =
        a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
          ? (before[j - 2] ?? Number.POSITIVE_INFINITY) + 1
          : Number.POSITIVE_INFINITY
      next.push(Math.min(replaced, shifted, swapped))
    }
    before = row
    row = next
  }
  return row[b.length] ?? 0
}
