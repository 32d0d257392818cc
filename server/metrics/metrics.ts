/**
 * What a process counts and measures, in memory, under Vault's names without their prefix (`core.handle_request`).
 *
 * A counter grows, a sample is a duration in milliseconds, a gauge is a state. Each series keeps its total since the start,
 * and the last two spans of ten seconds: the JSON form shows the last full one, quantiles are taken from both.
 */

export type Labels = Readonly<Record<string, string>>

/** Seconds of a span. */
export const SPAN_SECONDS = 10
/** More series than this are not made: labels that grow without end must not take the memory. */
const MAX_SERIES = 10_000
/** Steps of the quantiles' scale in a doubling of the value: quantiles are right within 2.2 %. */
const STEPS = 16

/** What was seen in a span. */
export interface Seen {
  readonly count: number
  readonly sum: number
  readonly squares: number
  readonly min: number
  readonly max: number
  /** How often a value fell on a step of the scale. */
  readonly steps: readonly (readonly [number, number])[]
}

/** A series as another process or a reader sees it: plain data. */
export interface Series {
  readonly kind: "counter" | "sample" | "gauge"
  readonly name: string
  readonly labels: Labels
  /** Since the process started; for a gauge its value. */
  readonly total: { readonly count: number; readonly sum: number }
  readonly span: Seen | undefined
  /** Of the last two spans: for quantiles. */
  readonly recent: Seen | undefined
  /** Seconds since 1970. */
  readonly updatedAt: number
  /** Each process has its own, and together they have the sum; otherwise the newest value is everyone's. */
  readonly adds: boolean
}

export interface Gauge {
  readonly name: string
  readonly value: number
  readonly labels?: Labels
  /** See `Series`. */
  readonly adds?: boolean
}

export interface Metrics {
  /** Milliseconds of a clock that only goes forward: what durations are taken from. */
  clock(): number
  count(name: string, labels?: Labels, increment?: number): void
  /** A duration in milliseconds. */
  sample(name: string, milliseconds: number, labels?: Labels): void
  gauge(gauge: Gauge): void
  /** Gauges that are looked up when someone asks. */
  source(read: () => readonly Gauge[]): void
  snapshot(): Series[]
}

/** Collects values of one span. */
class Span {
  readonly index: number
  count = 0
  sum = 0
  squares = 0
  min = Number.POSITIVE_INFINITY
  max = Number.NEGATIVE_INFINITY
  readonly steps = new Map<number, number>()

  constructor(index: number) {
    this.index = index
  }

  add(value: number, scaled: boolean): void {
    this.count++
    this.sum += value
    this.squares += value * value
    if (value < this.min) this.min = value
    if (value > this.max) this.max = value
    if (!scaled) return
    const step = Math.round(Math.log2(Math.max(value, 1e-6)) * STEPS)
    this.steps.set(step, (this.steps.get(step) ?? 0) + 1)
  }

  seen(): Seen {
    const { count, sum, squares, min, max, steps } = this
    return { count, sum, squares, min, max, steps: [...steps] }
  }
}

class Recorder {
  readonly kind: Series["kind"]
  readonly name: string
  readonly labels: Labels
  readonly adds: boolean
  #count = 0
  #sum = 0
  #updatedAt = 0
  #current = new Span(-1)
  #previous = new Span(-2)

  constructor(kind: Series["kind"], name: string, labels: Labels, adds: boolean) {
    this.kind = kind
    this.name = name
    this.labels = labels
    this.adds = adds
  }

  add(value: number, now: number): void {
    const index = Math.floor(now / SPAN_SECONDS)
    if (index !== this.#current.index) {
      this.#previous = this.#current
      this.#current = new Span(index)
    }
    this.#current.add(value, this.kind === "sample")
    this.#count++
    this.#sum += value
    this.#updatedAt = now
  }

  set(value: number, now: number): void {
    this.#sum = value
    this.#updatedAt = now
  }

