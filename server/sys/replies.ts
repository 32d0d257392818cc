/** What the server's own routes answer: the `data` of their replies, or all of them where there is no envelope. */

import { type Fields, field, optional } from "@arca/api"

const time = (summary: string, options = {}) => field.time(`${summary} (RFC 3339)`, options)
const nonce = field.string("Which attempt this is.")

export const mount = {
  type: field.string("Which engine."),
  description: field.string("What it is for."),
  accessor: field.string("A name of the mount that stays when it moves."),
  uuid: field.string("What its storage is called by."),
  local: field.bool("As it was mounted; every node is equal here."),
  seal_wrap: field.bool("As it was mounted."),
  external_entropy_access: field.bool("As it was mounted."),
  options: field.pairs("Options of the engine."),
  config: field.map("How it is tuned."),
  plugin_version: field.string("Empty: engines are built in."),
  running_plugin_version: field.string("Empty: engines are built in."),
  running_sha256: field.string("Empty: engines are built in."),
  deprecation_status: field.string("supported", { optional: true }),
} satisfies Fields

export const tuning = {
  description: field.string("What the mount is for."),
  default_lease_ttl: field.int("Seconds that leases and tokens live unless told otherwise."),
  max_lease_ttl: field.int("Seconds that they live at most."),
  force_no_cache: field.bool("As it was mounted."),
  listing_visibility: field.string("`unauth` when it is listed for everyone.", { optional: true }),
  audit_non_hmac_request_keys: field.stringList("Request keys that the audit writes in clear.", { optional: true }),
  audit_non_hmac_response_keys: field.stringList("Response keys that the audit writes in clear.", { optional: true }),
  passthrough_request_headers: field.stringList("Request headers that the engine sees.", { optional: true }),
  allowed_response_headers: field.stringList("Response headers that the engine may set.", { optional: true }),
  token_type: field.string("Auth methods: the type of tokens that logins earn.", { optional: true }),
  user_lockout_config: field.map("Auth methods: when guessing locks a name out.", { optional: true }),
  user_lockout_counter_reset_duration: field.int("Seconds after which failed logins are forgotten.", {
    optional: true,
  }),
  user_lockout_threshold: field.int("How many failed logins lock a name out.", { optional: true }),
  user_lockout_duration: field.int("Seconds that it is locked out.", { optional: true }),
  user_lockout_disable: field.bool("Whether nothing locks a name out.", { optional: true }),
  options: field.pairs("Options of the engine.", { optional: true }),
  external_entropy_access: field.bool("As it was mounted.", { optional: true }),
} satisfies Fields

export const visibleMounts = {
  auth: field.map("Auth methods by path."),
  secret: field.map("Secrets engines by path."),
} satisfies Fields

export const aclPolicy = { name: field.string("Its name."), policy: field.string("Its text.") } satisfies Fields
export const olderAclPolicy = { name: field.string("Its name."), rules: field.string("Its text.") } satisfies Fields
export const passwordPolicy = { policy: field.string("Its text, in HCL.") } satisfies Fields

export const policyNames = {
  keys: field.stringList("The names."),
  policies: field.stringList("The names again, for older clients."),
} satisfies Fields

export const capabilities = {
  "*": field.stringList("What may be done at a path, by the path."),
  capabilities: field.stringList("The same, when one path was asked about.", { optional: true }),
} satisfies Fields

export const explanation = {
  text: field.string("All of it in plain words."),
  verdict: field.map("Whether it is allowed, and for which reason."),
  deciding: field.map("The rule that decided, with the policies and lines it comes from.", { optional: true }),
  runnersUp: field.any("Rules that also match, the strongest first, and why each lost."),
  missing: field.stringList("Capabilities that it would need besides."),
  snippet: field.string("A policy that would allow it, where one alone can.", { optional: true }),
} satisfies Fields

export const auditDevices = { "*": field.map("path, type, description, options and local of a device, by its path.") }

export const keyStatus = {
  term: field.int("Which key it is; the first is 1."),
  install_time: time("When it was made."),
  encryptions: field.int("Values that were sealed under it."),
} satisfies Fields

