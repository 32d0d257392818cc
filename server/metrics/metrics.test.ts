import assert from "node:assert/strict"
import { test } from "node:test"
import { configOf, parse } from "../config/read.ts"
import { serve } from "../pipeline.ts"
import { ownRequest } from "../revocation.ts"
import { type TestServer, testServer } from "../testing.ts"
import { merged, metricsOf, quantileOf } from "./metrics.ts"
import { jsonMetrics, prometheusMetrics } from "./shown.ts"
import { TELEMETRY_DEFAULTS } from "./telemetry.ts"

async function shown(vault: TestServer, format: string, headers: Record<string, string> = {}) {
  const reply = await serve(vault.server, {
    ...ownRequest("test"),
    operation: "read",
    path: "sys/metrics",
    token: vault.root,
    body: format === "" ? {} : { format },
    headers: new Map(Object.entries(headers).map(([name, value]) => [name, [value]])),
  })
  return { status: reply.status, type: reply.raw?.contentType, text: textOf(reply.raw?.body) }
}

const textOf = (body: unknown): string =>
  body instanceof Uint8Array ? Buffer.from(body).toString() : String(body ?? "")

/** The value of one line of the text format; undefined when it is not there. */
const valueIn = (text: string, series: string): number | undefined => {
  const line = text.split("\n").find(one => one.startsWith(`${series} `))
  return line === undefined ? undefined : Number(line.slice(series.length + 1))
}