  series(now: number): Series {
    const { kind, name, labels, adds } = this
    const index = Math.floor(now / SPAN_SECONDS)
    const full = [this.#previous, this.#current].find(span => span.index === index - 1)
    const recent = [this.#previous, this.#current].filter(span => span.index >= index - 1).map(span => span.seen())
    return {
      kind,
      name,
      labels,
      adds,
      total: { count: this.#count, sum: this.#sum },
      span: full?.seen(),
      recent: recent.reduce<Seen | undefined>((all, one) => together(all, one), undefined),
      updatedAt: this.#updatedAt,
    }
  }
}

/** `now` is seconds since 1970, `clock` milliseconds that only go forward. Series are forgotten `retention` seconds after their last change. */
export function metricsOf(now: () => number, clock: () => number, retention: number): Metrics {
  const series = new Map<string, Recorder>()
  const sources: (() => readonly Gauge[])[] = []
  const find = (
    kind: Series["kind"],
    name: string,
    labels: Labels | undefined,
    adds: boolean,
  ): Recorder | undefined => {
    const key = labels === undefined ? name : keyOf(name, labels)
    const known = series.get(key)
    if (known !== undefined || series.size >= MAX_SERIES) return known
    const made = new Recorder(kind, name, labels ?? {}, adds)
    series.set(key, made)
    return made
  }
  return {
    clock,
    count: (name, labels, increment = 1) => find("counter", name, labels, true)?.add(increment, now()),
    sample: (name, milliseconds, labels) => find("sample", name, labels, true)?.add(milliseconds, now()),
    gauge: ({ name, value, labels, adds = false }) => find("gauge", name, labels, adds)?.set(value, now()),
    source: read => void sources.push(read),
    snapshot: () => {
      const time = now()
      for (const [key, one] of series) if (one.series(time).updatedAt + retention < time) series.delete(key)
      const kept = [...series.values()].map(one => one.series(time))
      return [...kept, ...sources.flatMap(read => read().map(gauge => gaugeSeries(gauge, time)))]
    },
  }
}

const gaugeSeries = ({ name, value, labels = {}, adds = false }: Gauge, updatedAt: number): Series => ({
  kind: "gauge",
  name,
  labels,
  adds,
  total: { count: 0, sum: value },
  span: undefined,
  recent: undefined,
  updatedAt,
})

const keyOf = (name: string, labels: Labels): string => {
  let key = name
  for (const label in labels) key += `\0${label}=${labels[label]}`
  return key
}

/** The series of several processes as those of one. */
export function merged(snapshots: readonly (readonly Series[])[]): Series[] {
  const all = new Map<string, Series>()
  for (const one of snapshots.flat()) {
    const key = keyOf(one.name, one.labels)
    const known = all.get(key)
    all.set(key, known === undefined ? one : both(known, one))
  }
  return [...all.values()]
}

function both(a: Series, b: Series): Series {
  const newer = a.updatedAt >= b.updatedAt ? a : b
  if (!a.adds) return newer
  return {
    ...newer,
    total: { count: a.total.count + b.total.count, sum: a.total.sum + b.total.sum },
    span: together(a.span, b.span),
    recent: together(a.recent, b.recent),
  }
}

function together(a: Seen | undefined, b: Seen | undefined): Seen | undefined {
  if (a === undefined || b === undefined) return a ?? b
  const steps = new Map(a.steps)
  for (const [step, count] of b.steps) steps.set(step, (steps.get(step) ?? 0) + count)
  return {
    count: a.count + b.count,
    sum: a.sum + b.sum,
    squares: a.squares + b.squares,
    min: Math.min(a.min, b.min),
    max: Math.max(a.max, b.max),
    steps: [...steps],
  }
}

/** The value that a share `quantile` of what was seen lies at or below; NaN when nothing was. */
export function quantileOf(seen: Seen | undefined, quantile: number): number {
  if (seen === undefined || seen.count === 0) return Number.NaN
  let left = Math.ceil(quantile * seen.count)
  for (const [step, count] of seen.steps.toSorted(([a], [b]) => a - b)) {
    left -= count
    if (left <= 0) return Math.min(seen.max, Math.max(seen.min, 2 ** (step / STEPS)))
  }
  return seen.max
}
