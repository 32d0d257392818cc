import { shannonEntropy } from "../detect/entropy.ts"
import { lengths } from "../re2/anchor.ts"
import { type Node, parsePattern } from "../re2/parse.ts"
import type { members } from "../re2/sets.ts"

/** A text that a rule must find something in. */
export type Example = { text: string; secret: string; path?: string }

/**
 * Examples are made, not written: this repository then holds nothing that another scanner, or a provider's own, takes
 * for alive. A text is the same at every run, as it is drawn from a generator seeded with the rule's id.
 */
export function fake(pattern: string, seed: string, entropy = 0): string {
  const { root } = parsePattern(pattern)
  for (let attempt = 0; attempt < 200; attempt++) {
    const text = draw(root, randomFrom(`${seed}/${attempt}`), false)
    if (shannonEntropy(text) > entropy) return text
  }
  throw new Error(`${seed}: no text of ${pattern} has more entropy than ${entropy}`)
}

/** The shortest texts of a pattern. */
function fakeShortest(pattern: string, seed: string): string {
  return draw(parsePattern(pattern).root, randomFrom(seed), true)
}

type Made = { finds: Example[]; ignores: string[] }

/** Puts what the rule needs near before each text: another part of a composite rule, or a keyword. */
export function inContext(
  id: string,
  examples: readonly Example[],
  keywords: readonly string[],
  beside?: string,
): Example[] {
  const before = beside === undefined ? "" : `${fake(beside, id, 2.5)}\n`
  return examples.map(({ text, ...rest }) => {
    const has = keywords.length === 0 || keywords.some(keyword => text.toLowerCase().includes(keyword))
    return { ...rest, text: `${has ? "" : `# ${keywords[0] ?? ""}\n`}${before}${text}` }
  })
}

/** For a secret that only a name beside it tells. */
export function namedExamples(id: string, names: string, secret: string, entropy: number, path?: string): Made {
  const name = fake(names, id).toLowerCase()
  const one = (n: number) => fake(secret, `${id}/${n}`, entropy)
  const shortest = fakeShortest(secret, id)
  const at = path === undefined ? {} : { path: fake(path.replaceAll(/\(\?i\)|\$$/g, ""), id) }
  const upper = name.toUpperCase().replaceAll(/[.-]/g, "_")
  // Where the name's own spelling counts, only that is used.
  const plain = /^[\w|.-]+$/.test(names)
  const first = plain ? upper : name
  return {
    finds: [
      { text: `${first}_TOKEN="${one(1)}"`, secret: one(1), ...at },
      { text: `export ${first}_API_KEY=${one(2)}\n`, secret: one(2), ...at },
      { text: `  "${name}_secret": "${one(3)}",\n`, secret: one(3), ...at },
    ],
    ignores: [
      `other_thing = "${one(1)}"`,
      `${first}_TOKEN="${shortest.slice(0, -1)}"`,
      ...tooLong(secret, one(4)).map(text => `${first}_TOKEN="${text}"`),
    ],
  }
}

/** For a secret that is told by its own form. */
export function aloneExamples(id: string, secret: string, entropy: number, bare: boolean): Made {
  const one = (n: number) => fake(secret, `${id}/${n}`, entropy)
  return {
    finds: [
      { text: `const value = "${one(1)}"`, secret: one(1) },
      { text: `TOKEN=${one(2)}\n`, secret: one(2) },
      { text: `run --with '${one(3)}';`, secret: one(3) },
    ],
    ignores: [
      `const value = "${fakeShortest(secret, id).slice(0, -1)}"`,
      ...(bare ? [] : [`const value = "a${one(1)}"`]),
      ...(bare ? [] : tooLong(secret, one(4)).map(text => `const value = "${text}"`)),
    ],
  }
}

/** The text made one letter longer than the pattern allows; nothing when there is no limit. */
function tooLong(pattern: string, text: string): string[] {
  const [, longest] = lengths(parsePattern(pattern).root)
  return longest < 2000 ? [text + "a".repeat(longest - text.length + 1)] : []
}

function draw(node: Node, random: () => number, shortest: boolean): string {
  switch (node.kind) {
    case "set":
      return drawOne(node.set, random)
    case "assert":
      return ""
    case "group":
      return draw(node.node, random, shortest)
    case "concat":
      return node.nodes.map(one => draw(one, random, shortest)).join("")
    case "alternate": {
      const sizes = node.nodes.map(one => lengths(one)[0])
      const least = sizes.indexOf(Math.min(...sizes))
      const chosen = node.nodes[shortest ? least : Math.floor(random() * node.nodes.length)]
      return chosen === undefined ? "" : draw(chosen, random, shortest)
    }
    case "repeat": {
      const spare = shortest ? 0 : Math.min(node.max - node.min, 8)
      const count = node.min + Math.floor(random() * (spare + 1))
      return Array.from({ length: count }, () => draw(node.node, random, shortest)).join("")
    }
  }
}

/** A letter or digit where the set has one, else a printable character, else its first. */
function drawOne(set: Parameters<typeof members>[0], random: () => number): string {
  const printable = within(set, /[\x20-\x7e]/)
  const plain = printable.filter(char => /[0-9A-Za-z]/.test(char))
  const choice = plain.length > 0 ? plain : printable
  return choice[Math.floor(random() * choice.length)] ?? String.fromCharCode(set[0] ?? 0)
}

function within(set: Parameters<typeof members>[0], wanted: RegExp): string[] {
  const found: string[] = []
  for (let i = 0; i < set.length; i += 2)
    for (let code = set[i] ?? 0; code <= Math.min(set[i + 1] ?? 0, 0x7e); code++) {
      const char = String.fromCharCode(code)
      if (wanted.test(char)) found.push(char)
    }
  return found
}

/** mulberry32, seeded with a hash (FNV-1a) of a text: not for secrets, only to make the same examples every time. */
function randomFrom(seed: string): () => number {
  let state = 0x811c9dc5
  for (const byte of Buffer.from(seed)) state = Math.imul(state ^ byte, 0x01000193)
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

/** An example of a rule's own: a secret made by a pattern, between two texts. */
export function example(before: string, secret: string, after: string, entropy = 0): Example {
  const made = fake(secret, before + secret, entropy)
  return { text: before + made + after, secret: made }
}