export const hostInfo = {
  timestamp: time("When it was looked at."),
  host: field.map("Name, system and uptime."),
  cpu: field.any("The processors."),
  cpu_times: field.any("How long they did what.", { optional: true }),
  memory: field.map("Bytes: total, available, used."),
  disk: field.any("The disks.", { optional: true }),
  load: field.map("Averages of the load.", { optional: true }),
} satisfies Fields

export const leader = {
  ha_enabled: field.bool("Whether several nodes share the store."),
  is_self: field.bool("Whether this node is active: every one is."),
  active_time: time("Since when."),
  leader_address: field.string("Where clients reach it."),
  leader_cluster_address: field.string("Where nodes would reach it."),
  performance_standby: field.bool("false"),
  performance_standby_last_remote_wal: field.int("0"),
} satisfies Fields

export const health = {
  initialized: field.bool("Whether there is a store."),
  sealed: field.bool("Whether it is sealed."),
  standby: field.bool("false: every node is active."),
  performance_standby: field.bool("false"),
  replication_performance_mode: field.string("disabled"),
  replication_dr_mode: field.string("disabled"),
  server_time_utc: field.int("The time, in seconds since 1970."),
  version: field.string("The level of Vault's API."),
  arca_version: field.string("The version of Arca."),
  enterprise: field.bool("false"),
  cluster_name: field.string("The cluster, once unsealed.", { optional: true }),
  cluster_id: field.string("Its id, once unsealed.", { optional: true }),
  echo_duration_ms: field.int("0"),
  clock_skew_ms: field.int("How far the clock is from the store's."),
  replication_primary_canary_age_ms: field.int("0: there is no replication."),
  trouble: field.stringList("What keeps the node from serving.", { optional: true }),
  store_rolled_back: field.bool("An older copy of the store was found in its place: see `sys/storage/rollback`.", {
    optional: true,
  }),
} satisfies Fields

export const initialised = {
  keys: field.stringList("The shares of the unseal key, in hex.", { secret: true }),
  keys_base64: field.stringList("The same in base64.", { secret: true }),
  recovery_keys: field.stringList("With a seal that unseals by itself: the recovery shares.", {
    secret: true,
    optional: true,
  }),
  recovery_keys_base64: field.stringList("The same in base64.", { secret: true, optional: true }),
  root_token: field.string("The first token; it may do anything.", { secret: true }),
} satisfies Fields

export const plugin = {
  name: field.string("Its name."),
  builtin: field.bool("true"),
  args: field.any("null"),
  command: field.string("Empty."),
  sha256: field.string("Empty."),
  version: field.string("Empty."),
  deprecation_status: field.string("supported", { optional: true }),
} satisfies Fields

export const replication = { mode: field.string("disabled") } satisfies Fields

export const lease = {
  id: field.string("The lease."),
  issue_time: time("When it was issued."),
  expire_time: time("When it ends.", { optional: true }),
  last_renewal: time("When it was prolonged last.", { optional: true }),
  renewable: field.bool("Whether it can be prolonged."),
  ttl: field.int("Seconds that are left."),
} satisfies Fields

export const leaseCount = {
  lease_count: field.int("How many."),
  counts: field.map("How many by mount."),
} satisfies Fields

export const wrapping = {
  creation_time: time("When the reply was wrapped."),
  creation_ttl: field.int("Seconds that it was wrapped for."),
  creation_path: field.string("The path that answered it."),
} satisfies Fields

export const randomBytes = { random_bytes: field.string("The bytes, encoded.") } satisfies Fields
export const hashSum = { sum: field.string("The hash, encoded.") } satisfies Fields

export const rateLimit = {
  name: field.string("Its name."),
  type: field.string("rate-limit"),
  path: field.string("What it limits; empty is all."),
  role: field.string("Only logins by this role."),
  rate: field.float("Requests of one client address in an interval."),
  interval: field.int("Seconds in which they are counted."),
  block_interval: field.int("Seconds that a client is refused after too many."),
  inheritable: field.bool("It holds in namespaces below as well."),
} satisfies Fields

export const quotaConfig = {
  enable_rate_limit_audit_logging: field.bool("Whether refused requests are audited."),
  enable_rate_limit_response_headers: field.bool("Whether replies tell what is left."),
  rate_limit_exempt_paths: field.stringList("Paths that no limit holds for."),
} satisfies Fields

