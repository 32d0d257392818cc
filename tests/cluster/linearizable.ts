/**
 * Whether a history of concurrent operations could have come from one thing that does them one at a time (Wing and Gong's
 * search, with Lowe's memory of what was tried; as in the Go checker porcupine, on whose published histories it is tested).
 */

/** One operation of a history. */
export interface Operation<I, O> {
  readonly client: number
  readonly input: I
  readonly output: O
  /** When it was called and answered, on one clock. `Infinity`: nobody knows whether and when it took effect. */
  readonly called: number
  readonly answered: number
}

/** What the thing does, one operation after the other. */
export interface Model<S, I, O> {
  readonly start: S
  /** The state after an operation; undefined when it cannot answer so in this state. An unknown answer fits any. */
  step(state: S, input: I, output: O): S | undefined
  /** Equal texts for equal states. */
  name(state: S): string
}

interface Entry<I, O> {
  readonly operation: number
  readonly input: I
  readonly output: O
  /** The entry of the answer, when this is a call. */
  readonly answer: Entry<I, O> | undefined
  previous: Entry<I, O> | undefined
  next: Entry<I, O> | undefined
}

/** Whether `history` is linearizable. Give one history for each independent thing (each key): the search grows fast. */
export function isLinearizable<S, I, O>(model: Model<S, I, O>, history: readonly Operation<I, O>[]): boolean {
  const head = entriesOf(history)
  const done = new Uint16Array(Math.ceil(history.length / 16))
  const flip = (operation: number) => {
    const word = operation >> 4
    done[word] = (done[word] ?? 0) ^ (1 << (operation & 15))
  }
  const tried = new Set<string>()
  const chosen: { readonly entry: Entry<I, O>; readonly before: S }[] = []
  let state = model.start
  let entry = head.next
  while (head.next !== undefined) {
    // The end of the list is reached only past an answer, and that is handled below.
    if (entry === undefined) return false
    if (entry.answer === undefined) {
      // It was answered before any order that explains it was found: take back the latest choice.
      const latest = chosen.pop()
      if (latest === undefined) return false
      state = latest.before
      flip(latest.entry.operation)
      unlift(latest.entry)
      entry = latest.entry.next
      continue
    }
    const after = model.step(state, entry.input, entry.output)
    if (after !== undefined) {
      flip(entry.operation)
      const situation = `${String.fromCharCode(...done)}|${model.name(after)}`
      if (!tried.has(situation)) {
        tried.add(situation)
        chosen.push({ entry, before: state })
        state = after
        lift(entry)
        entry = head.next
        continue
      }
      flip(entry.operation)
    }
    entry = entry.next
  }
  return true
}

/** Calls and answers in the order of time, in a linked list behind a head; at one moment calls come first. */
function entriesOf<I, O>(history: readonly Operation<I, O>[]): { next: Entry<I, O> | undefined } {
  const timed: { readonly at: number; readonly isCall: boolean; readonly entry: Entry<I, O> }[] = []
  for (const [operation, { input, output, called, answered }] of history.entries()) {
    const answer = { operation, input, output, answer: undefined, previous: undefined, next: undefined }
    timed.push({ at: called, isCall: true, entry: { ...answer, answer } })
    timed.push({ at: answered, isCall: false, entry: answer })
  }
  timed.sort((a, b) => (a.at === b.at ? Number(b.isCall) - Number(a.isCall) : a.at - b.at))
  const head: Entry<I, O> = {
    operation: -1,
    input: undefined as I,
    output: undefined as O,
    answer: undefined,
    previous: undefined,
    next: undefined,
  }
  let last = head
  for (const { entry } of timed) {
    last.next = entry
    entry.previous = last
    last = entry
  }
  return head
}

/** Takes a call and its answer out of the list. */
function lift<I, O>(call: Entry<I, O>): void {
  for (const one of [call, call.answer]) {
    if (one?.previous !== undefined) one.previous.next = one.next
    if (one?.next !== undefined) one.next.previous = one.previous
  }
}

/** Puts them back where they were: the answer first, as it was taken out last. */
function unlift<I, O>(call: Entry<I, O>): void {
  for (const one of [call.answer, call]) {
    if (one?.previous !== undefined) one.previous.next = one
    if (one?.next !== undefined) one.next.previous = one
  }
}

/** The first of several independent histories that is not linearizable; undefined when all are. */
export function violation<S, I, O>(
  model: Model<S, I, O>,
  histories: ReadonlyMap<string, readonly Operation<I, O>[]>,
): string | undefined {
  for (const [name, history] of histories) if (!isLinearizable(model, history)) return name
  return undefined
}
