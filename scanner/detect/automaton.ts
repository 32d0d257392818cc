/**
 * Finds every occurrence of many literals in one pass: an Aho-Corasick automaton, flattened to a table and run by a
 * small WebAssembly loop. ASCII letters compare without case.
 */
export type Automaton = {
  /**
   * Reports each place where literals end. `hits` gets pairs (end offset, accepting state) and is reused by the next
   * call; the count of pairs is returned.
   */
  scan(bytes: Uint8Array): number
  hits(): Int32Array
  /** For each accepting state, the indices of the literals that end there, longest first. */
  readonly accepting: readonly (readonly number[])[]
}

// TypeScript keeps these declarations in its DOM library, which this project does not load.
declare const WebAssembly: {
  Memory: new (limits: { initial: number }) => { buffer: ArrayBuffer }
  Module: new (code: Uint8Array<ArrayBuffer>) => object
  Instance: new (
    module: object,
    imports: { env: { memory: object } },
  ) => { exports: { scan: (at: number, end: number, state: number, out: number, accept: number) => number } }
}

type Trie = { next: Map<number, number>[]; fail: number[]; ends: number[][] }

/** Literals are given in lower case, as byte strings. */
export function buildAutomaton(literals: readonly string[]): Automaton {
  const trie = buildTrie(literals)
  const order = statesAcceptingLast(trie)
  const { classes, classCount } = byteClasses(literals)
  const table = transitions(trie, order, classes, classCount)
  const firstAccepting = order.findIndex(state => (trie.ends[state] ?? []).length > 0)
  const accepting = firstAccepting < 0 ? [] : order.slice(firstAccepting).map(state => trie.ends[state] ?? [])
  return instantiate({
    classes,
    classCount,
    table,
    firstAccepting: firstAccepting < 0 ? order.length : firstAccepting,
    accepting,
  })
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

/** Row of each state (in the new order): the row number of its successor for each class. */
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
    for (let c = 0; c < classCount; c++) table[row * classCount + c] = rank[full[state * classCount + c] ?? 0] ?? 0
  })
  return table
}

type Tables = {
  classes: Uint16Array
  classCount: number
  table: Uint32Array
  firstAccepting: number
  accepting: number[][]
}

const resultAt = 0
const classesAt = 16
const tableAt = 1024
const inputBytes = 256 * 1024
// A hit is eight bytes; a byte of input makes at most one.
const hitBytes = inputBytes * 8

function instantiate(tables: Tables): Automaton {
  const stride = tables.classCount * 4
  const tableBytes = tables.table.length * 4
  const hitsAt = (tableAt + tableBytes + 7) & ~7
  const inputAt = hitsAt + hitBytes
  const memory = new WebAssembly.Memory({ initial: Math.ceil((inputAt + inputBytes) / 65536) })
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(scanModule()), { env: { memory } })
  const words = new Int32Array(memory.buffer)
  const input = new Uint8Array(memory.buffer, inputAt, inputBytes)
  new Uint16Array(memory.buffer, classesAt, 256).set(tables.classes.map(c => c * 4))
  words.set(
    Array.from(tables.table, row => tableAt + row * stride),
    tableAt / 4,
  )
  // The root accepts nothing (no literal is empty), so it stays the first row.
  const root = tableAt
  const accept = tableAt + tables.firstAccepting * stride
  let found = new Int32Array(1024)

  function scan(bytes: Uint8Array): number {
    let count = 0
    let state = root
    for (let from = 0; from < bytes.length; from += inputBytes) {
      const slice = bytes.length <= inputBytes ? bytes : bytes.subarray(from, from + inputBytes)
      input.set(slice)
      const out = exports.scan(inputAt, inputAt + slice.length, state, hitsAt, accept)
      state = words[resultAt] ?? root
      const pairs = (out - hitsAt) >> 3
      if ((count + pairs) * 2 > found.length) found = grown(found, (count + pairs) * 2)
      for (let i = 0; i < pairs; i++) {
        found[(count + i) * 2] = (words[(hitsAt >> 2) + i * 2] ?? 0) - inputAt + from
        found[(count + i) * 2 + 1] = ((words[(hitsAt >> 2) + i * 2 + 1] ?? 0) - accept) / stride
      }
      count += pairs
    }
    return count
  }
  return { scan, hits: () => found, accepting: tables.accepting }
}

function grown(old: Int32Array<ArrayBuffer>, least: number): Int32Array<ArrayBuffer> {
  const next = new Int32Array(Math.max(least, old.length * 2))
  next.set(old)
  return next
}

/**
 * The module, assembled by hand: `scan(at, end, state, out, accept) → out`.
 *
 *     while (at < end) {
 *       state = load32(state + load16u(classes + load8u(at) * 2))
 *       at++
 *       if (state >= accept) { store32(out, at); store32(out + 4, state); out += 8 }
 *     }
 *     store32(0, state)
 *
 * States are addresses of table rows, so that a step is two loads and an addition.
 */
function scanModule(): Uint8Array<ArrayBuffer> {
  const [at, end, state, out, accept] = [0, 1, 2, 3, 4]
  const get = (local: number) => [0x20, local]
  const set = (local: number) => [0x21, local]
  const plus = (n: number) => [0x41, ...leb(n), 0x6a]
  const body = [
    ...[0x02, 0x40, 0x03, 0x40], // block, loop
    ...[...get(at), ...get(end), 0x4f, 0x0d, 1], // br_if 1 (at >= end)
    ...[
      ...get(state),
      ...get(at),
      0x2d,
      0,
      0,
      0x41,
      1,
      0x74,
      0x2f,
      1,
      ...leb(classesAt),
      0x6a,
      0x28,
      2,
      0,
      ...set(state),
    ],
    ...[...get(at), ...plus(1), ...set(at)],
    ...[...get(state), ...get(accept), 0x4f, 0x04, 0x40], // if (state >= accept)
    ...[...get(out), ...get(at), 0x36, 2, 0],
    ...[...get(out), ...get(state), 0x36, 2, 4],
    ...[...get(out), ...plus(8), ...set(out)],
    ...[0x0b, 0x0c, 0], // end if, br 0
    ...[0x0b, 0x0b], // end loop, end block
    ...[0x41, resultAt, ...get(state), 0x36, 2, 0],
    ...[...get(out), 0x0b],
  ]
  const section = (id: number, content: number[]) => [id, ...leb(content.length), ...content]
  const name = (text: string) => [text.length, ...Buffer.from(text)]
  const i32 = 0x7f
  return new Uint8Array([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [1, 0x60, 5, i32, i32, i32, i32, i32, 1, i32]),
    ...section(2, [1, ...name("env"), ...name("memory"), 2, 0, 1]),
    ...section(3, [1, 0]),
    ...section(7, [1, ...name("scan"), 0, 0]),
    ...section(10, [1, ...leb(body.length + 1), 0, ...body]),
  ])
}

/** Unsigned LEB128; values here are small enough to read the same as signed when below 64. */
function leb(value: number): number[] {
  const bytes: number[] = []
  do {
    const low = value & 0x7f
    value >>>= 7
    bytes.push(value === 0 ? low : low | 0x80)
  } while (value !== 0)
  return bytes
}
