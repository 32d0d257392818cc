import assert from "node:assert/strict"
import { test } from "node:test"
import fc from "fast-check"
import { startAutomaton } from "./automaton.ts"
import { buildAutomaton } from "./automaton-build.ts"

type Hit = [end: number, literal: string]

function found(literals: readonly string[], text: string, before: number): Hit[] {
  const { tables, ends } = buildAutomaton(literals)
  const automaton = startAutomaton(tables)
  automaton.scan(new Uint8Array(before))
  const count = automaton.scan(Buffer.from(text, "latin1"))
  const hits = automaton.hits()
  return Array.from({ length: count }, (_, i) => [hits[i * 2] ?? 0, hits[i * 2 + 1] ?? 0] as const).flatMap(
    ([end, state]) => (ends[state] ?? []).map((index): Hit => [end, literals[index] ?? ""]),
  )
}

function expected(literals: readonly string[], text: string): Hit[] {
  const lower = text.toLowerCase()
  const all: Hit[] = []
  for (let end = 1; end <= text.length; end++)
    for (const literal of literals)
      if (end >= literal.length && lower.startsWith(literal, end - literal.length)) all.push([end, literal])
  return all
}

const inOrder = (hits: Hit[]) => hits.map(([end, literal]) => `${String(end).padStart(6)} ${literal}`).sort()

test("short and long texts are searched alike: every occurrence of every literal", () => {
  const literal = fc.string({ unit: fc.constantFrom("a", "b", "k", "_", "\xe9"), minLength: 1, maxLength: 5 })
  const text = fc.string({ unit: fc.constantFrom("a", "b", "A", "B", "K", "_", "-", "\xe9", "\n"), maxLength: 60 })
  fc.assert(
    fc.property(fc.uniqueArray(literal, { minLength: 0, maxLength: 12 }), text, (literals, searched) => {
      const naive = inOrder(expected(literals, searched))
      // A long text before it makes the automaton go on in WebAssembly.
      for (const before of [0, 100_000]) assert.deepEqual(inOrder(found(literals, searched, before)), naive)
    }),
    { numRuns: 60 },
  )
})

test("more literals than two bytes can number are found as well", () => {
  const literals = Array.from({ length: 40_000 }, (_, i) => `k${i.toString(36).padStart(4, "0")}x`)
  const text = `__${literals[39_999]}--K0001X`
  const hits: Hit[] = [
    [text.length - 8, literals[39_999] ?? ""],
    [text.length, literals[1] ?? ""],
  ]
  for (const before of [0, 100_000]) assert.deepEqual(found(literals, text, before), hits)
})
