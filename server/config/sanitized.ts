/** The configuration as `sys/config/state/sanitized` shows it: Vault's fields, and nothing that is or may hold a secret. */

import type { JsonObject } from "@arca/api"
import type { ListenerOptions } from "../listener/options.ts"
import type { ServerConfig } from "./read.ts"

/** `flags` are what the command line said instead of the file. */
export function sanitized(config: ServerConfig, log: { readonly level: string; readonly format: string }): JsonObject {
  const { telemetry } = config
  return {
    api_addr: config.apiAddress,
    cache_size: 0,
    cluster_addr: config.clusterAddress,
    cluster_cipher_suites: "",
    cluster_name: config.clusterName,
    default_lease_ttl: config.defaultTtl ?? 0,
    default_max_request_duration: 0,
    disable_cache: false,
    disable_clustering: false,
    disable_indexing: false,
    disable_mlock: true,
    disable_performance_standby: false,
    disable_printable_check: false,
    disable_sealwrap: true,
    enable_ui: false,
    introspection_endpoint: config.introspection,
    listeners: config.listeners.map(listener),
    log_format: log.format,
    log_level: log.level,
    max_lease_ttl: config.maxTtl ?? 0,
    pid_file: config.pidFile,
    plugin_directory: "",
    raw_storage_endpoint: false,
    seals: config.seals.map(({ type, disabled }) => ({ type, disabled })),
    storage: {
      type: config.storage?.type ?? "",
      cluster_addr: config.clusterAddress,
      redirect_addr: config.apiAddress,
      disable_clustering: false,
    },
    telemetry: {
      disable_hostname: telemetry.gaugeHost === "",
      enable_hostname_label: telemetry.hostLabel !== "",
      metrics_prefix: telemetry.prefix,
      maximum_gauge_cardinality: telemetry.maxCardinality,
      prometheus_retention_time: telemetry.retention,
      usage_gauge_period: telemetry.usagePeriod,
      lease_metrics_epsilon: telemetry.leases.epsilon,
      num_lease_metrics_buckets: telemetry.leases.buckets,
      add_lease_metrics_namespace_labels: telemetry.leases.namespaces,
    },
    workers: config.workers ?? 1,
  }
}

function listener({ socket, host, port, tls }: ListenerOptions): JsonObject {
  if (socket !== undefined) return { type: "unix", config: { address: socket.path } }
  const address = `${host.includes(":") ? `[${host}]` : host}:${port}`
  return { type: "tcp", config: { address, tls_disable: tls === undefined } }
}
