/** Random transactions, several at once, compared with plain Maps. */

import assert from "node:assert/strict"
import { type TestContext, test } from "node:test"
import fc from "fast-check"
import { Conflict, type Page, type Storage, type View } from "./view.ts"

type State = ReadonlyMap<string, string>
/** Values carry the commit that wrote them, so that the same text written again is another value. */
interface Model {
  state: State
  commits: number
}

interface Slot {
  readonly view: View
  readonly snapshot: State
  readonly writes: Map<string, string | undefined>
  /** Each read so far, as a question that is asked again at commit. */
  readonly reads: ((state: State) => string)[]
}

type Commit = { readonly do: "commit"; readonly slot: number }
type Names = { readonly do: "list" | "keys"; readonly slot: number; readonly prefix: string; readonly page: Page }
type Action =
  | Names
  | { readonly do: "get" | "delete"; readonly slot: number; readonly key: string }
  | { readonly do: "put"; readonly slot: number; readonly key: string; readonly value: string }
type Step = Action | Commit

const SLOTS = 3
const segment = fc.constantFrom("a", "b", "a-", "a0", "é", "\u{1f600}", "\u{ffee}")
const key = fc.array(segment, { minLength: 1, maxLength: 3 }).map(segments => segments.join("/"))
const prefix = fc.array(segment, { maxLength: 2 }).map(segments => segments.map(one => `${one}/`).join(""))
const name = fc.oneof(segment, key, prefix)
const page: fc.Arbitrary<Page> = fc.record(
  { after: name, before: name, limit: fc.integer({ min: 0, max: 4 }) },
  { requiredKeys: [] },
)
const slot = fc.nat({ max: SLOTS - 1 })
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant("put" as const), slot, key, value: fc.string() }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom("get" as const, "delete" as const), slot, key }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom("list" as const, "keys" as const), slot, prefix, page }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("commit" as const), slot }) },
)

/** Registers the comparison with `runs` random programs. */
export function testModel(open: (t: TestContext) => Promise<Storage>, runs: number): void {
  test("random transactions at once read, list, commit and conflict as they do on plain Maps", async t => {
    const storage = await open(t)
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 60, size: "max" }), async steps =>
        run(storage, steps),
      ),
      { numRuns: runs },
    )
  })
}

async function run(storage: Storage, steps: readonly Step[]): Promise<void> {
  await empty(storage)
  const model: Model = { state: new Map(), commits: 0 }
  const begin = async (): Promise<Slot> => {
    const view = storage.view()
    // A snapshot is fixed by the first read at the latest.
    await view.get("anchor")
    return { view, snapshot: model.state, writes: new Map(), reads: [] }
  }
  const slots = await Promise.all(Array.from({ length: SLOTS }, begin))
  for (const one of steps) {
    const slot = slots[one.slot]
    if (slot === undefined) continue
    if (one.do === "commit") {
      await commit(storage, model, slot)
      slots[one.slot] = await begin()
    } else await act(one, slot)
  }
  for (const { view } of slots) view[Symbol.dispose]()
  using view = storage.view()
  assert.deepEqual(await view.keys(""), sorted(model.state.keys()))
}

async function empty(storage: Storage): Promise<void> {
  const view = storage.view()
  for (const one of await view.keys("")) view.delete(one)
  await storage.commit(view)
}

async function act(one: Action, slot: Slot): Promise<void> {
  const { view, writes } = slot
  if (one.do === "put") {
    view.put(one.key, new TextEncoder().encode(one.value))
    writes.set(one.key, one.value)
  } else if (one.do === "delete") {
    view.delete(one.key)
    writes.set(one.key, undefined)
  } else if ("key" in one) {
    const value = await view.get(one.key)
    const expected = overlaid(slot).get(one.key)
    assert.equal(value && new TextDecoder().decode(value), expected?.slice(expected.indexOf("|") + 1))
    if (!writes.has(one.key)) slot.reads.push(state => state.get(one.key) ?? "absent")
  } else {
    const names = one.do === "list" ? await view.list(one.prefix, one.page) : await view.keys(one.prefix, one.page)
    assert.deepEqual(names, namesOf(overlaid(slot), one))
    slot.reads.push(state => JSON.stringify(namesOf(state, one)))
  }
}

/** What a slot shall see: its snapshot below its own writes. */
function overlaid({ snapshot, writes }: Slot): State {
  const state = new Map(snapshot)
  for (const [key, value] of writes) {
    if (value === undefined) state.delete(key)
    else state.set(key, `|${value}`)
  }
  return state
}

/**
 * A commit must succeed when nothing it could have read has changed, and must fail when a value or a whole listing it
 * read is different. In between a store may be careful: a listing under own writes reads a little more than it shows.
 */
async function commit(storage: Storage, model: Model, slot: Slot): Promise<void> {
  const changed = slot.reads.some(read => read(slot.snapshot) !== read(model.state))
  const untouched = slot.snapshot === model.state
  const committed = await storage.commit(slot.view).then(
    () => true,
    error => {
      assert.ok(error instanceof Conflict, String(error))
      return false
    },
  )
  if (slot.writes.size === 0) return assert.equal(committed, true)
  if (changed) assert.equal(committed, false, "what it read has changed")
  if (untouched) assert.equal(committed, true, "nobody committed in between")
  if (!committed) return
  model.commits += 1
  const state = new Map(model.state)
  for (const [key, value] of slot.writes) {
    if (value === undefined) state.delete(key)
    else state.set(key, `${model.commits}|${value}`)
  }
  model.state = state
}

function namesOf(state: State, { do: listing, prefix, page }: Names): string[] {
  const relatives = [...state.keys()].filter(key => key.startsWith(prefix)).map(key => key.slice(prefix.length))
  const names = listing === "keys" ? relatives : relatives.map(key => key.replace(/\/.*/s, "/"))
  const { after, before, limit } = page
  return sorted(new Set(names))
    .filter(one => (after === undefined || order(one, after) > 0) && (before === undefined || order(one, before) < 0))
    .slice(0, limit)
}

const order = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b))
const sorted = (names: Iterable<string>): string[] => [...names].sort(order)
