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
}

/** An automaton as plain data (`automaton-build.ts` makes it). */
export type AutomatonTables = {
  /** For each byte its class; class 0 is in no literal. */
  classes: number[]
  classCount: number
  /** States from this row on end a literal; the root is row 0. */
  firstAccepting: number
  /** Row of each state: for each class the address ({@link addressOf}) of its successor's row. */
  table: Uint32Array
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

const resultAt = 0
const classesAt = 16
const tableAt = 1024
const inputBytes = 256 * 1024
// A hit is eight bytes; a byte of input makes at most one.
const hitBytes = inputBytes * 8

/** Where a row lies in the automaton's memory: the table is stored as it is used, so that loading it is one copy. */
export const addressOf = (row: number, classCount: number) => tableAt + row * classCount * 4

export function startAutomaton(tables: AutomatonTables): Automaton {
  const stride = tables.classCount * 4
  const tableBytes = tables.table.length * 4
  const hitsAt = (tableAt + tableBytes + 7) & ~7
  const inputAt = hitsAt + hitBytes
  const memory = new WebAssembly.Memory({ initial: Math.ceil((inputAt + inputBytes) / 65536) })
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(scanModule()), { env: { memory } })
  const words = new Int32Array(memory.buffer)
  const input = new Uint8Array(memory.buffer, inputAt, inputBytes)
  new Uint16Array(memory.buffer, classesAt, 256).set(tables.classes.map(one => one * 4))
  words.set(tables.table, tableAt / 4)
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
  return { scan, hits: () => found }
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