export const cors = {
  enabled: field.bool("Whether web pages may call at all."),
  allowed_origins: field.stringList("Origins, or `*` alone.", { optional: true }),
  allowed_headers: field.stringList("Headers they may send.", { optional: true }),
  allow_credentials: field.bool("Whether browsers send credentials.", { optional: true }),
} satisfies Fields

export const rotation = {
  enabled: field.bool("Whether keys are replaced by themselves."),
  interval: field.int("Seconds a key is used at most; 0 is without limit."),
  max_operations: field.int("Values that are sealed under one key."),
} satisfies Fields

export const sealStatus = {
  type: field.string("The seal: shamir, static, transit."),
  initialized: field.bool("Whether there is a store to unseal."),
  sealed: field.bool("Whether it is sealed."),
  t: field.int("How many shares it takes."),
  n: field.int("How many there are."),
  progress: field.int("How many were given."),
  nonce,
  migration: field.bool("Whether it moves to another seal."),
  recovery_seal: field.bool("Whether its shares are recovery shares."),
  recovery_seal_type: field.string("The kind of recovery shares.", { optional: true }),
  storage_type: field.string("The store."),
  version: field.string("The level of Vault's API."),
  arca_version: field.string("The version of Arca."),
  build_date: time("When that was made."),
  cluster_name: field.string("The cluster, once unsealed.", { optional: true }),
  cluster_id: field.string("Its id, once unsealed.", { optional: true }),
  store_rolled_back: field.bool("An older copy of the store was found in its place: see `sys/storage/rollback`.", {
    optional: true,
  }),
} satisfies Fields

export const initStatus = { initialized: field.bool("Whether the store was initialised.") } satisfies Fields

export const rekey = {
  nonce,
  started: field.bool("Whether one is in progress."),
  t: field.int("How many of the new shares it shall take."),
  n: field.int("How many new shares there shall be."),
  progress: field.int("How many shares of the present key were given."),
  required: field.int("How many it takes."),
  pgp_fingerprints: field.stringList("The keys that the new shares are encrypted to."),
  backup: field.bool("Whether the encrypted shares are kept."),
  verification_required: field.bool("Whether the new shares must be shown."),
  verification_nonce: field.string("Which verification this is.", { optional: true }),
} satisfies Fields

export const rekeyed = {
  ...optional(rekey),
  nonce,
  complete: field.bool("Whether the shares were replaced.", { optional: true }),
  keys: field.stringList("The new shares, in hex.", { secret: true, optional: true }),
  keys_base64: field.stringList("The new shares, in base64.", { secret: true, optional: true }),
} satisfies Fields

export const verification = {
  nonce,
  started: field.bool("Whether one is in progress.", { optional: true }),
  t: field.int("How many shares it takes.", { optional: true }),
  n: field.int("How many there are.", { optional: true }),
  progress: field.int("How many were shown.", { optional: true }),
  complete: field.bool("Whether the new shares count from now on.", { optional: true }),
} satisfies Fields

export const keyBackup = {
  nonce,
  keys: field.map("Encrypted shares in hex, by the fingerprint of the PGP key."),
  keys_base64: field.map("The same in base64."),
} satisfies Fields

export const rootAttempt = {
  nonce,
  started: field.bool("Whether one is in progress."),
  progress: field.int("How many shares were given."),
  required: field.int("How many it takes."),
  complete: field.bool("Whether the token is made."),
  encoded_token: field.string("The token under the one-time pad or the PGP key."),
  encoded_root_token: field.string("The same, for older clients."),
  pgp_fingerprint: field.string("The PGP key that it is encrypted to."),
  otp: field.string("The one-time pad, shown once.", { secret: true }),
  otp_length: field.int("How long a pad is."),
} satisfies Fields

export const namespaceDeletion = {
  status: field.string("`in-progress`: it answers nothing any more, and is erased when what it issued is revoked."),
} satisfies Fields

export const namespace = {
  id: field.string("Its id; ends the tokens made in it."),
  uuid: field.string("What its storage is called by."),
  path: field.string("Its path, from the namespace of the request."),
  custom_metadata: field.pairs("Words of your own."),
  locked: field.bool("Whether it answers nothing."),
  tainted: field.bool("Whether it is being deleted."),
} satisfies Fields
