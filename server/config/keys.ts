/**
 * The keys of the configuration, stanza by stanza: what is understood, what it means, and what is read for the sake of
 * existing files without having an effect here. `docs/reference/configuration.md` is made from it.
 */

export interface Key {
  readonly type: "text" | "number" | "bool" | "duration" | "list" | "block" | "file"
  readonly about: string
  readonly fallback?: string
}

export interface Keys {
  readonly known: Readonly<Record<string, Key>>
  /** Vault's or OpenBao's, read and without effect. */
  readonly idle: readonly string[]
}

const key = (type: Key["type"], about: string, fallback?: string): Key => ({
  type,
  about,
  ...(fallback === undefined ? {} : { fallback }),
})

/** Everything that is understood in a stanza; any other key gets a warning. */
export const namesOf = ({ known, idle }: Keys): string[] => [...Object.keys(known), ...idle]

export const topKeys: Keys = {
  known: {
    storage: key("block", "Where everything is kept: `lmdb`, `postgresql`, `inmem`; exactly one."),
    backend: key("block", "An older name of `storage`."),
    listener: key("block", "Where the server listens: `tcp` or `unix`; any number."),
    seal: key("block", "What guards the root key; people's shares unless told otherwise."),
    audit: key("block", "An audit device that is there from the first request on."),
    initialize: key("block", "Requests that are made once, when the store is new."),
    user_lockout: key("block", "When failed logins lock a name out, for an auth method or for `all`."),
    outbound: key("block", "Where engines may connect to."),
    telemetry: key("block", "What `sys/metrics` counts, and how it is called."),
    api_addr: key("text", "The URL under which clients reach this node."),
    cluster_addr: key("text", "The URL under which other nodes would reach it; told to clients that ask."),
    cluster_name: key("text", "A name for the cluster, made when it is not given."),
    default_lease_ttl: key("duration", "How long leases and tokens live unless told otherwise.", "768h"),
    max_lease_ttl: key("duration", "How long they live at most, renewals included.", "768h"),
    introspection_endpoint: key("bool", "Answer `sys/internal/inspect`.", "false"),
    workers: key("number", "Processes that share the store and the listeners; 0 is one for each core.", "1"),
    log_level: key("text", "trace, debug, info, warn or error.", "info"),
    log_format: key("text", "standard or json.", "standard"),
    log_file: key("file", "Where the log goes, beside standard error."),
    log_rotate_bytes: key("number", "The log file is rotated when it has so many bytes; 0 is no limit.", "0"),
    log_rotate_duration: key("duration", "The log file is rotated after so long.", "24h"),
    log_rotate_max_files: key("number", "Rotated log files that are kept; 0 keeps all, -1 none.", "0"),
    pid_file: key("file", "Where the process id is written."),
    audit_allowed_directories: key(
      "list",
      "Directories where audit files may be, beside /var/log and the configuration's.",
    ),
    on_store_rollback: key(
      "text",
      "What is done when the store is older than the audit log says: `warn` serves it, `refuse` stays sealed.",
      "warn",
    ),
    snapshot_directories: key("list", "Directories where snapshots by schedule may be written; none unless listed."),
  },
  idle: [
    ...["ha_storage", "ui", "disable_mlock", "default_max_request_duration", "plugin_directory"],
    ...["raw_storage_endpoint", "service_registration", "cache_size"],
    ...["disable_cache", "disable_clustering", "enable_response_header_hostname"],
    ...["enable_response_header_raft_node_id", "redirect_addr", "disable_printable_check", "disable_sealwrap"],
    ...["disable_performance_standby", "reporting", "license_path", "administrative_namespace_path"],
    ...["imprecise_lease_role_tracking", "plugin", "plugin_tmpdir", "plugin_file_uid", "plugin_file_permissions"],
    ...["disable_standby_reads", "entropy", "experiments", "detect_deadlocks", "log_requests_level"],
  ],
}

