/** What the stanza `telemetry` says of how metrics are shown. */

export interface Telemetry {
  /** In front of every name: `vault`. */
  readonly prefix: string
  /** Put into the names of gauges, behind the prefix; "" leaves them as they are. */
  readonly gaugeHost: string
  /** The value of a label `host` on everything; "" for no such label. */
  readonly hostLabel: string
  /** Seconds that a series is shown after it last changed; 0 turns the Prometheus form off. */
  readonly retention: number
  /** Seconds between two counts of what lies in the store; 0 for never. */
  readonly usagePeriod: number
  /** So many labelled gauges of a kind at most. */
  readonly maxCardinality: number
  readonly leases: {
    /** Seconds of a step of `expire.leases.by_expiration`, and how many steps there are. */
    readonly epsilon: number
    readonly buckets: number
    readonly namespaces: boolean
  }
  /** By prefix: whether a metric is shown. The longest prefix decides. */
  readonly filters: readonly { readonly prefix: string; readonly show: boolean }[]
  readonly showByDefault: boolean
}

const DAY = 86_400

/** Without a stanza: Vault's defaults, with Prometheus, and without the machine's name in the names of gauges. */
export const TELEMETRY_DEFAULTS: Telemetry = {
  prefix: "vault",
  gaugeHost: "",
  hostLabel: "",
  retention: DAY,
  usagePeriod: 600,
  maxCardinality: 500,
  leases: { epsilon: 3600, buckets: 168, namespaces: false },
  filters: [],
  showByDefault: true,
}

/** Whether a metric is shown, by its name with the prefix. Of two rules for the same prefix the one that hides wins. */
export function isShown({ filters, showByDefault }: Telemetry, name: string): boolean {
  const [first] = filters
    .filter(one => name.startsWith(one.prefix))
    .sort((a, b) => b.prefix.length - a.prefix.length || Number(a.show) - Number(b.show))
  return first?.show ?? showByDefault
}