test("requests, routes, logins and tokens are counted under Vault's names", async () => {
  const vault = await testServer()
  await vault.write("sys/mounts/secret", { type: "kv" })
  await vault.write("secret/app", { a: 1 })
  await vault.read("secret/app")
  await vault.read("secret/none")
  await vault.write("sys/auth/userpass", { type: "userpass" })
  await vault.write("auth/userpass/users/anna", { password: "pw" })
  await vault.write("auth/userpass/login/anna", { password: "pw" }, { token: "" })
  const { text, type, status } = await shown(vault, "prometheus")
  assert.equal(status, 200)
  assert.equal(type, "text/plain; version=0.0.4; charset=utf-8")
  assert.equal(valueIn(text, "vault_core_handle_request_count"), 6)
  assert.equal(valueIn(text, "vault_core_handle_login_request_count"), 1)
  assert.equal(valueIn(text, "vault_route_read_secret__count"), 2)
  assert.equal(valueIn(text, 'vault_core_response_status_code{code="404",type="4xx"}'), 1)
  assert.equal(valueIn(text, "vault_core_unsealed"), 1)
  const created =
    'vault_token_creation{auth_method="userpass",creation_ttl="+Inf",mount_point="auth/userpass/",namespace="root",token_type="service"}'
  assert.equal(valueIn(text, created), 1)
  assert.match(text, /# TYPE vault_core_handle_request summary/)
})

test("what lies in the store is counted from time to time", async () => {
  const vault = await testServer()
  await vault.token(["default"])
  await vault.token(["default"])
  await vault.runJobs()
  const first = await shown(vault, "prometheus")
  const count = valueIn(first.text, 'vault_token_count{namespace="root"}') ?? 0
  assert.ok(count >= 3, "the root token and two others")
  await vault.token(["default"])
  vault.clock.advance("9m")
  await vault.runJobs()
  assert.equal(valueIn((await shown(vault, "prometheus")).text, 'vault_token_count{namespace="root"}'), count)
  vault.clock.advance("1m")
  await vault.runJobs()
  assert.equal(valueIn((await shown(vault, "prometheus")).text, 'vault_token_count{namespace="root"}'), count + 1)
  assert.equal(valueIn((await shown(vault, "prometheus")).text, "vault_expire_num_leases"), 0)
})

test("tokens are counted by policy, by method and by life, and secrets by mount", async () => {
  const vault = await testServer()
  await vault.write("sys/mounts/one", { type: "kv" })
  await vault.write("sys/mounts/two", { type: "kv", options: { version: "2" } })
  await vault.write("one/a", { x: 1 })
  for (const name of ["a", "deep/b", "deep/c"]) {
    await vault.write(`two/data/${name}`, { data: { x: 1 } })
    await vault.write(`two/data/${name}`, { data: { x: 2 } })
  }
  await vault.write("sys/auth/userpass", { type: "userpass" })
  await vault.write("auth/userpass/users/anna", { password: "pw", token_policies: ["app"], token_ttl: "20m" })
  for (let login = 0; login < 70; login++) await vault.token(["app"], { ttl: "1h" })
  await vault.write("auth/userpass/login/anna", { password: "pw" }, { token: "" })
  await vault.runJobs()
  const { text } = await shown(vault, "prometheus")
  const value = (name: string, labels: string) => valueIn(text, `vault_${name}{${labels},namespace="root"}`)
  assert.equal(valueIn(text, 'vault_token_count_by_policy{namespace="root",policy="app"}'), 71)
  assert.equal(value("token_count_by_auth", 'auth_method="userpass"'), 1)
  assert.equal(value("token_count_by_auth", 'auth_method="token"'), 71, "the root token, too")
  assert.equal(value("token_count_by_ttl", 'creation_ttl="20m"'), 1)
  assert.equal(value("token_count_by_ttl", 'creation_ttl="1h"'), 70)
  assert.equal(value("token_count_by_ttl", 'creation_ttl="+Inf"'), 1)
  assert.equal(value("secret_kv_count", 'mount_point="one/"'), 1)
  assert.equal(value("secret_kv_count", 'mount_point="two/"'), 3)
  assert.ok((valueIn(text, "vault_barrier_get_count") ?? 0) > 0)
  assert.ok((valueIn(text, "vault_barrier_list_count") ?? 0) > 0)
})

test("the JSON form shows the last full span of ten seconds, as Vault's does", async () => {
  const vault = await testServer()
  await vault.read("sys/mounts")
  await vault.read("sys/mounts")
  vault.clock.advance("10s")
  const { text, type } = await shown(vault, "")
  assert.equal(type, "application/json")
  const json = JSON.parse(text)
  assert.equal(json.Timestamp, "2026-01-01 00:00:00 +0000 UTC")
  assert.deepEqual(Object.keys(json), ["Timestamp", "Gauges", "Points", "Counters", "Samples"])
  const sample = json.Samples.find((one: { Name: string }) => one.Name === "vault.core.handle_request")
  assert.equal(sample.Count, 2)
  assert.deepEqual(Object.keys(sample), ["Name", "Count", "Rate", "Sum", "Min", "Max", "Mean", "Stddev", "Labels"])
  const codes = json.Counters.find((one: { Name: string }) => one.Name === "vault.core.response_status_code")
  assert.deepEqual([codes.Count, codes.Rate, codes.Labels], [2, 0.2, { code: "200", type: "2xx" }])
  vault.clock.advance("20s")
  assert.deepEqual(JSON.parse((await shown(vault, "")).text).Counters, [])
})

test("a scraper's Accept header is enough, and an unknown format is refused", async () => {
  const vault = await testServer()
  const accept = { accept: "application/openmetrics-text;version=1.0.0,text/plain;q=0.5" }
  assert.match((await shown(vault, "", accept)).text, /^# HELP/)
  const refused = await shown(vault, "graphite")
  assert.deepEqual([refused.status, refused.text], [400, 'metric response format "graphite" unknown'])
  const off = await testServer({ parts: { telemetry: { ...TELEMETRY_DEFAULTS, retention: 0 } } })
  assert.deepEqual(await shown(off, "prometheus"), {
    status: 400,
    type: "text/plain",
    text: "prometheus is not enabled",
  })
})

test("a token that may not read metrics does not", async () => {
  const vault = await testServer()
  const token = await vault.token(["default"])
  assert.equal((await vault.read("sys/metrics", { token })).status, 403)
})

test("the series of several processes are shown as one", () => {
  const one = metricsOf(
    () => 5,
    () => 0,
    60,
  )
  const other = metricsOf(
    () => 6,
    () => 0,
    60,
  )
  for (const value of [1, 2, 3]) one.sample("core.handle_request", value)
  for (const value of [4, 100]) other.sample("core.handle_request", value)
  one.gauge({ name: "core.in_flight_requests", value: 2, adds: true })
  other.gauge({ name: "core.in_flight_requests", value: 3, adds: true })
  one.gauge({ name: "token.count", value: 10 })
  other.gauge({ name: "token.count", value: 12 })
  const text = prometheusMetrics(merged([one.snapshot(), other.snapshot()]), TELEMETRY_DEFAULTS)
  assert.equal(valueIn(text, "vault_core_handle_request_count"), 5)
  assert.equal(valueIn(text, "vault_core_handle_request_sum"), 110)
  assert.equal(valueIn(text, "vault_core_in_flight_requests"), 5)
  assert.equal(valueIn(text, "vault_token_count"), 12)
  const slowest = valueIn(text, 'vault_core_handle_request{quantile="0.99"}') ?? 0
  assert.ok(Math.abs(slowest - 100) < 3)
})

test("quantiles are right within a few per cent, whatever the scale", () => {
  const metrics = metricsOf(
    () => 5,
    () => 0,
    60,
  )
  for (let value = 1; value <= 10_000; value++) metrics.sample("core.handle_request", value / 7)
  const [series] = metrics.snapshot()
  for (const quantile of [0.01, 0.5, 0.9, 0.99]) {
    const exact = (quantile * 10_000) / 7
    const found = quantileOf(series?.recent, quantile)
    assert.ok(Math.abs(found - exact) / exact < 0.03, `${quantile}: ${found} is near ${exact}`)
  }
})

test("labels are escaped, and series without change are forgotten", () => {
  let now = 0
  const metrics = metricsOf(
    () => now,
    () => 0,
    60,
  )
  metrics.count("token.creation", { mount_point: 'a"b\\c\nd' })
  assert.match(
    prometheusMetrics(metrics.snapshot(), TELEMETRY_DEFAULTS),
    /vault_token_creation\{mount_point="a\\"b\\\\c\\nd"\} 1/,
  )
  now = 61
  assert.equal(prometheusMetrics(metrics.snapshot(), TELEMETRY_DEFAULTS), "")
})

test("the telemetry stanza names, filters and labels what is shown", () => {
  const { telemetry, warnings } = configOf([
    {
      file: "test.hcl",
      body: parse(
        "test.hcl",
        `telemetry {
          metrics_prefix = "arca"
          disable_hostname = true
          prometheus_retention_time = "30s"
          usage_gauge_period = "none"
          prefix_filter = ["-arca.route", "+arca.route.read"]
          statsd_address = "127.0.0.1:8125"
        }`,
      ),
    },
  ])
  assert.match(warnings.join(), /line 7: telemetry: "statsd_address" has no effect/)
  assert.deepEqual([telemetry.retention, telemetry.usagePeriod, telemetry.gaugeHost], [30, 0, ""])
  const metrics = metricsOf(
    () => 15,
    () => 0,
    60,
  )
  for (const name of ["route.read.secret-", "route.update.secret-", "core.handle_request"]) metrics.sample(name, 1)
  const names = jsonMetrics(metrics.snapshot(), telemetry, 25).Samples as { Name: string }[]
  assert.deepEqual(names.map(one => one.Name).sort(), [])
  const text = prometheusMetrics(metrics.snapshot(), telemetry)
  assert.equal(valueIn(text, "arca_route_read_secret__count"), 1)
  assert.equal(valueIn(text, "arca_route_update_secret__count"), undefined)
  const named = configOf([
    { file: "a.hcl", body: parse("a.hcl", "telemetry { enable_hostname_label = true }") },
  ]).telemetry
  metrics.gauge({ name: "core.unsealed", value: 1 })
  const host = named.hostLabel.replaceAll(/[^a-zA-Z0-9_:]/g, "_")
  const labelled = prometheusMetrics(metrics.snapshot(), named)
  assert.equal(valueIn(labelled, `vault_${host}_core_unsealed{host="${named.hostLabel}"}`), 1)
})
