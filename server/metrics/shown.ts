/** Metrics as clients read them: Vault's JSON (that of go-metrics), and Prometheus' text. */

import type { JsonObject } from "@arca/api"
import { type Labels, quantileOf, type Seen, type Series, SPAN_SECONDS } from "./metrics.ts"
import { isShown, type Telemetry } from "./telemetry.ts"

/** Content type of Prometheus' text format. */
export const PROMETHEUS_TYPE = "text/plain; version=0.0.4; charset=utf-8"

/** Names that belong to Prometheus itself: of the process, without our prefix, and not in the JSON form. */
const isOfProcess = (name: string): boolean => name.startsWith("process_")

interface Named extends Series {
  readonly full: string
}

function named(series: readonly Series[], telemetry: Telemetry): Named[] {
  const { prefix, gaugeHost, hostLabel } = telemetry
  return series
    .map(one => {
      const host = one.kind === "gauge" && gaugeHost !== "" ? `${gaugeHost}.` : ""
      const labels = hostLabel === "" ? one.labels : { ...one.labels, host: hostLabel }
      return { ...one, labels, full: isOfProcess(one.name) ? one.name : `${prefix}.${host}${one.name}` }
    })
    .filter(one => isShown(telemetry, one.full))
    .sort((a, b) => (a.full < b.full ? -1 : 1))
}

/** The last full span of ten seconds. `now` is seconds since 1970. */
export function jsonMetrics(series: readonly Series[], telemetry: Telemetry, now: number): JsonObject {
  const all = named(series, telemetry).filter(one => !isOfProcess(one.full))
  const spans = (kind: Series["kind"]) =>
    all.flatMap(one => (one.kind === kind && one.span !== undefined ? [shownSpan(one.full, one.labels, one.span)] : []))
  const began = (Math.floor(now / SPAN_SECONDS) - 1) * SPAN_SECONDS
  return {
    Timestamp: new Date(began * 1000).toISOString().replace("T", " ").replace(".000Z", " +0000 UTC"),
    Gauges: all
      .filter(one => one.kind === "gauge")
      .map(one => ({ Name: one.full, Value: one.total.sum, Labels: { ...one.labels } })),
    Points: [],
    Counters: spans("counter"),
    Samples: spans("sample"),
  }
}

function shownSpan(name: string, labels: Labels, { count, sum, squares, min, max }: Seen): JsonObject {
  const variance = count < 2 ? 0 : Math.max(0, (count * squares - sum * sum) / (count * (count - 1)))
  return {
    Name: name,
    Count: count,
    Rate: sum / SPAN_SECONDS,
    Sum: sum,
    Min: min,
    Max: max,
    Mean: count === 0 ? 0 : sum / count,
    Stddev: Math.sqrt(variance),
    Labels: { ...labels },
  }
}

const TYPES = { counter: "counter", sample: "summary", gauge: "gauge" } as const
const QUANTILES = [0.5, 0.9, 0.99]

/** The text exposition format, version 0.0.4. Samples are summaries of the last ten to twenty seconds. */
export function prometheusMetrics(series: readonly Series[], telemetry: Telemetry): string {
  const families = Map.groupBy(named(series, telemetry), one => one.full.replaceAll(/[^a-zA-Z0-9_:]/g, "_"))
  return [...families].map(([name, members]) => family(name, members)).join("")
}

function family(name: string, members: readonly Named[]): string {
  const kind = members[0]?.kind ?? "gauge"
  const lines = members.filter(one => one.kind === kind).flatMap(one => linesOf(name, one))
  return [
    `# HELP ${name} ${name}`,
    `# TYPE ${name} ${name.endsWith("_total") ? "counter" : TYPES[kind]}`,
    ...lines,
    "",
  ].join("\n")
}

function linesOf(name: string, { kind, labels, total, recent }: Named): string[] {
  if (kind !== "sample") return [`${name}${braces(labels)} ${number(total.sum)}`]
  return [
    ...QUANTILES.map(
      quantile => `${name}${braces({ ...labels, quantile: String(quantile) })} ${number(quantileOf(recent, quantile))}`,
    ),
    `${name}_sum${braces(labels)} ${number(total.sum)}`,
    `${name}_count${braces(labels)} ${number(total.count)}`,
  ]
}

const number = (value: number): string =>
  Number.isFinite(value) ? String(value) : Number.isNaN(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf"

function braces(labels: Labels): string {
  const pairs = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1))
  if (pairs.length === 0) return ""
  const escaped = (value: string) => value.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll('"', '\\"')
  return `{${pairs.map(([name, value]) => `${name.replaceAll(/[^a-zA-Z0-9_]/g, "_")}="${escaped(value)}"`).join(",")}}`
}
