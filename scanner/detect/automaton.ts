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

/**
 * An automaton as plain data (`automaton-build.ts` makes it): its states are rows, the root is row 0. Edges are few, so that
 * a short text is read with little loaded; {@link denseTable} spreads them out for long ones.
 */
export type AutomatonTables = {
  /** For each byte its class; class 0 is in no literal. */
  classes: readonly number[]
  classCount: number
  /** States from this row on end a literal. */
  firstAccepting: number
  /** For each row the row to fall back to, where it has no edge for a class. */
  fallbacks: Uint32Array
  /** For each row where its edges begin, and where the last one's end. */
  starts: Uint32Array
  /** Edges: the class in the low {@link classBits} bits, above them the row it leads to. */
  edges: Uint32Array
}

export const classBits = 9
const classMask = (1 << classBits) - 1

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

/** Starting WebAssembly takes as long as a loop in JavaScript over this many bytes: commits are mostly shorter. */
const shortBytes = 64 * 1024

export function startAutomaton(tables: AutomatonTables): Automaton {
  let found: Int32Array<ArrayBuffer> = new Int32Array(1024)
  let soFar = 0
  let long: Run | undefined
  const short = plainRun(tables)
  const roomFor = (pairs: number) => {
    if (pairs * 2 > found.length) found = grown(found, pairs * 2)
    return found
  }
  return {
    scan(bytes) {
      soFar += bytes.length
      if (soFar <= shortBytes) return short(bytes, roomFor)
      return (long ??= wasmRun(tables))(bytes, roomFor)
    },
    hits: () => found,
  }
}

/** Writes pairs (end offset, accepting state) to the room it asks for, and returns their count. */
type Run = (bytes: Uint8Array, roomFor: (pairs: number) => Int32Array) => number

function plainRun(tables: AutomatonTables): Run {
  const { classes, firstAccepting, fallbacks } = tables
  const fromRoot = new Uint32Array(tables.classCount)
  eachEdge(tables, 0, (one, to) => {
    fromRoot[one] = to
  })
  const next = (from: number, one: number) => {
    for (let row = from; row !== 0; row = fallbacks[row] ?? 0) {
      const to = edgeOf(tables, row, one)
      if (to > 0) return to
    }
    return fromRoot[one] ?? 0
  }
  return (bytes, roomFor) => {
    let count = 0
    let row = 0
    for (let i = 0; i < bytes.length; i++) {
      row = next(row, classes[bytes[i] ?? 0] ?? 0)
      if (row < firstAccepting) continue
      const found = roomFor(count + 1)
      found[count * 2] = i + 1
      found[count * 2 + 1] = row - firstAccepting
      count++
    }
    return count
  }
}

/** No edge leads to the root. */
function edgeOf({ starts, edges }: AutomatonTables, row: number, one: number): number {
  const end = starts[row + 1] ?? 0
  for (let i = starts[row] ?? 0; i < end; i++) {
    const edge = edges[i] ?? 0
    if ((edge & classMask) === one) return edge >>> classBits
  }
  return 0
}

function eachEdge({ starts, edges }: AutomatonTables, row: number, visit: (one: number, to: number) => void): void {
  const end = starts[row + 1] ?? 0
  for (let i = starts[row] ?? 0; i < end; i++) visit((edges[i] ?? 0) & classMask, (edges[i] ?? 0) >>> classBits)
}

/** For each row and class the row that follows, in rows of 2 ** rowBits cells; two bytes each where that is enough. */
function denseTable(tables: AutomatonTables): { table: Uint16Array | Uint32Array; rowBits: number } {
  const { fallbacks, classCount } = tables
  const rowBits = Math.ceil(Math.log2(classCount))
  const cells = fallbacks.length << rowBits
  const table = fallbacks.length <= 0x10000 ? new Uint16Array(cells) : new Uint32Array(cells)
  // Breadth first: a row falls back to one nearer to the root.
  const rows = [0]
  for (const row of rows) {
    const at = row << rowBits
    const fallback = (fallbacks[row] ?? 0) << rowBits
    if (row !== 0) table.copyWithin(at, fallback, fallback + classCount)
    eachEdge(tables, row, (one, to) => {
      table[at + one] = to
      rows.push(to)
    })
  }
  return { table, rowBits }
}

