/** The stanza `telemetry`, with Vault's keys. */

import {
  attribute,
  type HclBlock,
  HclError,
  type HclItem,
  readBool,
  readInteger,
  readString,
  readStrings,
} from "@arca/hcl"
import { TELEMETRY_DEFAULTS, type Telemetry } from "../metrics/telemetry.ts"
import { telemetryKeys } from "./keys.ts"
import { secondsOf } from "./values.ts"

/** Sentences about keys that are not known here: those of services that metrics would be sent to. */
export const telemetryWarnings = ({ body }: HclBlock): string[] =>
  body.items.flatMap(({ keys, position }) => {
    const name = keys[0]?.name ?? ""
    if (Object.hasOwn(telemetryKeys.known, name)) return []
    return [
      `line ${position.line}: telemetry: ${JSON.stringify(name)} has no effect; let Prometheus, or an agent that speaks its format, read sys/metrics`,
    ]
  })

/** Reads the stanza. `hostname` is the machine's. Throws `HclError` with the place. */
export function telemetryOf({ body }: HclBlock, hostname: string): Telemetry {
  const read = <T>(name: string, of: (item: HclItem) => T, fallback: T): T => {
    const item = attribute(body, name)
    return item === undefined ? fallback : of(item)
  }
  const defaults = TELEMETRY_DEFAULTS
  return {
    prefix: read("metrics_prefix", readString, "") || defaults.prefix,
    gaugeHost: read("disable_hostname", readBool, false) ? "" : hostname,
    hostLabel: read("enable_hostname_label", readBool, false) ? hostname : "",
    retention: read("prometheus_retention_time", secondsOf, defaults.retention),
    usagePeriod: read("usage_gauge_period", periodOf, defaults.usagePeriod),
    maxCardinality: read("maximum_gauge_cardinality", countOf, defaults.maxCardinality),
    leases: {
      epsilon: read("lease_metrics_epsilon", secondsOf, defaults.leases.epsilon) || defaults.leases.epsilon,
      buckets: read("num_lease_metrics_buckets", countOf, defaults.leases.buckets),
      namespaces: read("add_lease_metrics_namespace_labels", readBool, false),
    },
    filters: read("prefix_filter", filtersOf, []),
    showByDefault: read("filter_default", readBool, true),
  }
}

const periodOf = (item: HclItem): number =>
  item.value.kind === "string" && readString(item) === "none" ? 0 : secondsOf(item)

function countOf(item: HclItem): number {
  const count = readInteger(item)
  if (count < 0) throw new HclError(`${item.keys[0]?.name} cannot be negative`, item.position)
  return count
}

const filtersOf = (item: HclItem): Telemetry["filters"] =>
  readStrings(item).map(rule => {
    if (!/^[+-]./.test(rule)) {
      throw new HclError(`a rule of prefix_filter begins with + or -, not ${JSON.stringify(rule)}`, item.position)
    }
    return { prefix: rule.slice(1), show: rule.startsWith("+") }
  })