export const listenerKeys: Keys = {
  known: {
    address: key("text", "`host:port`; for `unix` the path of the socket.", "127.0.0.1:8200"),
    tls_disable: key("bool", "Serve HTTP instead of HTTPS.", "false"),
    tls_cert_file: key("file", "The certificate and its chain (PEM); read again on SIGHUP."),
    tls_key_file: key("file", "Its private key (PEM); read again on SIGHUP."),
    tls_min_version: key("text", "tls12 or tls13.", "tls12"),
    tls_max_version: key("text", "tls12 or tls13.", "tls13"),
    tls_client_ca_file: key("file", "Authorities (PEM) that clients' certificates are checked against."),
    tls_require_and_verify_client_cert: key("bool", "Only clients with a certificate get through.", "false"),
    tls_disable_client_certs: key("bool", "Do not ask clients for a certificate.", "false"),
    x_forwarded_for_authorized_addrs: key("list", "Networks of proxies that may say who the client is."),
    x_forwarded_for_hop_skips: key("number", "How many addresses to skip from the right of the header.", "0"),
    x_forwarded_for_reject_not_present: key("bool", "Refuse requests without the header.", "true"),
    x_forwarded_for_reject_not_authorized: key("bool", "Refuse the header from anyone else.", "true"),
    proxy_protocol_behavior: key(
      "text",
      "`use_always`, `allow_authorized` or `deny_unauthorized`: whose PROXY headers say where a connection comes from.",
    ),
    proxy_protocol_authorized_addrs: key("list", "Networks of the proxies that may send PROXY headers."),
    http_read_header_timeout: key("duration", "How long the head of a request may take.", "10s"),
    http_read_timeout: key("duration", "How long a whole request may take to arrive.", "30s"),
    http_idle_timeout: key("duration", "How long a connection may be silent.", "5m"),
    max_request_size: key("number", "Bytes of a body.", "33554432"),
    max_connections: key("number", "Connections at the same time.", "10000"),
    custom_response_headers: key("block", "Headers of every reply, in a block `default`."),
    socket_mode: key("text", "`unix`: permissions of the socket, in octal."),
    socket_user: key("number", "`unix`: the user id that owns it."),
    socket_group: key("number", "`unix`: the group id that owns it."),
    telemetry: key("block", "`unauthenticated_metrics_access = true` shows `sys/metrics` without a token."),
    profiling: key("block", "`unauthenticated_pprof_access = true` shows `sys/pprof` without a token."),
    inflight_requests_logging: key(
      "block",
      "`unauthenticated_in_flight_requests_access = true` shows `sys/in-flight-req` without a token.",
    ),
    disable_unauthed_rekey_endpoints: key("bool", "`false` lets callers without a token replace the key's shares."),
    disable_unauthed_generate_root_endpoints: key("bool", "`false` lets callers without a token make a root token."),
  },
  idle: [
    ...["cluster_address", "tls_cipher_suites", "x_forwarded_for_client_cert_header", "http_write_timeout"],
    ...["max_request_duration", "require_request_header"],
    ...["role", "redact_addresses", "redact_cluster_name", "redact_version", "disable_replication_status_endpoints"],
    ...["tls_prefer_server_cipher_suites", "cors_enabled", "cors_allowed_origins"],
  ],
}

export const lockoutKeys: Keys = {
  known: {
    lockout_threshold: key("number", "How many failed logins lock a name out.", "5"),
    lockout_duration: key("duration", "How long it is locked out.", "15m"),
    lockout_counter_reset: key("duration", "After how long failed logins are forgotten.", "15m"),
    disable_lockout: key("bool", "Lock nothing out.", "false"),
  },
  idle: [],
}

export const outboundKeys: Keys = {
  known: {
    allow: key("list", "Networks that may be connected to whatever else forbids it."),
    deny: key("list", "Networks that may not."),
    private_networks: key("bool", "Whether private networks and this machine may be.", "true"),
  },
  idle: [],
}

export const telemetryKeys: Keys = {
  known: {
    metrics_prefix: key("text", "What the names of metrics begin with.", "vault"),
    prometheus_retention_time: key("duration", "How long a metric that is not touched is shown.", "24h"),
    disable_hostname: key("bool", "Leave the machine's name out of the names of gauges.", "false"),
    enable_hostname_label: key("bool", "Give metrics the machine's name as a label.", "false"),
    usage_gauge_period: key("duration", "How often tokens, leases and secrets are counted; `none` is never.", "10m"),
    maximum_gauge_cardinality: key("number", "How many gauges of one name there may be.", "500"),
    lease_metrics_epsilon: key("duration", "Leases that end in the same span are counted together.", "1h"),
    num_lease_metrics_buckets: key("number", "How many spans.", "168"),
    add_lease_metrics_namespace_labels: key("bool", "Count them by namespace.", "false"),
    filter_default: key("bool", "Show metrics that no rule names.", "true"),
    prefix_filter: key("list", "Rules: `+prefix` shows, `-prefix` hides."),
  },
  idle: [],
}

/** Stanzas that are read where they are used; here is what they mean. */
export const staticSealKeys: Keys = {
  known: {
    current_key_id: key("text", "A name for the key."),
    current_key: key("text", "`env://NAME` or `file:///path`: 32 bytes, raw, in hex or in base64."),
    previous_key_id: key("text", "The key before, while the store moves from one to the other."),
    previous_key: key("text", "The same, for it."),
    disabled: key("bool", "This is the seal to move away from.", "false"),
  },
  idle: [],
}

export const transitSealKeys: Keys = {
  known: {
    address: key("text", "The other server; `VAULT_ADDR` when left out."),
    token: key("text", "A token for it; `VAULT_TOKEN` when left out."),
    key_name: key("text", "The name of the transit key."),
    mount_path: key("text", "Where its transit engine is mounted."),
    namespace: key("text", "The namespace of that mount."),
    tls_ca_cert: key("file", "The authority (PEM) that signed its certificate."),
    tls_client_cert: key("file", "A certificate (PEM) to show it."),
    tls_client_key: key("file", "That certificate's private key."),
    tls_server_name: key("text", "The name to expect in its certificate."),
    tls_skip_verify: key("bool", "Accept any certificate.", "false"),
    disabled: key("bool", "This is the seal to move away from.", "false"),
  },
  idle: [],
}

export const requestKeys: Keys = {
  known: {
    operation: key("text", "create, update, delete … as in policies."),
    path: key("text", "As in a request: `sys/policies/acl/app`."),
    data: key("block", "The body of the request."),
    allow_failure: key("bool", "Go on when it is refused.", "false"),
  },
  idle: [],
}
