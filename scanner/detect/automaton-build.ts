import { type AutomatonTables, classBits } from "./automaton.ts"

type Trie = { next: Map<number, number>[]; fail: number[]; ends: number[][] }

/**
 * The tables, and for each accepting state the indices of the literals that end there, longest first. Literals are given in
 * lower case, as byte strings.
 */
export function buildAutomaton(literals: readonly string[]): { tables: AutomatonTables; ends: number[][] } {
  const trie = buildTrie(literals)
  const order = statesAcceptingLast(trie)
  const { classes, classCount } = byteClasses(literals)
  const first = order.findIndex(state => (trie.ends[state] ?? []).length > 0)
  const firstAccepting = first < 0 ? order.length : first
  return {
    tables: { classes: [...classes], classCount, firstAccepting, ...links(trie, order, classes) },
    ends: order.slice(firstAccepting).map(state => trie.ends[state] ?? []),
  }
}

function buildTrie(literals: readonly string[]): Trie {
  const trie: Trie = { next: [new Map()], fail: [0], ends: [[]] }
  literals.forEach((literal, index) => {
    let state = 0
    for (let i = 0; i < literal.length; i++) {
      const byte = literal.charCodeAt(i)
      let to = trie.next[state]?.get(byte)
      if (to === undefined) {
        to = trie.next.push(new Map()) - 1
        trie.fail.push(0)
        trie.ends.push([])
        trie.next[state]?.set(byte, to)
      }
      state = to
    }
    trie.ends[state]?.push(index)
  })
  linkFailures(trie)
  return trie
}

function linkFailures({ next, fail, ends }: Trie): void {
  const queue = [...(next[0]?.values() ?? [])]
  for (const state of queue) {
    for (const [byte, to] of next[state] ?? []) {
      let from = fail[state] ?? 0
      while (from !== 0 && next[from]?.has(byte) !== true) from = fail[from] ?? 0
      fail[to] = next[from]?.get(byte) ?? 0
      ends[to]?.push(...(ends[fail[to] ?? 0] ?? []))
      queue.push(to)
    }
  }
}

function statesAcceptingLast({ ends }: Trie): number[] {
  const states = ends.map((_, state) => state)
  const accepts = (state: number) => ((ends[state] ?? []).length > 0 ? 1 : 0)
  return states.sort((a, b) => accepts(a) - accepts(b) || a - b)
}

/** Bytes that no literal holds share class 0; upper case shares the class of its lower case. */
function byteClasses(literals: readonly string[]): { classes: Uint16Array; classCount: number } {
  const classes = new Uint16Array(256)
  let classCount = 1
  for (const literal of literals)
    for (let i = 0; i < literal.length; i++) {
      const byte = literal.charCodeAt(i)
      if (classes[byte] === 0) classes[byte] = classCount++
    }
  for (let byte = 0x41; byte <= 0x5a; byte++) classes[byte] = classes[byte + 0x20] ?? 0
  return { classes, classCount }
}

/** Edges and fallbacks of each state, in the new order. */
function links(trie: Trie, order: readonly number[], classes: Uint16Array) {
  const rowOf = new Uint32Array(order.length)
  order.forEach((state, row) => {
    rowOf[state] = row
  })
  const rows = order.map(state =>
    [...(trie.next[state] ?? [])].map(([byte, to]) => ((rowOf[to] ?? 0) << classBits) | (classes[byte] ?? 0)),
  )
  const starts = [0]
  for (const { length } of rows) starts.push((starts.at(-1) ?? 0) + length)
  return {
    fallbacks: Uint32Array.from(order, state => rowOf[trie.fail[state] ?? 0] ?? 0),
    starts: Uint32Array.from(starts),
    edges: Uint32Array.from(rows.flat()),
  }
}
