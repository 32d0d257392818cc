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
  /** Whether an operation that was answered so changes no state, whatever that is. */
  observes(input: I, output: O): boolean
  /** Equal texts for equal states. */
  name(state: S): string
}

interface Entry<I, O> {
  readonly operation: Operation<I, O>
  readonly nth: number
  readonly isCall: boolean
  /** The entry of the answer, when this is a call that was answered. */
  readonly answer: Entry<I, O> | undefined
  previous: Entry<I, O> | undefined
  next: Entry<I, O> | undefined
}

interface Head<I, O> {
  next: Entry<I, O> | undefined
}

/** A place in the search: what was done to come here, and what could be done next. */
interface Frame<S, I, O> {
  readonly state: S
  readonly done: readonly Entry<I, O>[]
  readonly candidates: readonly Entry<I, O>[]
  tried: number
}

const isKnown = ({ answered }: Operation<unknown, unknown>): boolean => Number.isFinite(answered)

/**
 * Whether `history` is linearizable. Give one history for each independent thing (each key): the search grows fast. What nobody
 * knows the outcome of is done when something can only be explained by it, or never.
 */
export function isLinearizable<S, I, O>(model: Model<S, I, O>, history: readonly Operation<I, O>[]): boolean {
  const head = entriesOf(history)
  const done = new Uint16Array(Math.ceil(history.length / 16))
  const flip = (nth: number) => {
    done[nth >> 4] = (done[nth >> 4] ?? 0) ^ (1 << (nth & 15))
  }
  const situations = new Set<string>()
  let left = history.filter(isKnown).length
  const mark = (entry: Entry<I, O>) => {
    lift(head, entry)
    flip(entry.nth)
    if (isKnown(entry.operation)) left--
  }
  const unmark = (entry: Entry<I, O>) => {
    unlift(head, entry)
    flip(entry.nth)
    if (isKnown(entry.operation)) left++
  }
  const after = (state: S, { operation: { input, output } }: Entry<I, O>) => model.step(state, input, output)
  /** What only observes, and fits now, is done at once: no order is lost by it, and the search has less to choose from. */
  const enter = (state: S, first: Entry<I, O> | undefined): Frame<S, I, O> => {
    const done = first === undefined ? [] : [first]
    for (;;) {
      const next = candidates(head)
      const idle = next.filter(entry => {
        const { input, output } = entry.operation
        return isKnown(entry.operation) && model.observes(input, output) && after(state, entry) !== undefined
      })
      if (idle.length === 0) return { state, done, candidates: next, tried: 0 }
      for (const entry of idle) mark(entry)
      done.push(...idle)
    }
  }
  const frames: Frame<S, I, O>[] = [enter(model.start, undefined)]
  for (;;) {
    const frame = frames.at(-1)
    if (left === 0) return true
    if (frame === undefined) return false
    const entry = frame.candidates[frame.tried++]
    if (entry === undefined) {
      frames.pop()
      for (const one of frame.done.toReversed()) unmark(one)
      continue
    }
    const state = after(frame.state, entry)
    if (state === undefined) continue
    const name = model.name(state)
    if (!isKnown(entry.operation) && name === model.name(frame.state)) continue
    mark(entry)
    const situation = `${String.fromCharCode(...done)}|${name}`
    if (situations.has(situation)) {
      unmark(entry)
      continue
    }
    situations.add(situation)
    frames.push(enter(state, entry))
  }
}

/** What may be done next: the calls before the first answer, those of unknown outcome last. */
function candidates<I, O>(head: Head<I, O>): Entry<I, O>[] {
  const known: Entry<I, O>[] = []
  const unknown: Entry<I, O>[] = []
  for (let entry = head.next; entry?.isCall; entry = entry.next) {
    if (isKnown(entry.operation)) known.push(entry)
    else unknown.push(entry)
  }
  return [...known, ...unknown]
}

/** Calls and answers in the order of time, in a linked list; at one moment calls come first. */
function entriesOf<I, O>(history: readonly Operation<I, O>[]): Head<I, O> {
  const timed: { readonly at: number; readonly entry: Entry<I, O> }[] = []
  for (const [nth, operation] of history.entries()) {
    const links = { previous: undefined, next: undefined }
    const answer = { operation, nth, isCall: false, answer: undefined, ...links }
    const known = isKnown(operation)
    timed.push({
      at: operation.called,
      entry: { operation, nth, isCall: true, answer: known ? answer : undefined, ...links },
    })
    if (known) timed.push({ at: operation.answered, entry: answer })
  }
  timed.sort((a, b) => (a.at === b.at ? Number(b.entry.isCall) - Number(a.entry.isCall) : a.at - b.at))
  for (const [at, { entry }] of timed.entries()) {
    entry.previous = timed[at - 1]?.entry
    entry.next = timed[at + 1]?.entry
  }
  return { next: timed[0]?.entry }
}

/** Takes a call and its answer out of the list. */
function lift<I, O>(head: Head<I, O>, call: Entry<I, O>): void {
  for (const one of [call, call.answer]) {
    if (one === undefined) continue
    if (one.previous === undefined) head.next = one.next
    else one.previous.next = one.next
    if (one.next !== undefined) one.next.previous = one.previous
  }
}

/** Puts them back where they were: the answer first, as it was taken out last. */
function unlift<I, O>(head: Head<I, O>, call: Entry<I, O>): void {
  for (const one of [call.answer, call]) {
    if (one === undefined) continue
    if (one.previous === undefined) head.next = one
    else one.previous.next = one
    if (one.next !== undefined) one.next.previous = one
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
