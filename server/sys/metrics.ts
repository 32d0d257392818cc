/** `sys/metrics`: what the processes of this machine count and measure. */

import { type Answer, encodeJson, field } from "@arca/api"
import { merged, type Series } from "../metrics/metrics.ts"
import { jsonMetrics, PROMETHEUS_TYPE, prometheusMetrics } from "../metrics/shown.ts"
import type { Request, Server } from "../server.ts"
import { sysRoute } from "./route.ts"

const plain = (status: number, contentType: string, body: Uint8Array | string): Answer => ({
  status,
  raw: { contentType, body },
})

/** A scraper that says what it understands need not say it again in the query. */
const asksForPrometheus = ({ headers }: Request): boolean =>
  (headers.get("accept") ?? []).some(
    value => value.startsWith("application/openmetrics-text") || value.includes("prometheus/telemetry"),
  )

/** The metrics of all workers together, in the form that the request asks for. */
export async function metricsAnswer(server: Server, request: Request, format: string): Promise<Answer> {
  const wanted = format || (asksForPrometheus(request) ? "prometheus" : "")
  if (wanted !== "" && wanted !== "prometheus") {
    return plain(400, "text/plain", `metric response format ${JSON.stringify(wanted)} unknown`)
  }
  const { telemetry } = server
  if (wanted === "prometheus" && telemetry.retention === 0) return plain(400, "text/plain", "prometheus is not enabled")
  const others = (await server.peers.tell({ act: "metrics" })) as readonly (readonly Series[] | undefined)[]
  const series = merged([server.metrics.snapshot(), ...others.filter(one => Array.isArray(one))])
  return wanted === ""
    ? plain(200, "application/json", encodeJson(jsonMetrics(series, telemetry, server.now())))
    : plain(200, PROMETHEUS_TYPE, prometheusMetrics(series, telemetry))
}

export const metricsRoutes = [
  sysRoute("metrics", {
    summary: "Counters, durations and gauges of this machine's processes, as JSON or for Prometheus.",
    fields: { format: field.string("`prometheus` for its text format.", { default: "", query: true, plain: true }) },
    rootOnly: true,
    openWhen: "metrics",
    read: ({ format }, { server, full }) => metricsAnswer(server, full, format),
  }),
]
