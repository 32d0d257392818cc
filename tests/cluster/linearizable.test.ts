/** The checker agrees with porcupine's verdicts on the histories of an etcd that Jepsen recorded, and finds planted violations. */

import assert from "node:assert/strict"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { test } from "node:test"
import fc from "fast-check"
import { isLinearizable, type Model, type Operation } from "./linearizable.ts"

type Input =
  | { readonly do: "r" }
  | { readonly do: "w"; readonly to: string }
  | { readonly do: "c"; readonly from: string; readonly to: string }
/** What was read, whether a compare-and-set was done, or nothing that anyone knows. */
type Output = { readonly read: string } | { readonly done: boolean } | "unknown"

const register: Model<string, Input, Output> = {
  start: "n",
  observes: (input, output) => input.do === "r" || (typeof output === "object" && "done" in output && !output.done),
  name: state => state,
  step: (state, input, output) => {
    if (input.do === "r") return output === "unknown" || ("read" in output && output.read === state) ? state : undefined
    if (input.do === "w") return input.to
    const matches = state === input.from
    if (output === "unknown") return matches ? input.to : state
    return "done" in output && output.done === matches ? (matches ? input.to : state) : undefined
  },
}

const EVENT = /^(\d+)([?=x!])([rwc])(.*)$/

function historyOf(events: readonly string[]): Operation<Input, Output>[] {
  const open = new Map<string, { input: Input; called: number; client: number }>()
  const history: Operation<Input, Output>[] = []
  for (const [at, event] of events.entries()) {
    const [, client = "", kind, what, value = ""] = EVENT.exec(event) ?? []
    const [from = "", to = ""] = value.split(",")
    if (kind === "?") {
      const input: Input = what === "r" ? { do: "r" } : what === "w" ? { do: "w", to: value } : { do: "c", from, to }
      open.set(client, { input, called: at, client: Number(client) })
      continue
    }
    const call = open.get(client)
    if (call === undefined) throw new Error(`answered without a call: ${event}`)
    open.delete(client)
    const output: Output = kind === "!" ? "unknown" : what === "r" ? { read: value } : { done: kind === "=" }
    // A read that timed out has no effect; anything else may have one at any time.
    const answered = kind === "!" ? Number.POSITIVE_INFINITY : at
    history.push({ ...call, output, answered })
  }
  for (const call of open.values()) history.push({ ...call, output: "unknown", answered: Number.POSITIVE_INFINITY })
  return history
}

test("the verdicts on all published etcd histories are those of porcupine", () => {
  const file = join(import.meta.dirname, "../vectors/data/porcupine-etcd.txt")
  const lines = readFileSync(file, "utf8").trim().split("\n")
  const wrong = lines.filter(line => {
    const [, verdict, ...events] = line.split(" ")
    return isLinearizable(register, historyOf(events)) !== (verdict === "linearizable")
  })
  assert.equal(lines.length, 102)
  assert.deepEqual(wrong, [])
})

/** Runs random clients against a real register, with each effect at a random moment between call and answer. */
const sound = fc
  .array(fc.record({ client: fc.nat(3), wait: fc.nat(5), take: fc.nat(5), write: fc.option(fc.nat(3)) }), {
    maxLength: 40,
  })
  .map(steps => {
    const free = new Map<number, number>()
    const planned = steps.map((step, nth) => {
      const called = (free.get(step.client) ?? 0) + step.wait + nth / 1000
      const answered = called + step.take + 1
      free.set(step.client, answered + 0.5)
      return { ...step, called, answered, effect: called + (answered - called) / 2 }
    })
    let value = "n"
    const history: Operation<Input, Output>[] = []
    for (const { client, called, answered, write } of planned.toSorted((a, b) => a.effect - b.effect)) {
      if (write === null) history.push({ client, called, answered, input: { do: "r" }, output: { read: value } })
      else {
        value = String(write)
        history.push({ client, called, answered, input: { do: "w", to: value }, output: { done: true } })
      }
    }
    return history
  })

test("a history that a real register made is linearizable", () => {
  fc.assert(
    fc.property(sound, history => isLinearizable(register, history)),
    { numRuns: 200 },
  )
})

test("a read of what was never there, and one of what was overwritten before, are found", () => {
  const done = { done: true } as const
  const first: Operation<Input, Output>[] = [
    { client: 0, called: 0, answered: 1, input: { do: "w", to: "1" }, output: done },
    { client: 0, called: 2, answered: 3, input: { do: "w", to: "2" }, output: done },
  ]
  const read = (value: string): Operation<Input, Output> => ({
    client: 1,
    called: 4,
    answered: 5,
    input: { do: "r" },
    output: { read: value },
  })
  assert.equal(isLinearizable(register, [...first, read("2")]), true)
  assert.equal(isLinearizable(register, [...first, read("1")]), false)
  assert.equal(isLinearizable(register, [...first, read("3")]), false)
  const unknown = { ...first[1], answered: Number.POSITIVE_INFINITY, output: "unknown" } as Operation<Input, Output>
  assert.equal(
    isLinearizable(register, [first[0] ?? unknown, unknown, read("1"), { ...read("2"), called: 6, answered: 7 }]),
    true,
  )
  assert.equal(
    isLinearizable(register, [first[0] ?? unknown, unknown, read("2"), { ...read("1"), called: 6, answered: 7 }]),
    false,
  )
})
