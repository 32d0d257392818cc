/** A list of words to look for inside short texts. */
export type Stopwords = { occursIn(lowerCaseText: string): boolean }

type Words = { short: string[]; byStart: Map<string, string[]> }

const keyLength = 3

/**
 * The default generic rule has some 1,400 stopwords: they are looked up by their first three characters instead of
 * being searched one by one, and sorted when they are first needed.
 */
export function buildStopwords(words: readonly string[]): Stopwords {
  let sorted: Words | undefined
  return {
    occursIn(text) {
      const { short, byStart } = (sorted ??= sortWords(words))
      for (let i = 0; i + keyLength <= text.length; i++)
        if (byStart.get(text.slice(i, i + keyLength))?.some(word => text.startsWith(word, i))) return true
      return short.some(word => text.includes(word))
    },
  }
}

function sortWords(words: readonly string[]): Words {
  const short: string[] = []
  const byStart = new Map<string, string[]>()
  for (const word of new Set(words.map(text => text.toLowerCase()))) {
    if (word.length < keyLength) short.push(word)
    else {
      const key = word.slice(0, keyLength)
      const same = byStart.get(key)
      if (same === undefined) byStart.set(key, [word])
      else same.push(word)
    }
  }
  return { short, byStart }
}
