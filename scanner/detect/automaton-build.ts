import { type AutomatonTables, addressOf } from "./automaton.ts"

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
    tables: { classes: [...classes], classCount, firstAccepting, table: transitions(trie, order, classes, classCount) },
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

/** Row of each state (in the new order): the address of its successor for each class. */
function transitions(trie: Trie, order: number[], classes: Uint16Array, classCount: number): Uint32Array {
  const rank = new Uint32Array(order.length)
  order.forEach((state, row) => {
    rank[state] = row
  })
  const full = new Uint32Array(order.length * classCount)
  const breadthFirst = [0]
  for (const state of breadthFirst) {
    const row = state * classCount
    const fallback = (trie.fail[state] ?? 0) * classCount
    if (state !== 0) full.copyWithin(row, fallback, fallback + classCount)
    for (const [byte, to] of trie.next[state] ?? []) {
      full[row + (classes[byte] ?? 0)] = to
      breadthFirst.push(to)
    }
  }
  const table = new Uint32Array(full.length)
  order.forEach((state, row) => {
    for (let c = 0; c < classCount; c++)
      table[row * classCount + c] = addressOf(rank[full[state * classCount + c] ?? 0] ?? 0, classCount)
  })
  return table
}