function wasmRun(tables: AutomatonTables): Run {
  const { classes, firstAccepting } = tables
  const { table, rowBits } = denseTable(tables)
  const width = table.BYTES_PER_ELEMENT
  const hitsAt = (tableAt + table.byteLength + 7) & ~7
  const inputAt = hitsAt + hitBytes
  const memory = new WebAssembly.Memory({ initial: Math.ceil((inputAt + inputBytes) / 65536) })
  const code = scanModule(rowBits + Math.log2(width), width)
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(code), { env: { memory } })
  const words = new Int32Array(memory.buffer)
  const input = new Uint8Array(memory.buffer, inputAt, inputBytes)
  new Uint16Array(memory.buffer, classesAt, 256).set(classes.map(one => one * width))
  new Uint8Array(memory.buffer, tableAt, table.byteLength).set(new Uint8Array(table.buffer))
  return (bytes, roomFor) => {
    let count = 0
    let row = 0
    for (let from = 0; from < bytes.length; from += inputBytes) {
      const slice = bytes.length <= inputBytes ? bytes : bytes.subarray(from, from + inputBytes)
      input.set(slice)
      const out = exports.scan(inputAt, inputAt + slice.length, row, hitsAt, firstAccepting)
      row = words[resultAt] ?? 0
      const pairs = (out - hitsAt) >> 3
      const found = roomFor(count + pairs)
      for (let i = 0; i < pairs; i++) {
        found[(count + i) * 2] = (words[(hitsAt >> 2) + i * 2] ?? 0) - inputAt + from
        found[(count + i) * 2 + 1] = (words[(hitsAt >> 2) + i * 2 + 1] ?? 0) - firstAccepting
      }
      count += pairs
    }
    return count
  }
}

function grown(old: Int32Array<ArrayBuffer>, least: number): Int32Array<ArrayBuffer> {
  const next = new Int32Array(Math.max(least, old.length * 2))
  next.set(old)
  return next
}

/**
 * The module, assembled by hand: `scan(at, end, row, out, accept) → out`.
 *
 *     while (at < end) {
 *       row = load((row << shift) + load16u(classes + load8u(at) * 2) + table)
 *       at++
 *       if (row >= accept) { store32(out, at); store32(out + 4, row); out += 8 }
 *     }
 *     store32(0, row)
 *
 * `shift` turns a row into bytes, as the classes are; a cell is `width` bytes, two or four.
 */
function scanModule(shift: number, width: number): Uint8Array<ArrayBuffer> {
  const [at, end, row, out, accept] = [0, 1, 2, 3, 4]
  const get = (local: number) => [0x20, local]
  const set = (local: number) => [0x21, local]
  const plus = (n: number) => [0x41, ...leb(n), 0x6a]
  const loadCell = width === 2 ? [0x2f, 1] : [0x28, 2]
  const body = [
    ...[0x02, 0x40, 0x03, 0x40], // block, loop
    ...[...get(at), ...get(end), 0x4f, 0x0d, 1], // br_if 1 (at >= end)
    ...[...get(row), 0x41, shift, 0x74], // row << shift
    ...[...get(at), 0x2d, 0, 0, 0x41, 1, 0x74, 0x2f, 1, ...leb(classesAt), 0x6a], // + the byte's class
    ...[...loadCell, ...leb(tableAt), ...set(row)],
    ...[...get(at), ...plus(1), ...set(at)],
    ...[...get(row), ...get(accept), 0x4f, 0x04, 0x40], // if (row >= accept)
    ...[...get(out), ...get(at), 0x36, 2, 0],
    ...[...get(out), ...get(row), 0x36, 2, 4],
    ...[...get(out), ...plus(8), ...set(out)],
    ...[0x0b, 0x0c, 0], // end if, br 0
    ...[0x0b, 0x0b], // end loop, end block
    ...[0x41, resultAt, ...get(row), 0x36, 2, 0],
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
