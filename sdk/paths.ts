/**
 * What each path of each engine takes and answers. Made from the declarations by `node tools/docs.ts`; to change it, change them.
 * Paths are relative to the mount; `:name` is one segment, `*path` all the rest.
 */

import type { Json, JsonObject } from "@arca/api/json"

/** One verb at one path. */
export interface Act<Takes, Answers> {
  readonly takes: Takes
  readonly answers: Answers
}

export interface Names {
  readonly keys: readonly string[]
}

/** The server itself. */
export interface System {
  /** All secrets engines. */
  mounts: {
    read: Act<Record<never, never>, {
      /** A secrets engine, by its path. */
      readonly [name: string]: JsonObject | null
    }>
  }
  /** How a mounted secrets engine is tuned. */
  "mounts/:path/tune": {
    read: Act<Record<never, never>, {
      /** What the mount is for. */
      readonly description: string
      /** Seconds that leases and tokens live unless told otherwise. */
      readonly default_lease_ttl: number
      /** Seconds that they live at most. */
      readonly max_lease_ttl: number
      /** As it was mounted. */
      readonly force_no_cache: boolean
      /** `unauth` when it is listed for everyone. */
      readonly listing_visibility?: string | null
      /** Request keys that the audit writes in clear. */
      readonly audit_non_hmac_request_keys?: readonly string[] | null
      /** Response keys that the audit writes in clear. */
      readonly audit_non_hmac_response_keys?: readonly string[] | null
      /** Request headers that the engine sees. */
      readonly passthrough_request_headers?: readonly string[] | null
      /** Response headers that the engine may set. */
      readonly allowed_response_headers?: readonly string[] | null
      /** Auth methods: the type of tokens that logins earn. */
      readonly token_type?: string | null
      /** Auth methods: when guessing locks a name out. */
      readonly user_lockout_config?: JsonObject | null
      /** Seconds after which failed logins are forgotten. */
      readonly user_lockout_counter_reset_duration?: number | null
      /** How many failed logins lock a name out. */
      readonly user_lockout_threshold?: number | null
      /** Seconds that it is locked out. */
      readonly user_lockout_duration?: number | null
      /** Whether nothing locks a name out. */
      readonly user_lockout_disable?: boolean | null
      /** Options of the engine. */
      readonly options?: Readonly<Record<string, string>> | null
      /** As it was mounted. */
      readonly external_entropy_access?: boolean | null
    }>
    write: Act<{
      /** Default life of leases and tokens of this mount. */
      readonly default_lease_ttl?: string
      /** Longest life of leases and tokens of this mount. */
      readonly max_lease_ttl?: string
      /** `unauth` lists the mount to anyone; `hidden` is the default. */
      readonly listing_visibility?: string
      /** Request keys whose values the audit writes in clear. */
      readonly audit_non_hmac_request_keys?: string | readonly string[]
      /** Response keys whose values the audit writes in clear. */
      readonly audit_non_hmac_response_keys?: string | readonly string[]
      /** Request headers that the engine may see. */
      readonly passthrough_request_headers?: string | readonly string[]
      /** Response headers that the engine may set. */
      readonly allowed_response_headers?: string | readonly string[]
      /** Auth methods: the type of the tokens that logins earn. */
      readonly token_type?: string
      /** Auth methods: when guessing locks a name out. */
      readonly user_lockout_config?: object
      /** What the mount is for. */
      readonly description?: string
      /** Options of the engine, such as `version` of kv. */
      readonly options?: Readonly<Record<string, string>>
    }, null>
  }
  /** Mount a secrets engine, look at it, unmount it with all its data. */
  "mounts/:path": {
    read: Act<Record<never, never>, {
      /** Which engine. */
      readonly type: string
      /** What it is for. */
      readonly description: string
      /** A name of the mount that stays when it moves. */
      readonly accessor: string
      /** What its storage is called by. */
      readonly uuid: string
      /** As it was mounted; every node is equal here. */
      readonly local: boolean
      /** As it was mounted. */
      readonly seal_wrap: boolean
      /** As it was mounted. */
      readonly external_entropy_access: boolean
      /** Options of the engine. */
      readonly options: Readonly<Record<string, string>> | null
      /** How it is tuned. */
      readonly config: JsonObject | null
      /** Empty: engines are built in. */
      readonly plugin_version: string
      /** Empty: engines are built in. */
      readonly running_plugin_version: string
      /** Empty: engines are built in. */
      readonly running_sha256: string
      /** supported */
      readonly deprecation_status?: string | null
    }>
    write: Act<{
      /** Which engine: `kv`, `userpass` …. */
      readonly type?: string
      /** What the mount is for. */
      readonly description?: string
      /** TTLs and the like, as `tune` takes them. */
      readonly config?: object
      /** Options of the engine, such as `version` of kv. */
      readonly options?: Readonly<Record<string, string>>
      /** Accepted for compatibility: every node is equal here. */
      readonly local?: boolean
      /** Accepted for compatibility. */
      readonly seal_wrap?: boolean
      /** Accepted for compatibility. */
      readonly external_entropy_access?: boolean
      /** An older way to say the type. */
      readonly plugin_name?: string
      /** Engines are built in: any version but none is refused. */
      readonly plugin_version?: string
    }, null>
    delete: Act<Record<never, never>, null>
  }
  /** All auth methods. */
  auth: {
    read: Act<Record<never, never>, {
      /** An auth method, by its path. */
      readonly [name: string]: JsonObject | null
    }>
  }
  /** How a mounted auth method is tuned. */
  "auth/:path/tune": {
    read: Act<Record<never, never>, {
      /** What the mount is for. */
      readonly description: string
      /** Seconds that leases and tokens live unless told otherwise. */
      readonly default_lease_ttl: number
      /** Seconds that they live at most. */
      readonly max_lease_ttl: number
      /** As it was mounted. */
      readonly force_no_cache: boolean
      /** `unauth` when it is listed for everyone. */
      readonly listing_visibility?: string | null
      /** Request keys that the audit writes in clear. */
      readonly audit_non_hmac_request_keys?: readonly string[] | null
      /** Response keys that the audit writes in clear. */
      readonly audit_non_hmac_response_keys?: readonly string[] | null
      /** Request headers that the engine sees. */
      readonly passthrough_request_headers?: readonly string[] | null
      /** Response headers that the engine may set. */
      readonly allowed_response_headers?: readonly string[] | null
      /** Auth methods: the type of tokens that logins earn. */
      readonly token_type?: string | null
      /** Auth methods: when guessing locks a name out. */
      readonly user_lockout_config?: JsonObject | null
      /** Seconds after which failed logins are forgotten. */
      readonly user_lockout_counter_reset_duration?: number | null
      /** How many failed logins lock a name out. */
      readonly user_lockout_threshold?: number | null
      /** Seconds that it is locked out. */
      readonly user_lockout_duration?: number | null
      /** Whether nothing locks a name out. */
      readonly user_lockout_disable?: boolean | null
      /** Options of the engine. */
      readonly options?: Readonly<Record<string, string>> | null
      /** As it was mounted. */
      readonly external_entropy_access?: boolean | null
    }>
    write: Act<{
      /** Default life of leases and tokens of this mount. */
      readonly default_lease_ttl?: string
      /** Longest life of leases and tokens of this mount. */
      readonly max_lease_ttl?: string
      /** `unauth` lists the mount to anyone; `hidden` is the default. */
      readonly listing_visibility?: string
      /** Request keys whose values the audit writes in clear. */
      readonly audit_non_hmac_request_keys?: string | readonly string[]
      /** Response keys whose values the audit writes in clear. */
      readonly audit_non_hmac_response_keys?: string | readonly string[]
      /** Request headers that the engine may see. */
      readonly passthrough_request_headers?: string | readonly string[]
      /** Response headers that the engine may set. */
      readonly allowed_response_headers?: string | readonly string[]
      /** Auth methods: the type of the tokens that logins earn. */
      readonly token_type?: string
      /** Auth methods: when guessing locks a name out. */
      readonly user_lockout_config?: object
      /** What the mount is for. */
      readonly description?: string
      /** Options of the engine, such as `version` of kv. */
      readonly options?: Readonly<Record<string, string>>
    }, null>
  }
  /** Mount an auth method, look at it, unmount it with all its data. */
  "auth/:path": {
    read: Act<Record<never, never>, {
      /** Which engine. */
      readonly type: string
      /** What it is for. */
      readonly description: string
      /** A name of the mount that stays when it moves. */
      readonly accessor: string
      /** What its storage is called by. */
      readonly uuid: string
      /** As it was mounted; every node is equal here. */
      readonly local: boolean
      /** As it was mounted. */
      readonly seal_wrap: boolean
      /** As it was mounted. */
      readonly external_entropy_access: boolean
      /** Options of the engine. */
      readonly options: Readonly<Record<string, string>> | null
      /** How it is tuned. */
      readonly config: JsonObject | null
      /** Empty: engines are built in. */
      readonly plugin_version: string
      /** Empty: engines are built in. */
      readonly running_plugin_version: string
      /** Empty: engines are built in. */
      readonly running_sha256: string
      /** supported */
      readonly deprecation_status?: string | null
    }>
    write: Act<{
      /** Which engine: `kv`, `userpass` …. */
      readonly type?: string
      /** What the mount is for. */
      readonly description?: string
      /** TTLs and the like, as `tune` takes them. */
      readonly config?: object
      /** Options of the engine, such as `version` of kv. */
      readonly options?: Readonly<Record<string, string>>
      /** Accepted for compatibility: every node is equal here. */
      readonly local?: boolean
      /** Accepted for compatibility. */
      readonly seal_wrap?: boolean
      /** Accepted for compatibility. */
      readonly external_entropy_access?: boolean
      /** An older way to say the type. */
      readonly plugin_name?: string
      /** Engines are built in: any version but none is refused. */
      readonly plugin_version?: string
    }, null>
    delete: Act<Record<never, never>, null>
  }
  /** Move a mount to another path. */
  remount: {
    write: Act<{
      /** Where it is. */
      readonly from?: string
      /** Where it shall be. */
      readonly to?: string
    }, {
      /** To ask how far it has come. */
      readonly migration_id: string
    }>
  }
  /** Whether a move is done. Moves are done when they are answered. */
  "remount/status/:migration_id": {
    read: Act<Record<never, never>, {
      /** The move. */
      readonly migration_id: string
      /** source_mount, target_mount and status. */
      readonly migration_info: JsonObject | null
    }>
  }
  /** The names of all policies. */
  "policies/acl": {
    list: Act<Record<never, never>, Names>
  }
  /** A policy: read, write, delete. */
  "policies/acl/:name": {
    read: Act<Record<never, never>, {
      /** Its name. */
      readonly name: string
      /** Its text. */
      readonly policy: string
    }>
    write: Act<{
      /** The policy, in HCL or JSON. */
      readonly policy?: string
    }, JsonObject>
    delete: Act<Record<never, never>, null>
  }
  /** The names of all policies. */
  policy: {
    read: Act<Record<never, never>, {
      /** The names. */
      readonly keys: readonly string[] | null
      /** The names again, for older clients. */
      readonly policies: readonly string[] | null
    }>
    list: Act<Record<never, never>, {
      /** The names. */
      readonly keys: readonly string[] | null
      /** The names again, for older clients. */
      readonly policies: readonly string[] | null
    }>
  }
  /** A policy: read, write, delete. */
  "policy/:name": {
    read: Act<Record<never, never>, {
      /** Its name. */
      readonly name: string
      /** Its text. */
      readonly rules: string
    }>
    write: Act<{
      /** The policy, in HCL or JSON. */
      readonly policy?: string
      /** An older name of `policy`. @deprecated use "policy" */
      readonly rules?: string
    }, JsonObject>
    delete: Act<Record<never, never>, null>
  }
  /** Which rule of which policy decides a path and operation, why, and what would change it. */
  "policies/explain": {
    write: Act<{
      /** The path asked about, as in a request. */
      readonly path: string
      /** What is to be done there. */
      readonly operation?: "read" | "list" | "scan" | "create" | "update" | "delete" | "patch"
      /** Ask for the token with this accessor instead of one's own. */
      readonly accessor?: string
      /** Ask for a set of policies instead of a token's. */
      readonly policies?: string | readonly string[]
    }, {
      /** All of it in plain words. */
      readonly text: string
      /** Whether it is allowed, and for which reason. */
      readonly verdict: JsonObject | null
      /** The rule that decided, with the policies and lines it comes from. */
      readonly deciding?: JsonObject | null
      /** Rules that also match, the strongest first, and why each lost. */
      readonly runnersUp: Json
      /** Capabilities that it would need besides. */
      readonly missing: readonly string[] | null
      /** A policy that would allow it, where one alone can. */
      readonly snippet?: string | null
    }>
  }
  /** The names of all password policies. */
  "policies/password": {
    list: Act<{
      /** Only names after this one. */
      readonly after?: string
      /** At most this many names. */
      readonly limit?: number
    }, Names>
  }
  /** A password by this policy. */
  "policies/password/:name/generate": {
    read: Act<Record<never, never>, {
      /** The password. */
      readonly password: string
    }>
  }
  /** A password policy: read, write, delete. */
  "policies/password/:name": {
    read: Act<Record<never, never>, {
      /** Its text, in HCL. */
      readonly policy: string
    }>
    write: Act<{
      /** The policy, in HCL or JSON. */
      readonly policy?: string
    }, null>
    delete: Act<Record<never, never>, null>
  }
  /** What a token may do at some paths. */
  capabilities: {
    write: Act<{
      /** An older name of `paths`. @deprecated use "paths" */
      readonly path?: string | readonly string[]
      /** The paths asked about. */
      readonly paths?: string | readonly string[]
      /** The token asked about. */
      readonly token?: string
    }, {
      /** The same, when one path was asked about. */
      readonly capabilities?: readonly string[] | null
      /** What may be done at a path, by the path. */
      readonly [name: string]: readonly string[] | null | undefined
    }>
  }
  /** What the caller may do at some paths. */
  "capabilities-self": {
    write: Act<{
      /** An older name of `paths`. @deprecated use "paths" */
      readonly path?: string | readonly string[]
      /** The paths asked about. */
      readonly paths?: string | readonly string[]
      /** Ignored; older clients send it. */
      readonly token?: string
    }, {
      /** The same, when one path was asked about. */
      readonly capabilities?: readonly string[] | null
      /** What may be done at a path, by the path. */
      readonly [name: string]: readonly string[] | null | undefined
    }>
  }
  /** What the token with an accessor may do at some paths. */
  "capabilities-accessor": {
    write: Act<{
      /** An older name of `paths`. @deprecated use "paths" */
      readonly path?: string | readonly string[]
      /** The paths asked about. */
      readonly paths?: string | readonly string[]
      /** The accessor asked about. */
      readonly accessor?: string
    }, {
      /** The same, when one path was asked about. */
      readonly capabilities?: readonly string[] | null
      /** What may be done at a path, by the path. */
      readonly [name: string]: readonly string[] | null | undefined
    }>
  }
  /** The audit devices. */
  audit: {
    read: Act<Record<never, never>, {
      /** path, type, description, options and local of a device, by its path. */
      readonly [name: string]: JsonObject | null
    }>
  }
  /** The public key that checkpoints of audit files are signed with, and where each chain stood when it was last signed. */
  "audit/verification-key": {
    read: Act<Record<never, never>, {
      /** Ed25519, in PEM. */
      readonly public_key: string
      /** Of each chain its origin, how many records it had (size), and the hash of the last (prev). */
      readonly chains: Json
    }>
  }
  /** Enable or disable an audit device. */
  "audit/:path": {
    write: Act<{
      /** file, syslog, socket or http. */
      readonly type?: string
      /** What it is for. */
      readonly description?: string
      /** The options of its type, such as `file_path`. */
      readonly options?: Readonly<Record<string, string>>
      /** Accepted for compatibility. */
      readonly local?: boolean
    }, null>
    delete: Act<Record<never, never>, null>
  }
  /** What a value looks like in the records of a device. */
  "audit-hash/:path": {
    write: Act<{
      /** The value. */
      readonly input?: string
    }, {
      /** As it stands in the records. */
      readonly hash: string
    }>
  }
  /** Which web pages may call the API from a browser. */
  "config/cors": {
    read: Act<Record<never, never>, {
      /** Whether web pages may call at all. */
      readonly enabled: boolean
      /** Origins, or `*` alone. */
      readonly allowed_origins?: readonly string[] | null
      /** Headers they may send. */
      readonly allowed_headers?: readonly string[] | null
      /** Whether browsers send credentials. */
      readonly allow_credentials?: boolean | null
    }>
    write: Act<{
      /** Origins, or `*` alone. */
      readonly allowed_origins?: string | readonly string[]
      /** Headers beside the standard ones. */
      readonly allowed_headers?: string | readonly string[]
      /** Ignored: writing enables it, deleting disables it. */
      readonly enable?: boolean
      /** Let browsers send credentials. */
      readonly allow_credentials?: boolean
    }, null>
    delete: Act<Record<never, never>, null>
  }
  /** The request headers that the audit writes. */
  "config/auditing/request-headers": {
    read: Act<Record<never, never>, {
      /** Header names to whether they are HMACed. */
      readonly headers: JsonObject | null
    }>
  }
  /** Whether the audit writes a request header, and whether in clear. */
  "config/auditing/request-headers/:header": {
    read: Act<Record<never, never>, {
      /** hmac: whether its value is HMACed, by the header's name. */
      readonly [name: string]: JsonObject | null
    }>
    write: Act<{
      /** Write its HMAC instead of its value. */
      readonly hmac?: boolean
    }, null>
    delete: Act<Record<never, never>, null>
  }
  /** Response headers of the web console. */
  "config/ui/headers": {
    list: Act<Record<never, never>, Names>
  }
  /** A response header of the web console. */
  "config/ui/headers/:header": {
    read: Act<{
      /** Answer all values. */
      readonly multivalue?: boolean
    }, {
      /** Its value. */
      readonly value: string
      /** All its values. */
      readonly values: readonly string[] | null
    }>
    write: Act<{
      /** Its values. */
      readonly values?: readonly string[]
      /** Answer all values. */
      readonly multivalue?: boolean
    }, null>
    delete: Act<Record<never, never>, null>
  }
  /** The configuration in force, without secrets. */
  "config/state/sanitized": {
    read: Act<Record<never, never>, JsonObject>
  }
  /** The namespaces directly below this one (LIST), or all below it (SCAN). */
  namespaces: {
    list: Act<Record<never, never>, Names>
    scan: Act<Record<never, never>, Names>
  }
  /** Let a namespace answer nothing until it is unlocked. */
  "namespaces/api-lock/lock/*path": {
    write: Act<Record<never, never>, JsonObject>
  }
  /** Let a locked namespace answer again. */
  "namespaces/api-lock/unlock/*path": {
    write: Act<{
      /** The key that the lock gave. */
      readonly unlock_key?: string
    }, JsonObject>
  }
  /** A namespace: make it, look at it, delete it with all that is in it. */
  "namespaces/:path": {
    read: Act<Record<never, never>, {
      /** Its id; ends the tokens made in it. */
      readonly id: string
      /** What its storage is called by. */
      readonly uuid: string
      /** Its path, from the namespace of the request. */
      readonly path: string
      /** Words of your own. */
      readonly custom_metadata: Readonly<Record<string, string>> | null
      /** Whether it answers nothing. */
      readonly locked: boolean
      /** Whether it is being deleted. */
      readonly tainted: boolean
    }>
    write: Act<{
      /** Words of your own about the namespace. */
      readonly custom_metadata?: Readonly<Record<string, string>>
    }, {
      /** Its id; ends the tokens made in it. */
      readonly id: string
      /** What its storage is called by. */
      readonly uuid: string
      /** Its path, from the namespace of the request. */
      readonly path: string
      /** Words of your own. */
      readonly custom_metadata: Readonly<Record<string, string>> | null
      /** Whether it answers nothing. */
      readonly locked: boolean
      /** Whether it is being deleted. */
      readonly tainted: boolean
    }>
    delete: Act<Record<never, never>, {
      /** `in-progress`: it answers nothing any more, and is erased when what it issued is revoked. */
      readonly status: string
    }>
    patch: Act<{
      /** Words of your own about the namespace. */
      readonly custom_metadata?: Readonly<Record<string, string>>
    }, {
      /** Its id; ends the tokens made in it. */
      readonly id: string
      /** What its storage is called by. */
      readonly uuid: string
      /** Its path, from the namespace of the request. */
      readonly path: string
      /** Words of your own. */
      readonly custom_metadata: Readonly<Record<string, string>> | null
      /** Whether it answers nothing. */
      readonly locked: boolean
      /** Whether it is being deleted. */
      readonly tainted: boolean
    }>
  }
  /** What holds for all quotas. */
  "quotas/config": {
    read: Act<Record<never, never>, {
      /** Whether refused requests are audited. */
      readonly enable_rate_limit_audit_logging: boolean
      /** Whether replies tell what is left. */
      readonly enable_rate_limit_response_headers: boolean
      /** Paths that no limit holds for. */
      readonly rate_limit_exempt_paths: readonly string[] | null
    }>
    write: Act<{
      /** Requests that a rate limit refuses stand in the audit. */
      readonly enable_rate_limit_audit_logging?: boolean
      /** Not offered here. */
      readonly enable_rate_limit_response_headers?: boolean
      /** Paths that no rate limit holds for. */
      readonly rate_limit_exempt_paths?: readonly string[]
    }, JsonObject>
  }
  /** The names of all rate limits. */
  "quotas/rate-limit": {
    list: Act<Record<never, never>, Names>
  }
  /** A rate limit: read, write, delete. */
  "quotas/rate-limit/:name": {
    read: Act<Record<never, never>, {
      /** Its name. */
      readonly name: string
      /** rate-limit */
      readonly type: string
      /** What it limits; empty is all. */
      readonly path: string
      /** Only logins by this role. */
      readonly role: string
      /** Requests of one client address in an interval. */
      readonly rate: number
      /** Seconds in which they are counted. */
      readonly interval: number
      /** Seconds that a client is refused after too many. */
      readonly block_interval: number
      /** It holds in namespaces below as well. */
      readonly inheritable: boolean
    }>
    write: Act<{
      /** What it limits: a mount, a path of it, or all when left out. */
      readonly path?: string
      /** Only logins by this role. */
      readonly role?: string
      /** Requests of one client address in a second. */
      readonly rate?: number
      /** The span in which they are counted. */
      readonly interval?: string | number
      /** How long a client is refused after too many. */
      readonly block_interval?: string | number
      /** It also holds in namespaces below. */
      readonly inheritable?: boolean
      /** Only rate-limit is known. */
      readonly type?: string
    }, null>
    delete: Act<Record<never, never>, null>
  }
  /** The names of all lease counts. */
  "quotas/lease-count": {
    list: Act<Record<never, never>, Names>
  }
  /** How many leases and tokens there may be below a path: read, write, delete. */
  "quotas/lease-count/:name": {
    read: Act<Record<never, never>, JsonObject>
    write: Act<{
      /** What it holds for: a namespace, a mount, a path of it, or all when left out. */
      readonly path?: string
      /** How many. */
      readonly max_leases?: number
      /** It also holds in namespaces below. */
      readonly inheritable?: boolean
      /** Only logins by this role; `path` is an auth mount that has roles. */
      readonly role?: string
      /** Only lease-count is known. */
      readonly type?: string
    }, JsonObject>
    delete: Act<Record<never, never>, JsonObject>
  }
  /** The nodes of the cluster, as far as this one knows them. */
  "ha-status": {
    read: Act<Record<never, never>, {
      /** Each with hostname, api_address, cluster_address, active_node, last_echo and version; beside them arca_version, draining, started_at and clock_ahead_ms, compared with this node. */
      readonly nodes: Json
    }>
  }
  /** The versions that served this store. */
  "version-history": {
    list: Act<Record<never, never>, Names>
  }
  /** The machine this node runs on. */
  "host-info": {
    read: Act<Record<never, never>, {
      /** When it was looked at. (RFC 3339) */
      readonly timestamp: string
      /** Name, system and uptime. */
      readonly host: JsonObject | null
      /** The processors. */
      readonly cpu: Json
      /** How long they did what. */
      readonly cpu_times?: Json
      /** Bytes: total, available, used. */
      readonly memory: JsonObject | null
      /** The disks. */
      readonly disk?: Json
      /** Averages of the load. */
      readonly load?: JsonObject | null
    }>
  }
  /** The requests that this machine is answering now. */
  "in-flight-req": {
    read: Act<Record<never, never>, {
      /** start_time, client_remote_address, request_path and request_method, by the request's id. */
      readonly [name: string]: JsonObject | null
    }>
  }
  /** Replication between clusters: there is none. */
  "replication/dr/status": {
    read: Act<Record<never, never>, JsonObject>
  }
  /** Replication between clusters: there is none. */
  "replication/performance/status": {
    read: Act<Record<never, never>, JsonObject>
  }
  /** Replication between clusters: there is none. */
  "replication/status": {
    read: Act<Record<never, never>, JsonObject>
  }
  /** How many entities there are. */
  "internal/counters/entities": {
    read: Act<Record<never, never>, {
      /** entities.total */
      readonly counters: JsonObject | null
    }>
  }
  /** How many service tokens there are. */
  "internal/counters/tokens": {
    read: Act<Record<never, never>, {
      /** service_tokens.total */
      readonly counters: JsonObject | null
    }>
  }
  /** A backup of the whole store; put one back. */
  "storage/raft/snapshot": {
    read: Act<Record<never, never>, JsonObject>
    write: Act<Record<never, never>, JsonObject>
  }
  /** Put a backup back, of whatever keys. The store then has the keys of the backup. */
  "storage/raft/snapshot-force": {
    write: Act<Record<never, never>, JsonObject>
  }
  /** The schedules of snapshots. */
  "storage/raft/snapshot-auto/config": {
    list: Act<Record<never, never>, Names>
  }
  /** A schedule: how often a snapshot is made, and where it is kept. */
  "storage/raft/snapshot-auto/config/:name": {
    read: Act<Record<never, never>, JsonObject>
    write: Act<{
      /** The time from one snapshot to the next. */
      readonly interval?: string | number
      /** How many are kept. */
      readonly retain?: number
      /** The folder; in a bucket what keys begin with. */
      readonly path_prefix?: string
      /** What the files' names begin with. */
      readonly file_prefix?: string
      /** Where they are kept: `local`, a folder, or `aws-s3`, a bucket. */
      readonly storage_type?: string
      /** How many bytes the snapshots in a folder may take together. */
      readonly local_max_space?: number
      /** The bucket. */
      readonly aws_s3_bucket?: string
      /** The region it is in. */
      readonly aws_s3_region?: string
      /** The address of a store that is not Amazon's. */
      readonly aws_s3_endpoint?: string
      /** Speak plain HTTP to an endpoint that is given without a scheme. */
      readonly aws_s3_disable_tls?: boolean
      /** Ask for `endpoint/bucket` in place of `bucket.endpoint`. */
      readonly aws_s3_force_path_style?: boolean
      /** The authorities that sign the endpoint's certificate, PEM. */
      readonly aws_s3_ca_cert?: string
      /** Have objects encrypted by the store's own keys (AES256). */
      readonly aws_s3_server_side_encryption?: boolean
      /** Have objects encrypted by a key of KMS. */
      readonly aws_s3_enable_kms?: boolean
      /** That key; the account's own when it is not given. */
      readonly aws_s3_kms_key?: string
      /** The access key; this server's own account when it is not given. */
      readonly aws_access_key_id?: string
      /** Its secret. It is not told again. */
      readonly aws_secret_access_key?: string
      /** The token of a session. It is not told again. */
      readonly aws_session_token?: string
    }, JsonObject>
    delete: Act<Record<never, never>, JsonObject>
  }
  /** How the latest snapshot of a schedule went. */
  "storage/raft/snapshot-auto/status/:name": {
    read: Act<Record<never, never>, JsonObject>
  }
  /** The nodes that share the store, as far as this one knows them. */
  "storage/raft/configuration": {
    read: Act<Record<never, never>, JsonObject>
  }
  /** How the nodes are. */
  "storage/raft/autopilot/state": {
    read: Act<Record<never, never>, JsonObject>
  }
  /** What Vault's autopilot is told: kept, without effect here. */
  "storage/raft/autopilot/configuration": {
    read: Act<Record<never, never>, JsonObject>
    write: Act<{
      /** Remove nodes that are gone. */
      readonly cleanup_dead_servers?: boolean
      /** Silence after which a node is unhealthy. */
      readonly last_contact_threshold?: string | number
      /** Silence after which a node is gone. */
      readonly dead_server_last_contact_threshold?: string | number
      /** How far a node may be behind. */
      readonly max_trailing_logs?: number
      /** Nodes that must remain. */
      readonly min_quorum?: number
      /** Health that a new node must show first. */
      readonly server_stabilization_time?: string | number
      /** Accepted for compatibility. */
      readonly disable_upgrade_migration?: boolean
    }, JsonObject>
  }
  /** Refused: a node that is stopped has left, and holds nothing. */
  "storage/raft/remove-peer": {
    write: Act<{
      /** The node. */
      readonly server_id?: string
    }, JsonObject>
  }
  /** Older copies of the store that were found in the place of newer ones, by what the audit logs say it held; accept them, so that health checks are silent again. */
  "storage/rollback": {
    read: Act<Record<never, never>, {
      /** For each log that knew more: found_at, origin (cluster, node, worker and device), what the store held of it (opening, records), and what it holds; or `entries`, how many mounts, policies, quotas and audit devices were expected and found. */
      readonly found: Json
    }>
    delete: Act<Record<never, never>, null>
  }
  /** The names that are locked out after failed logins, here and in the namespaces below. */
  "locked-users": {
    read: Act<{
      /** Only those of this auth mount, of this namespace. */
      readonly mount_accessor?: string
    }, JsonObject>
  }
  /** Let a locked name log in again. */
  "locked-users/:mount_accessor/unlock/:alias_identifier": {
    write: Act<Record<never, never>, JsonObject>
  }
  /** The engines and auth methods that can be enabled. All are built in. */
  "plugins/catalog": {
    read: Act<Record<never, never>, {
      /** Auth methods. */
      readonly auth: readonly string[] | null
      /** Secrets engines. */
      readonly secret: readonly string[] | null
      /** Database drivers. */
      readonly database: readonly string[] | null
      /** Each with name, type, version, builtin and deprecation_status. */
      readonly detailed: Json
    }>
  }
  /** The engines of a type: auth, secret or database. */
  "plugins/catalog/:type": {
    list: Act<Record<never, never>, Names>
  }
  /** One engine. Registering and removing are refused. */
  "plugins/catalog/:type/:name": {
    read: Act<Record<never, never>, JsonObject>
    write: Act<Record<never, never>, JsonObject>
    delete: Act<Record<never, never>, JsonObject>
  }
  /** Versions that mounts are pinned to: none. */
  "plugins/pins": {
    read: Act<Record<never, never>, JsonObject>
  }
  /** Containers that plugins could run in: none. */
  "plugins/runtimes/catalog": {
    read: Act<Record<never, never>, JsonObject>
    list: Act<Record<never, never>, Names>
  }
  /** Start engines anew. They have no state of their own, so there is nothing to do; what is named must be there. */
  "plugins/reload/backend": {
    write: Act<{
      /** Of which engine all mounts are meant. */
      readonly plugin?: string
      /** Or which mounts. */
      readonly mounts?: string | readonly string[]
      /** Accepted for compatibility. */
      readonly scope?: string
    }, JsonObject>
  }
  /** The same for one engine. */
  "plugins/reload/:type/:name": {
    write: Act<{
      /** Accepted for compatibility. */
      readonly scope?: string
    }, JsonObject>
  }
  /** Which profiles there are. */
  pprof: {
    read: Act<Record<never, never>, JsonObject>
  }
  /** Where this process spends its time, in V8's format. */
  "pprof/profile": {
    read: Act<{
      /** How long to look. */
      readonly seconds?: number
    }, JsonObject>
  }
  /** Who allocates memory that stays, in V8's format. */
  "pprof/heap": {
    read: Act<{
      /** How long to look. */
      readonly seconds?: number
    }, JsonObject>
  }
  /** Who allocates memory, what was given back included, in V8's format. */
  "pprof/allocs": {
    read: Act<{
      /** How long to look. */
      readonly seconds?: number
    }, JsonObject>
  }
  /** Which engine answers under which path, when `introspection_endpoint = true` is configured. */
  "internal/inspect/router/:tag": {
    read: Act<Record<never, never>, JsonObject>
  }
  /** Nothing: requests are counted by `sys/metrics`. */
  "internal/counters/requests": {
    read: Act<Record<never, never>, JsonObject>
  }
  /** How many clients there were: nobody counts them here, so there is no data. */
  "internal/counters/activity": {
    read: Act<{
      /** Accepted for compatibility. */
      readonly start_time?: string
      /** Accepted for compatibility. */
      readonly end_time?: string
    }, JsonObject>
  }
  /** How many clients there were this month: there is no data. */
  "internal/counters/activity/monthly": {
    read: Act<Record<never, never>, JsonObject>
  }
  /** Which clients there were: there is no data. */
  "internal/counters/activity/export": {
    read: Act<{
      /** Accepted for compatibility. */
      readonly start_time?: string
      /** Accepted for compatibility. */
      readonly end_time?: string
    }, JsonObject>
  }
  /** How clients are counted: they are not. */
  "internal/counters/config": {
    read: Act<Record<never, never>, JsonObject>
    write: Act<Record<never, never>, JsonObject>
  }
  /** There is no licence to run out. */
  "license/status": {
    read: Act<Record<never, never>, JsonObject>
  }
  /** Experiments that can be switched on: none. */
  experiments: {
    read: Act<Record<never, never>, JsonObject>
  }
  /** Features that wait for being activated: none. */
  "activation-flags": {
    read: Act<Record<never, never>, JsonObject>
  }
  /** Messages of the operator for people at the console: none. */
  "internal/ui/authenticated-messages": {
    read: Act<Record<never, never>, JsonObject>
  }
  /** Messages of the operator for people at the console: none. */
  "internal/ui/unauthenticated-messages": {
    read: Act<Record<never, never>, JsonObject>
  }
  /** Which auth method the console offers first: whichever is listed. */
  "internal/ui/default-auth-methods": {
    read: Act<Record<never, never>, JsonObject>
  }
  /** Read something anew while the server runs: `listener` (certificates), `audit`, `log`; `license` does nothing. */
  "config/reload/:subsystem": {
    write: Act<Record<never, never>, JsonObject>
  }
  /** How much is logged: the level of each logger. Setting one sets all; deleting goes back to the configuration. */
  loggers: {
    read: Act<Record<never, never>, JsonObject>
    write: Act<{
      /** trace, debug, info, warn or error. */
      readonly level?: string
    }, JsonObject>
    delete: Act<Record<never, never>, JsonObject>
  }
  /** How much one logger logs. */
  "loggers/:name": {
    read: Act<Record<never, never>, JsonObject>
    write: Act<{
      /** trace, debug, info, warn or error. */
      readonly level?: string
    }, JsonObject>
    delete: Act<Record<never, never>, JsonObject>
  }
  /** The log of this machine's processes as it is written, as a stream. */
  monitor: {
    read: Act<{
      /** The least level to show. */
      readonly log_level?: string
      /** standard or json. */
      readonly log_format?: string
    }, JsonObject>
  }
  /** Counters, durations and gauges of this machine's processes, as JSON or for Prometheus. */
  metrics: {
    read: Act<{
      /** `prometheus` for its text format. */
      readonly format?: string
    }, JsonObject>
  }
  /** What is known of a lease; the topmost folders of leases. */
  "leases/lookup": {
    list: Act<{
      /** Only names after this one. */
      readonly after?: string
      /** At most this many names. */
      readonly limit?: number
    }, Names>
    write: Act<{
      /** The lease meant. */
      readonly lease_id?: string
    }, {
      /** The lease. */
      readonly id: string
      /** When it was issued. (RFC 3339) */
      readonly issue_time: string
      /** When it ends. (RFC 3339) */
      readonly expire_time?: string | null
      /** When it was prolonged last. (RFC 3339) */
      readonly last_renewal?: string | null
      /** Whether it can be prolonged. */
      readonly renewable: boolean
      /** Seconds that are left. */
      readonly ttl: number
    }>
  }
  /** The leases below a path. */
  "leases/lookup/*prefix": {
    list: Act<{
      /** Only names after this one. */
      readonly after?: string
      /** At most this many names. */
      readonly limit?: number
    }, Names>
  }
  /** Prolong a lease. */
  "leases/renew": {
    write: Act<{
      /** The lease meant. */
      readonly lease_id?: string
      /** The life wished for from now on. */
      readonly increment?: string | number
    }, JsonObject>
  }
  /** Prolong a lease. */
  "leases/renew/*url_lease_id": {
    write: Act<{
      /** The lease meant. */
      readonly lease_id?: string
      /** The life wished for from now on. */
      readonly increment?: string | number
    }, JsonObject>
  }
  /** Prolong a lease. */
  renew: {
    write: Act<{
      /** The lease meant. */
      readonly lease_id?: string
      /** The life wished for from now on. */
      readonly increment?: string | number
    }, JsonObject>
  }
  /** Prolong a lease. */
  "renew/*url_lease_id": {
    write: Act<{
      /** The lease meant. */
      readonly lease_id?: string
      /** The life wished for from now on. */
      readonly increment?: string | number
    }, JsonObject>
  }
  /** End a lease and what it stands for. */
  "leases/revoke": {
    write: Act<{
      /** The lease meant. */
      readonly lease_id?: string
      /** Answer only when it is done; otherwise it will be, and the answer is 202. */
      readonly sync?: boolean
    }, JsonObject>
  }
  /** End a lease and what it stands for. */
  "leases/revoke/*url_lease_id": {
    write: Act<{
      /** The lease meant. */
      readonly lease_id?: string
      /** Answer only when it is done; otherwise it will be, and the answer is 202. */
      readonly sync?: boolean
    }, JsonObject>
  }
  /** End a lease and what it stands for. */
  revoke: {
    write: Act<{
      /** The lease meant. */
      readonly lease_id?: string
      /** Answer only when it is done; otherwise it will be, and the answer is 202. */
      readonly sync?: boolean
    }, JsonObject>
  }
  /** End a lease and what it stands for. */
  "revoke/*url_lease_id": {
    write: Act<{
      /** The lease meant. */
      readonly lease_id?: string
      /** Answer only when it is done; otherwise it will be, and the answer is 202. */
      readonly sync?: boolean
    }, JsonObject>
  }
  /** End all leases below a path. */
  "leases/revoke-prefix/:prefix": {
    write: Act<{
      /** Answer only when it is done; otherwise it will be, and the answer is 202. */
      readonly sync?: boolean
    }, JsonObject>
  }
  /** End all leases below a path. */
  "revoke-prefix/:prefix": {
    write: Act<{
      /** Answer only when it is done; otherwise it will be, and the answer is 202. */
      readonly sync?: boolean
    }, JsonObject>
  }
  /** Forget all leases below a path, whether what they stand for could be ended or not. */
  "leases/revoke-force/:prefix": {
    write: Act<Record<never, never>, JsonObject>
  }
  /** Forget all leases below a path, whether what they stand for could be ended or not. */
  "revoke-force/:prefix": {
    write: Act<Record<never, never>, JsonObject>
  }
  /** Look for leftovers of leases. Indexes are kept in the same commit as their leases, so there are none to find. */
  "leases/tidy": {
    write: Act<Record<never, never>, null>
  }
  /** How many leases there are, by the accessor of their mount. */
  "leases/count": {
    read: Act<{
      /** `irrevocable` counts only those. */
      readonly type?: string
      /** Ignored; Vault's command line sends it. */
      readonly include_child_namespaces?: boolean
    }, {
      /** How many. */
      readonly lease_count: number
      /** How many by mount. */
      readonly counts: JsonObject | null
    }>
  }
  /** The leases that are out, with engine, role and holder. Not part of Vault. */
  "leases/active": {
    read: Act<{
      /** Only leases after this one. */
      readonly after?: string
      /** At most this many; no more than 10000. */
      readonly limit?: number
    }, {
      /** Each with `id`, `engine`, `mount`, `role`, `holder`, `state`, `issue_time`, `expire_time`, `ttl`. */
      readonly leases: Json
      /** What to ask for `after` next; empty at the end. */
      readonly next: string
    }>
  }
  /** Why a lease is there: who asked, by which policy, when, and until when it can live. Not part of Vault. */
  "leases/explain": {
    write: Act<{
      /** The lease meant. */
      readonly lease_id?: string
    }, {
      /** The lease. */
      readonly id: string
      /** The type of the engine that issued it. */
      readonly engine: string
      /** Where that is mounted. */
      readonly mount: string
      /** What was asked of it. */
      readonly role: string
      /** `active`; `revoking` while its end is tried; `irrevocable` when only a person can end it. */
      readonly state: string
      /** When it was issued. */
      readonly issue_time: string
      /** When it ends. */
      readonly expire_time: string
      /** Seconds that are left. */
      readonly ttl: number
      /** When it was prolonged last. */
      readonly last_renewal?: string | null
      /** Whether it can be prolonged. */
      readonly renewable: boolean
      /** Renewals cannot keep it longer. */
      readonly longest_until?: string | null
      /** It ends with the token that asked, then at the latest. */
      readonly token_until?: string | null
      /** The token's name and accessor, its entity and policies, the policies that allowed it, the address, the request. */
      readonly asked_by: JsonObject | null
      /** How often it was tried in vain to end it. */
      readonly failed_revocations: number
      /** What the last try said. */
      readonly revoke_error?: string | null
    }>
  }
  /** The leases that could not be revoked, with the reason. */
  leases: {
    read: Act<{
      /** Only `irrevocable` is known. */
      readonly type?: string
      /** At most this many; `none` lists all. */
      readonly limit?: string
      /** Ignored; Vault's command line sends it. */
      readonly include_child_namespaces?: boolean
    }, JsonObject>
  }
  /** Seal this node: it forgets its keys. With `cluster`, every node. */
  seal: {
    write: Act<{
      /** Seal every node that shares the store, before this is answered. */
      readonly cluster?: boolean
    }, null>
  }
  /** Drain this node: health checks send clients elsewhere, and its background jobs go to other nodes. */
  "step-down": {
    write: Act<Record<never, never>, JsonObject>
  }
  /** The key that values are sealed under. */
  "key-status": {
    read: Act<Record<never, never>, {
      /** Which key it is; the first is 1. */
      readonly term: number
      /** When it was made. (RFC 3339) */
      readonly install_time: string
      /** Values that were sealed under it. */
      readonly encryptions: number
    }>
  }
  /** Seal everything from now on under a new key. What is sealed stays readable. */
  rotate: {
    write: Act<Record<never, never>, JsonObject>
  }
  /** Seal everything from now on under a new key. What is sealed stays readable. */
  "rotate/keyring": {
    write: Act<Record<never, never>, JsonObject>
  }
  /** When keys are replaced by themselves. */
  "rotate/config": {
    read: Act<Record<never, never>, {
      /** Whether keys are replaced by themselves. */
      readonly enabled: boolean
      /** Seconds a key is used at most; 0 is without limit. */
      readonly interval: number
      /** Values that are sealed under one key. */
      readonly max_operations: number
    }>
    write: Act<{
      /** Values sealed under one key before the next one is made. */
      readonly max_operations?: number
      /** How long a key is used at most; 0 is without limit. */
      readonly interval?: string | number
      /** Whether keys are replaced by themselves. */
      readonly enabled?: boolean
    }, null>
  }
  /** When keys are replaced by themselves. */
  "rotate/keyring/config": {
    read: Act<Record<never, never>, {
      /** Whether keys are replaced by themselves. */
      readonly enabled: boolean
      /** Seconds a key is used at most; 0 is without limit. */
      readonly interval: number
      /** Values that are sealed under one key. */
      readonly max_operations: number
    }>
    write: Act<{
      /** Values sealed under one key before the next one is made. */
      readonly max_operations?: number
      /** How long a key is used at most; 0 is without limit. */
      readonly interval?: string | number
      /** Whether keys are replaced by themselves. */
      readonly enabled?: boolean
    }, null>
  }
  /** Replace the shares of the key: begin, look, give up. */
  "rekey/init": {
    read: Act<Record<never, never>, {
      /** Which attempt this is. */
      readonly nonce: string
      /** Whether one is in progress. */
      readonly started: boolean
      /** How many of the new shares it shall take. */
      readonly t: number
      /** How many new shares there shall be. */
      readonly n: number
      /** How many shares of the present key were given. */
      readonly progress: number
      /** How many it takes. */
      readonly required: number
      /** The keys that the new shares are encrypted to. */
      readonly pgp_fingerprints: readonly string[] | null
      /** Whether the encrypted shares are kept. */
      readonly backup: boolean
      /** Whether the new shares must be shown. */
      readonly verification_required: boolean
      /** Which verification this is. */
      readonly verification_nonce?: string | null
    }>
    write: Act<{
      /** How many people shall hold a share. */
      readonly secret_shares?: number
      /** How many of them it shall take. */
      readonly secret_threshold?: number
      /** Public keys to encrypt the shares to, one each. */
      readonly pgp_keys?: readonly string[]
      /** Keep the encrypted shares for those who lose theirs. */
      readonly backup?: boolean
      /** The new shares count only once their holders have shown them. */
      readonly require_verification?: boolean
      /** Which attempt this is about. */
      readonly nonce?: string
    }, {
      /** Which attempt this is. */
      readonly nonce: string
      /** Whether one is in progress. */
      readonly started: boolean
      /** How many of the new shares it shall take. */
      readonly t: number
      /** How many new shares there shall be. */
      readonly n: number
      /** How many shares of the present key were given. */
      readonly progress: number
      /** How many it takes. */
      readonly required: number
      /** The keys that the new shares are encrypted to. */
      readonly pgp_fingerprints: readonly string[] | null
      /** Whether the encrypted shares are kept. */
      readonly backup: boolean
      /** Whether the new shares must be shown. */
      readonly verification_required: boolean
      /** Which verification this is. */
      readonly verification_nonce?: string | null
    }>
    delete: Act<Record<never, never>, null>
  }
  /** Give a share of the present key. */
  "rekey/update": {
    write: Act<{
      /** A share, in hex or base64. */
      readonly key?: string
      /** Which attempt this is about. */
      readonly nonce?: string
    }, {
      /** Which attempt this is. */
      readonly nonce: string
      /** Whether one is in progress. */
      readonly started?: boolean | null
      /** How many of the new shares it shall take. */
      readonly t?: number | null
      /** How many new shares there shall be. */
      readonly n?: number | null
      /** How many shares of the present key were given. */
      readonly progress?: number | null
      /** How many it takes. */
      readonly required?: number | null
      /** The keys that the new shares are encrypted to. */
      readonly pgp_fingerprints?: readonly string[] | null
      /** Whether the encrypted shares are kept. */
      readonly backup?: boolean | null
      /** Whether the new shares must be shown. */
      readonly verification_required?: boolean | null
      /** Which verification this is. */
      readonly verification_nonce?: string | null
      /** Whether the shares were replaced. */
      readonly complete?: boolean | null
      /** The new shares, in hex. */
      readonly keys?: readonly string[] | null
      /** The new shares, in base64. */
      readonly keys_base64?: readonly string[] | null
    }>
  }
  /** Give a share of the new key, to show that it arrived. */
  "rekey/verify": {
    read: Act<Record<never, never>, {
      /** Which attempt this is. */
      readonly nonce: string
      /** Whether one is in progress. */
      readonly started?: boolean | null
      /** How many shares it takes. */
      readonly t?: number | null
      /** How many there are. */
      readonly n?: number | null
      /** How many were shown. */
      readonly progress?: number | null
      /** Whether the new shares count from now on. */
      readonly complete?: boolean | null
    }>
    write: Act<{
      /** A share, in hex or base64. */
      readonly key?: string
      /** Which attempt this is about. */
      readonly nonce?: string
    }, {
      /** Which attempt this is. */
      readonly nonce: string
      /** Whether one is in progress. */
      readonly started?: boolean | null
      /** How many shares it takes. */
      readonly t?: number | null
      /** How many there are. */
      readonly n?: number | null
      /** How many were shown. */
      readonly progress?: number | null
      /** Whether the new shares count from now on. */
      readonly complete?: boolean | null
    }>
    delete: Act<Record<never, never>, {
      /** Which attempt this is. */
      readonly nonce: string
      /** Whether one is in progress. */
      readonly started?: boolean | null
      /** How many shares it takes. */
      readonly t?: number | null
      /** How many there are. */
      readonly n?: number | null
      /** How many were shown. */
      readonly progress?: number | null
      /** Whether the new shares count from now on. */
      readonly complete?: boolean | null
    }>
  }
  /** Replace the shares of the key: begin, look, give up. */
  "rekey-recovery-key/init": {
    read: Act<Record<never, never>, {
      /** Which attempt this is. */
      readonly nonce: string
      /** Whether one is in progress. */
      readonly started: boolean
      /** How many of the new shares it shall take. */
      readonly t: number
      /** How many new shares there shall be. */
      readonly n: number
      /** How many shares of the present key were given. */
      readonly progress: number
      /** How many it takes. */
      readonly required: number
      /** The keys that the new shares are encrypted to. */
      readonly pgp_fingerprints: readonly string[] | null
      /** Whether the encrypted shares are kept. */
      readonly backup: boolean
      /** Whether the new shares must be shown. */
      readonly verification_required: boolean
      /** Which verification this is. */
      readonly verification_nonce?: string | null
    }>
    write: Act<{
      /** How many people shall hold a share. */
      readonly secret_shares?: number
      /** How many of them it shall take. */
      readonly secret_threshold?: number
      /** Public keys to encrypt the shares to, one each. */
      readonly pgp_keys?: readonly string[]
      /** Keep the encrypted shares for those who lose theirs. */
      readonly backup?: boolean
      /** The new shares count only once their holders have shown them. */
      readonly require_verification?: boolean
      /** Which attempt this is about. */
      readonly nonce?: string
    }, {
      /** Which attempt this is. */
      readonly nonce: string
      /** Whether one is in progress. */
      readonly started: boolean
      /** How many of the new shares it shall take. */
      readonly t: number
      /** How many new shares there shall be. */
      readonly n: number
      /** How many shares of the present key were given. */
      readonly progress: number
      /** How many it takes. */
      readonly required: number
      /** The keys that the new shares are encrypted to. */
      readonly pgp_fingerprints: readonly string[] | null
      /** Whether the encrypted shares are kept. */
      readonly backup: boolean
      /** Whether the new shares must be shown. */
      readonly verification_required: boolean
      /** Which verification this is. */
      readonly verification_nonce?: string | null
    }>
    delete: Act<Record<never, never>, null>
  }
  /** Give a share of the present key. */
  "rekey-recovery-key/update": {
    write: Act<{
      /** A share, in hex or base64. */
      readonly key?: string
      /** Which attempt this is about. */
      readonly nonce?: string
    }, {
      /** Which attempt this is. */
      readonly nonce: string
      /** Whether one is in progress. */
      readonly started?: boolean | null
      /** How many of the new shares it shall take. */
      readonly t?: number | null
      /** How many new shares there shall be. */
      readonly n?: number | null
      /** How many shares of the present key were given. */
      readonly progress?: number | null
      /** How many it takes. */
      readonly required?: number | null
      /** The keys that the new shares are encrypted to. */
      readonly pgp_fingerprints?: readonly string[] | null
      /** Whether the encrypted shares are kept. */
      readonly backup?: boolean | null
      /** Whether the new shares must be shown. */
      readonly verification_required?: boolean | null
      /** Which verification this is. */
      readonly verification_nonce?: string | null
      /** Whether the shares were replaced. */
      readonly complete?: boolean | null
      /** The new shares, in hex. */
      readonly keys?: readonly string[] | null
      /** The new shares, in base64. */
      readonly keys_base64?: readonly string[] | null
    }>
  }
  /** Give a share of the new key, to show that it arrived. */
  "rekey-recovery-key/verify": {
    read: Act<Record<never, never>, {
      /** Which attempt this is. */
      readonly nonce: string
      /** Whether one is in progress. */
      readonly started?: boolean | null
      /** How many shares it takes. */
      readonly t?: number | null
      /** How many there are. */
      readonly n?: number | null
      /** How many were shown. */
      readonly progress?: number | null
      /** Whether the new shares count from now on. */
      readonly complete?: boolean | null
    }>
    write: Act<{
      /** A share, in hex or base64. */
      readonly key?: string
      /** Which attempt this is about. */
      readonly nonce?: string
    }, {
      /** Which attempt this is. */
      readonly nonce: string
      /** Whether one is in progress. */
      readonly started?: boolean | null
      /** How many shares it takes. */
      readonly t?: number | null
      /** How many there are. */
      readonly n?: number | null
      /** How many were shown. */
      readonly progress?: number | null
      /** Whether the new shares count from now on. */
      readonly complete?: boolean | null
    }>
    delete: Act<Record<never, never>, {
      /** Which attempt this is. */
      readonly nonce: string
      /** Whether one is in progress. */
      readonly started?: boolean | null
      /** How many shares it takes. */
      readonly t?: number | null
      /** How many there are. */
      readonly n?: number | null
      /** How many were shown. */
      readonly progress?: number | null
      /** Whether the new shares count from now on. */
      readonly complete?: boolean | null
    }>
  }
  /** Replace the shares of the key: begin, look, give up. */
  "rotate/root/init": {
    read: Act<Record<never, never>, {
      /** Which attempt this is. */
      readonly nonce: string
      /** Whether one is in progress. */
      readonly started: boolean
      /** How many of the new shares it shall take. */
      readonly t: number
      /** How many new shares there shall be. */
      readonly n: number
      /** How many shares of the present key were given. */
      readonly progress: number
      /** How many it takes. */
      readonly required: number
      /** The keys that the new shares are encrypted to. */
      readonly pgp_fingerprints: readonly string[] | null
      /** Whether the encrypted shares are kept. */
      readonly backup: boolean
      /** Whether the new shares must be shown. */
      readonly verification_required: boolean
      /** Which verification this is. */
      readonly verification_nonce?: string | null
    }>
    write: Act<{
      /** How many people shall hold a share. */
      readonly secret_shares?: number
      /** How many of them it shall take. */
      readonly secret_threshold?: number
      /** Public keys to encrypt the shares to, one each. */
      readonly pgp_keys?: readonly string[]
      /** Keep the encrypted shares for those who lose theirs. */
      readonly backup?: boolean
      /** The new shares count only once their holders have shown them. */
      readonly require_verification?: boolean
      /** Which attempt this is about. */
      readonly nonce?: string
    }, {
      /** Which attempt this is. */
      readonly nonce: string
      /** Whether one is in progress. */
      readonly started: boolean
      /** How many of the new shares it shall take. */
      readonly t: number
      /** How many new shares there shall be. */
      readonly n: number
      /** How many shares of the present key were given. */
      readonly progress: number
      /** How many it takes. */
      readonly required: number
      /** The keys that the new shares are encrypted to. */
      readonly pgp_fingerprints: readonly string[] | null
      /** Whether the encrypted shares are kept. */
      readonly backup: boolean
      /** Whether the new shares must be shown. */
      readonly verification_required: boolean
      /** Which verification this is. */
      readonly verification_nonce?: string | null
    }>
    delete: Act<Record<never, never>, null>
  }
  /** Give a share of the present key. */
  "rotate/root/update": {
    write: Act<{
      /** A share, in hex or base64. */
      readonly key?: string
      /** Which attempt this is about. */
      readonly nonce?: string
    }, {
      /** Which attempt this is. */
      readonly nonce: string
      /** Whether one is in progress. */
      readonly started?: boolean | null
      /** How many of the new shares it shall take. */
      readonly t?: number | null
      /** How many new shares there shall be. */
      readonly n?: number | null
      /** How many shares of the present key were given. */
      readonly progress?: number | null
      /** How many it takes. */
      readonly required?: number | null
      /** The keys that the new shares are encrypted to. */
      readonly pgp_fingerprints?: readonly string[] | null
      /** Whether the encrypted shares are kept. */
      readonly backup?: boolean | null
      /** Whether the new shares must be shown. */
      readonly verification_required?: boolean | null
      /** Which verification this is. */
      readonly verification_nonce?: string | null
      /** Whether the shares were replaced. */
      readonly complete?: boolean | null
      /** The new shares, in hex. */
      readonly keys?: readonly string[] | null
      /** The new shares, in base64. */
      readonly keys_base64?: readonly string[] | null
    }>
  }
  /** Give a share of the new key, to show that it arrived. */
  "rotate/root/verify": {
    read: Act<Record<never, never>, {
      /** Which attempt this is. */
      readonly nonce: string
      /** Whether one is in progress. */
      readonly started?: boolean | null
      /** How many shares it takes. */
      readonly t?: number | null
      /** How many there are. */
      readonly n?: number | null
      /** How many were shown. */
      readonly progress?: number | null
      /** Whether the new shares count from now on. */
      readonly complete?: boolean | null
    }>
    write: Act<{
      /** A share, in hex or base64. */
      readonly key?: string
      /** Which attempt this is about. */
      readonly nonce?: string
    }, {
      /** Which attempt this is. */
      readonly nonce: string
      /** Whether one is in progress. */
      readonly started?: boolean | null
      /** How many shares it takes. */
      readonly t?: number | null
      /** How many there are. */
      readonly n?: number | null
      /** How many were shown. */
      readonly progress?: number | null
      /** Whether the new shares count from now on. */
      readonly complete?: boolean | null
    }>
    delete: Act<Record<never, never>, {
      /** Which attempt this is. */
      readonly nonce: string
      /** Whether one is in progress. */
      readonly started?: boolean | null
      /** How many shares it takes. */
      readonly t?: number | null
      /** How many there are. */
      readonly n?: number | null
      /** How many were shown. */
      readonly progress?: number | null
      /** Whether the new shares count from now on. */
      readonly complete?: boolean | null
    }>
  }
  /** Replace the shares of the key: begin, look, give up. */
  "rotate/recovery/init": {
    read: Act<Record<never, never>, {
      /** Which attempt this is. */
      readonly nonce: string
      /** Whether one is in progress. */
      readonly started: boolean
      /** How many of the new shares it shall take. */
      readonly t: number
      /** How many new shares there shall be. */
      readonly n: number
      /** How many shares of the present key were given. */
      readonly progress: number
      /** How many it takes. */
      readonly required: number
      /** The keys that the new shares are encrypted to. */
      readonly pgp_fingerprints: readonly string[] | null
      /** Whether the encrypted shares are kept. */
      readonly backup: boolean
      /** Whether the new shares must be shown. */
      readonly verification_required: boolean
      /** Which verification this is. */
      readonly verification_nonce?: string | null
    }>
    write: Act<{
      /** How many people shall hold a share. */
      readonly secret_shares?: number
      /** How many of them it shall take. */
      readonly secret_threshold?: number
      /** Public keys to encrypt the shares to, one each. */
      readonly pgp_keys?: readonly string[]
      /** Keep the encrypted shares for those who lose theirs. */
      readonly backup?: boolean
      /** The new shares count only once their holders have shown them. */
      readonly require_verification?: boolean
      /** Which attempt this is about. */
      readonly nonce?: string
    }, {
      /** Which attempt this is. */
      readonly nonce: string
      /** Whether one is in progress. */
      readonly started: boolean
      /** How many of the new shares it shall take. */
      readonly t: number
      /** How many new shares there shall be. */
      readonly n: number
      /** How many shares of the present key were given. */
      readonly progress: number
      /** How many it takes. */
      readonly required: number
      /** The keys that the new shares are encrypted to. */
      readonly pgp_fingerprints: readonly string[] | null
      /** Whether the encrypted shares are kept. */
      readonly backup: boolean
      /** Whether the new shares must be shown. */
      readonly verification_required: boolean
      /** Which verification this is. */
      readonly verification_nonce?: string | null
    }>
    delete: Act<Record<never, never>, null>
  }
  /** Give a share of the present key. */
  "rotate/recovery/update": {
    write: Act<{
      /** A share, in hex or base64. */
      readonly key?: string
      /** Which attempt this is about. */
      readonly nonce?: string
    }, {
      /** Which attempt this is. */
      readonly nonce: string
      /** Whether one is in progress. */
      readonly started?: boolean | null
      /** How many of the new shares it shall take. */
      readonly t?: number | null
      /** How many new shares there shall be. */
      readonly n?: number | null
      /** How many shares of the present key were given. */
      readonly progress?: number | null
      /** How many it takes. */
      readonly required?: number | null
      /** The keys that the new shares are encrypted to. */
      readonly pgp_fingerprints?: readonly string[] | null
      /** Whether the encrypted shares are kept. */
      readonly backup?: boolean | null
      /** Whether the new shares must be shown. */
      readonly verification_required?: boolean | null
      /** Which verification this is. */
      readonly verification_nonce?: string | null
      /** Whether the shares were replaced. */
      readonly complete?: boolean | null
      /** The new shares, in hex. */
      readonly keys?: readonly string[] | null
      /** The new shares, in base64. */
      readonly keys_base64?: readonly string[] | null
    }>
  }
  /** Give a share of the new key, to show that it arrived. */
  "rotate/recovery/verify": {
    read: Act<Record<never, never>, {
      /** Which attempt this is. */
      readonly nonce: string
      /** Whether one is in progress. */
      readonly started?: boolean | null
      /** How many shares it takes. */
      readonly t?: number | null
      /** How many there are. */
      readonly n?: number | null
      /** How many were shown. */
      readonly progress?: number | null
      /** Whether the new shares count from now on. */
      readonly complete?: boolean | null
    }>
    write: Act<{
      /** A share, in hex or base64. */
      readonly key?: string
      /** Which attempt this is about. */
      readonly nonce?: string
    }, {
      /** Which attempt this is. */
      readonly nonce: string
      /** Whether one is in progress. */
      readonly started?: boolean | null
      /** How many shares it takes. */
      readonly t?: number | null
      /** How many there are. */
      readonly n?: number | null
      /** How many were shown. */
      readonly progress?: number | null
      /** Whether the new shares count from now on. */
      readonly complete?: boolean | null
    }>
    delete: Act<Record<never, never>, {
      /** Which attempt this is. */
      readonly nonce: string
      /** Whether one is in progress. */
      readonly started?: boolean | null
      /** How many shares it takes. */
      readonly t?: number | null
      /** How many there are. */
      readonly n?: number | null
      /** How many were shown. */
      readonly progress?: number | null
      /** Whether the new shares count from now on. */
      readonly complete?: boolean | null
    }>
  }
  /** The PGP-encrypted shares that were kept. */
  "rekey/backup": {
    read: Act<Record<never, never>, {
      /** Which attempt this is. */
      readonly nonce: string
      /** Encrypted shares in hex, by the fingerprint of the PGP key. */
      readonly keys: JsonObject | null
      /** The same in base64. */
      readonly keys_base64: JsonObject | null
    }>
    delete: Act<Record<never, never>, null>
  }
  /** The PGP-encrypted shares that were kept. */
  "rotate/root/backup": {
    read: Act<Record<never, never>, {
      /** Which attempt this is. */
      readonly nonce: string
      /** Encrypted shares in hex, by the fingerprint of the PGP key. */
      readonly keys: JsonObject | null
      /** The same in base64. */
      readonly keys_base64: JsonObject | null
    }>
    delete: Act<Record<never, never>, null>
  }
  /** The PGP-encrypted shares that were kept. */
  "rekey/recovery-key-backup": {
    read: Act<Record<never, never>, {
      /** Which attempt this is. */
      readonly nonce: string
      /** Encrypted shares in hex, by the fingerprint of the PGP key. */
      readonly keys: JsonObject | null
      /** The same in base64. */
      readonly keys_base64: JsonObject | null
    }>
    delete: Act<Record<never, never>, null>
  }
  /** The PGP-encrypted shares that were kept. */
  "rotate/recovery/backup": {
    read: Act<Record<never, never>, {
      /** Which attempt this is. */
      readonly nonce: string
      /** Encrypted shares in hex, by the fingerprint of the PGP key. */
      readonly keys: JsonObject | null
      /** The same in base64. */
      readonly keys_base64: JsonObject | null
    }>
    delete: Act<Record<never, never>, null>
  }
  /** Make a root token, with the shares of enough people: begin, look, give up. */
  "generate-root": {
    read: Act<Record<never, never>, {
      /** Which attempt this is. */
      readonly nonce: string
      /** Whether one is in progress. */
      readonly started: boolean
      /** How many shares were given. */
      readonly progress: number
      /** How many it takes. */
      readonly required: number
      /** Whether the token is made. */
      readonly complete: boolean
      /** The token under the one-time pad or the PGP key. */
      readonly encoded_token: string
      /** The same, for older clients. */
      readonly encoded_root_token: string
      /** The PGP key that it is encrypted to. */
      readonly pgp_fingerprint: string
      /** The one-time pad, shown once. */
      readonly otp: string
      /** How long a pad is. */
      readonly otp_length: number
    }>
    write: Act<{
      /** A one-time pad of 28 characters; made when neither it nor a PGP key is given. */
      readonly otp?: string
      /** A public key to encrypt the token to. */
      readonly pgp_key?: string
      /** Which attempt this is about. */
      readonly nonce?: string
    }, {
      /** Which attempt this is. */
      readonly nonce: string
      /** Whether one is in progress. */
      readonly started: boolean
      /** How many shares were given. */
      readonly progress: number
      /** How many it takes. */
      readonly required: number
      /** Whether the token is made. */
      readonly complete: boolean
      /** The token under the one-time pad or the PGP key. */
      readonly encoded_token: string
      /** The same, for older clients. */
      readonly encoded_root_token: string
      /** The PGP key that it is encrypted to. */
      readonly pgp_fingerprint: string
      /** The one-time pad, shown once. */
      readonly otp: string
      /** How long a pad is. */
      readonly otp_length: number
    }>
    delete: Act<Record<never, never>, null>
  }
  /** Make a root token, with the shares of enough people: begin, look, give up. */
  "generate-root/attempt": {
    read: Act<Record<never, never>, {
      /** Which attempt this is. */
      readonly nonce: string
      /** Whether one is in progress. */
      readonly started: boolean
      /** How many shares were given. */
      readonly progress: number
      /** How many it takes. */
      readonly required: number
      /** Whether the token is made. */
      readonly complete: boolean
      /** The token under the one-time pad or the PGP key. */
      readonly encoded_token: string
      /** The same, for older clients. */
      readonly encoded_root_token: string
      /** The PGP key that it is encrypted to. */
      readonly pgp_fingerprint: string
      /** The one-time pad, shown once. */
      readonly otp: string
      /** How long a pad is. */
      readonly otp_length: number
    }>
    write: Act<{
      /** A one-time pad of 28 characters; made when neither it nor a PGP key is given. */
      readonly otp?: string
      /** A public key to encrypt the token to. */
      readonly pgp_key?: string
      /** Which attempt this is about. */
      readonly nonce?: string
    }, {
      /** Which attempt this is. */
      readonly nonce: string
      /** Whether one is in progress. */
      readonly started: boolean
      /** How many shares were given. */
      readonly progress: number
      /** How many it takes. */
      readonly required: number
      /** Whether the token is made. */
      readonly complete: boolean
      /** The token under the one-time pad or the PGP key. */
      readonly encoded_token: string
      /** The same, for older clients. */
      readonly encoded_root_token: string
      /** The PGP key that it is encrypted to. */
      readonly pgp_fingerprint: string
      /** The one-time pad, shown once. */
      readonly otp: string
      /** How long a pad is. */
      readonly otp_length: number
    }>
    delete: Act<Record<never, never>, null>
  }
  /** Give a share. */
  "generate-root/update": {
    write: Act<{
      /** A share, in hex or base64. */
      readonly key?: string
      /** Which attempt this is about. */
      readonly nonce?: string
    }, {
      /** Which attempt this is. */
      readonly nonce: string
      /** Whether one is in progress. */
      readonly started: boolean
      /** How many shares were given. */
      readonly progress: number
      /** How many it takes. */
      readonly required: number
      /** Whether the token is made. */
      readonly complete: boolean
      /** The token under the one-time pad or the PGP key. */
      readonly encoded_token: string
      /** The same, for older clients. */
      readonly encoded_root_token: string
      /** The PGP key that it is encrypted to. */
      readonly pgp_fingerprint: string
      /** The one-time pad, shown once. */
      readonly otp: string
      /** How long a pad is. */
      readonly otp_length: number
    }>
  }
  /** Make a root token, with the shares of enough people: begin, look, give up. */
  "generate-root-token/attempt": {
    read: Act<Record<never, never>, {
      /** Which attempt this is. */
      readonly nonce: string
      /** Whether one is in progress. */
      readonly started: boolean
      /** How many shares were given. */
      readonly progress: number
      /** How many it takes. */
      readonly required: number
      /** Whether the token is made. */
      readonly complete: boolean
      /** The token under the one-time pad or the PGP key. */
      readonly encoded_token: string
      /** The same, for older clients. */
      readonly encoded_root_token: string
      /** The PGP key that it is encrypted to. */
      readonly pgp_fingerprint: string
      /** The one-time pad, shown once. */
      readonly otp: string
      /** How long a pad is. */
      readonly otp_length: number
    }>
    write: Act<{
      /** A one-time pad of 28 characters; made when neither it nor a PGP key is given. */
      readonly otp?: string
      /** A public key to encrypt the token to. */
      readonly pgp_key?: string
      /** Which attempt this is about. */
      readonly nonce?: string
    }, {
      /** Which attempt this is. */
      readonly nonce: string
      /** Whether one is in progress. */
      readonly started: boolean
      /** How many shares were given. */
      readonly progress: number
      /** How many it takes. */
      readonly required: number
      /** Whether the token is made. */
      readonly complete: boolean
      /** The token under the one-time pad or the PGP key. */
      readonly encoded_token: string
      /** The same, for older clients. */
      readonly encoded_root_token: string
      /** The PGP key that it is encrypted to. */
      readonly pgp_fingerprint: string
      /** The one-time pad, shown once. */
      readonly otp: string
      /** How long a pad is. */
      readonly otp_length: number
    }>
    delete: Act<Record<never, never>, null>
  }
  /** Give a share. */
  "generate-root-token/update": {
    write: Act<{
      /** A share, in hex or base64. */
      readonly key?: string
      /** Which attempt this is about. */
      readonly nonce?: string
    }, {
      /** Which attempt this is. */
      readonly nonce: string
      /** Whether one is in progress. */
      readonly started: boolean
      /** How many shares were given. */
      readonly progress: number
      /** How many it takes. */
      readonly required: number
      /** Whether the token is made. */
      readonly complete: boolean
      /** The token under the one-time pad or the PGP key. */
      readonly encoded_token: string
      /** The same, for older clients. */
      readonly encoded_root_token: string
      /** The PGP key that it is encrypted to. */
      readonly pgp_fingerprint: string
      /** The one-time pad, shown once. */
      readonly otp: string
      /** How long a pad is. */
      readonly otp_length: number
    }>
  }
  /** The token behind an encoded one and its one-time pad. */
  "decode-token": {
    write: Act<{
      /** The encoded token. */
      readonly encoded_token?: string
      /** A one-time pad of 28 characters; made when neither it nor a PGP key is given. */
      readonly otp?: string
    }, {
      /** The token. */
      readonly token: string
      /** The same, for older clients. */
      readonly data: JsonObject | null
    }>
  }
  /** Answers what it is sent, wrapped. */
  "wrapping/wrap": {
    write: Act<object, JsonObject>
  }
  /** The reply behind a wrapping token; it can be taken once. */
  "wrapping/unwrap": {
    write: Act<{
      /** The wrapping token; the caller's own when left out. */
      readonly token?: string
    }, JsonObject>
  }
  /** When, where and for how long a reply was wrapped. */
  "wrapping/lookup": {
    read: Act<{
      /** The wrapping token; the caller's own when left out. */
      readonly token?: string
    }, {
      /** When the reply was wrapped. (RFC 3339) */
      readonly creation_time: string
      /** Seconds that it was wrapped for. */
      readonly creation_ttl: number
      /** The path that answered it. */
      readonly creation_path: string
    }>
    write: Act<{
      /** The wrapping token; the caller's own when left out. */
      readonly token?: string
    }, {
      /** When the reply was wrapped. (RFC 3339) */
      readonly creation_time: string
      /** Seconds that it was wrapped for. */
      readonly creation_ttl: number
      /** The path that answered it. */
      readonly creation_path: string
    }>
  }
  /** The same reply behind a new token. */
  "wrapping/rewrap": {
    write: Act<{
      /** The wrapping token; the caller's own when left out. */
      readonly token?: string
    }, JsonObject>
  }
  /** Random bytes. */
  "tools/random": {
    write: Act<{
      /** How many bytes. */
      readonly bytes?: number
      /** base64 or hex. */
      readonly format?: string
    }, {
      /** The bytes, encoded. */
      readonly random_bytes: string
    }>
  }
  /** Random bytes. */
  "tools/random/:source/:urlbytes": {
    write: Act<{
      /** How many bytes. */
      readonly bytes?: number
      /** base64 or hex. */
      readonly format?: string
    }, {
      /** The bytes, encoded. */
      readonly random_bytes: string
    }>
  }
  /** Random bytes. */
  "tools/random/:urlbytes": {
    write: Act<{
      /** How many bytes. */
      readonly bytes?: number
      /** base64 or hex. */
      readonly format?: string
    }, {
      /** The bytes, encoded. */
      readonly random_bytes: string
    }>
  }
  /** The hash of some data. */
  "tools/hash": {
    write: Act<{
      /** The data, in base64. */
      readonly input?: string
      /** sha2-224 … sha3-512. */
      readonly algorithm?: string
      /** hex or base64. */
      readonly format?: string
    }, {
      /** The hash, encoded. */
      readonly sum: string
    }>
  }
  /** The hash of some data. */
  "tools/hash/:urlalgorithm": {
    write: Act<{
      /** The data, in base64. */
      readonly input?: string
      /** sha2-224 … sha3-512. */
      readonly algorithm?: string
      /** hex or base64. */
      readonly format?: string
    }, {
      /** The hash, encoded. */
      readonly sum: string
    }>
  }
  /** The mounts that the caller can reach; without a token, those listed for everyone. */
  "internal/ui/mounts": {
    read: Act<Record<never, never>, {
      /** Auth methods by path. */
      readonly auth: JsonObject | null
      /** Secrets engines by path. */
      readonly secret: JsonObject | null
    }>
  }
  /** The mount that a path lies in. */
  "internal/ui/mounts/*path": {
    read: Act<Record<never, never>, {
      /** Which engine. */
      readonly type: string
      /** What it is for. */
      readonly description: string
      /** A name of the mount that stays when it moves. */
      readonly accessor: string
      /** What its storage is called by. */
      readonly uuid: string
      /** As it was mounted; every node is equal here. */
      readonly local: boolean
      /** As it was mounted. */
      readonly seal_wrap: boolean
      /** As it was mounted. */
      readonly external_entropy_access: boolean
      /** Options of the engine. */
      readonly options: Readonly<Record<string, string>> | null
      /** How it is tuned. */
      readonly config: JsonObject | null
      /** Empty: engines are built in. */
      readonly plugin_version: string
      /** Empty: engines are built in. */
      readonly running_plugin_version: string
      /** Empty: engines are built in. */
      readonly running_sha256: string
      /** supported */
      readonly deprecation_status?: string | null
      /** Where it is mounted. */
      readonly path: string
    }>
  }
  /** The namespaces directly below this one that the caller can reach. */
  "internal/ui/namespaces": {
    read: Act<Record<never, never>, {
      /** Their names. */
      readonly keys: readonly string[] | null
    }>
  }
  /** The caller's rules, for the console to show what can be done. */
  "internal/ui/resultant-acl": {
    read: Act<Record<never, never>, {
      /** Whether anything is allowed. */
      readonly root: boolean
      /** Capabilities of paths; left out where anything is allowed. */
      readonly exact_paths?: JsonObject | null
      /** Capabilities of all that begins so, or has any segment for `+`. */
      readonly glob_paths?: JsonObject | null
      /** Empty. */
      readonly chroot_namespace: string
    }>
  }
  /** Flags of the console: none. */
  "internal/ui/feature-flags": {
    read: Act<Record<never, never>, {
      /** None. */
      readonly feature_flags: readonly string[] | null
    }>
  }
  /** The version of the API. */
  "internal/ui/version": {
    read: Act<Record<never, never>, JsonObject>
  }
  /** The API of the mounts that the caller can reach, as an OpenAPI document. */
  "internal/specs/openapi": {
    read: Act<{
      /** Name the mounts by parameters, so that the document fits any of their kind. */
      readonly generic_mount_paths?: boolean
      /** Appended to the name of every operation. */
      readonly context?: string
    }, JsonObject>
    write: Act<{
      /** Name the mounts by parameters, so that the document fits any of their kind. */
      readonly generic_mount_paths?: boolean
      /** Appended to the name of every operation. */
      readonly context?: string
    }, JsonObject>
  }
  /** Whether the store was initialised; initialise it. */
  init: {
    read: Act<Record<never, never>, {
      /** Whether the store was initialised. */
      readonly initialized: boolean
    }>
    write: Act<{
      /** How many people hold a share of the unseal key. */
      readonly secret_shares?: number
      /** How many of them it takes. */
      readonly secret_threshold?: number
      /** Public keys to encrypt the shares to, one each. */
      readonly pgp_keys?: readonly string[]
      /** A public key to encrypt the root token to. */
      readonly root_token_pgp_key?: string
      /** Auto seals: how many people hold a share of the recovery key. */
      readonly recovery_shares?: number
      /** Auto seals: how many of them it takes. */
      readonly recovery_threshold?: number
      /** Auto seals: public keys to encrypt the recovery shares to. */
      readonly recovery_pgp_keys?: readonly string[]
      /** Ignored; older clients send it. */
      readonly stored_shares?: number
    }, {
      /** The shares of the unseal key, in hex. */
      readonly keys: readonly string[] | null
      /** The same in base64. */
      readonly keys_base64: readonly string[] | null
      /** With a seal that unseals by itself: the recovery shares. */
      readonly recovery_keys?: readonly string[] | null
      /** The same in base64. */
      readonly recovery_keys_base64?: readonly string[] | null
      /** The first token; it may do anything. */
      readonly root_token: string
    }>
  }
  /** Whether the server is sealed, and how far an unsealing has come. */
  "seal-status": {
    read: Act<Record<never, never>, {
      /** The seal: shamir, static, transit. */
      readonly type: string
      /** Whether there is a store to unseal. */
      readonly initialized: boolean
      /** Whether it is sealed. */
      readonly sealed: boolean
      /** How many shares it takes. */
      readonly t: number
      /** How many there are. */
      readonly n: number
      /** How many were given. */
      readonly progress: number
      /** Which attempt this is. */
      readonly nonce: string
      /** Whether it moves to another seal. */
      readonly migration: boolean
      /** Whether its shares are recovery shares. */
      readonly recovery_seal: boolean
      /** The kind of recovery shares. */
      readonly recovery_seal_type?: string | null
      /** The store. */
      readonly storage_type: string
      /** The level of Vault's API. */
      readonly version: string
      /** The version of Arca. */
      readonly arca_version: string
      /** When that was made. (RFC 3339) */
      readonly build_date: string
      /** The cluster, once unsealed. */
      readonly cluster_name?: string | null
      /** Its id, once unsealed. */
      readonly cluster_id?: string | null
      /** An older copy of the store was found in its place: see `sys/storage/rollback`. */
      readonly store_rolled_back?: boolean | null
    }>
  }
  /** Give a share of the unseal key. */
  unseal: {
    write: Act<{
      /** A share, in hex or base64. */
      readonly key?: string
      /** Forget the shares given so far. */
      readonly reset?: boolean
      /** Move to the configured seal. */
      readonly migrate?: boolean
    }, {
      /** The seal: shamir, static, transit. */
      readonly type: string
      /** Whether there is a store to unseal. */
      readonly initialized: boolean
      /** Whether it is sealed. */
      readonly sealed: boolean
      /** How many shares it takes. */
      readonly t: number
      /** How many there are. */
      readonly n: number
      /** How many were given. */
      readonly progress: number
      /** Which attempt this is. */
      readonly nonce: string
      /** Whether it moves to another seal. */
      readonly migration: boolean
      /** Whether its shares are recovery shares. */
      readonly recovery_seal: boolean
      /** The kind of recovery shares. */
      readonly recovery_seal_type?: string | null
      /** The store. */
      readonly storage_type: string
      /** The level of Vault's API. */
      readonly version: string
      /** The version of Arca. */
      readonly arca_version: string
      /** When that was made. (RFC 3339) */
      readonly build_date: string
      /** The cluster, once unsealed. */
      readonly cluster_name?: string | null
      /** Its id, once unsealed. */
      readonly cluster_id?: string | null
      /** An older copy of the store was found in its place: see `sys/storage/rollback`. */
      readonly store_rolled_back?: boolean | null
    }>
  }
  /** Whether this node can serve, for load balancers. */
  health: {
    read: Act<{
      /** Answer for a node that is being drained as for one that serves. */
      readonly standbyok?: boolean
      /** Accepted for compatibility. */
      readonly perfstandbyok?: boolean
      /** The status code when it serves. */
      readonly activecode?: number
      /** The status code when it is being drained (`sys/step-down`, or about to stop). */
      readonly standbycode?: number
      /** The status code when it is a DR secondary, which it never is. */
      readonly drsecondarycode?: number
      /** The status code when it is a performance standby, which it never is. */
      readonly performancestandbycode?: number
      /** The status code when it is sealed. */
      readonly sealedcode?: number
      /** The status code when it is not initialised. */
      readonly uninitcode?: number
      /** The status code when it is unhealthy. */
      readonly haunhealthycode?: number
      /** The status code when it was removed from a cluster. */
      readonly removedcode?: number
    }, {
      /** Whether there is a store. */
      readonly initialized: boolean
      /** Whether it is sealed. */
      readonly sealed: boolean
      /** false: every node is active. */
      readonly standby: boolean
      /** false */
      readonly performance_standby: boolean
      /** disabled */
      readonly replication_performance_mode: string
      /** disabled */
      readonly replication_dr_mode: string
      /** The time, in seconds since 1970. */
      readonly server_time_utc: number
      /** The level of Vault's API. */
      readonly version: string
      /** The version of Arca. */
      readonly arca_version: string
      /** false */
      readonly enterprise: boolean
      /** The cluster, once unsealed. */
      readonly cluster_name?: string | null
      /** Its id, once unsealed. */
      readonly cluster_id?: string | null
      /** 0 */
      readonly echo_duration_ms: number
      /** How far the clock is from the store's. */
      readonly clock_skew_ms: number
      /** 0: there is no replication. */
      readonly replication_primary_canary_age_ms: number
      /** What keeps the node from serving. */
      readonly trouble?: readonly string[] | null
      /** An older copy of the store was found in its place: see `sys/storage/rollback`. */
      readonly store_rolled_back?: boolean | null
    }>
  }
  /** Which node is active: every one is. */
  leader: {
    read: Act<Record<never, never>, {
      /** Whether several nodes share the store. */
      readonly ha_enabled: boolean
      /** Whether this node is active: every one is. */
      readonly is_self: boolean
      /** Since when. (RFC 3339) */
      readonly active_time: string
      /** Where clients reach it. */
      readonly leader_address: string
      /** Where nodes would reach it. */
      readonly leader_cluster_address: string
      /** false */
      readonly performance_standby: boolean
      /** 0 */
      readonly performance_standby_last_remote_wal: number
    }>
  }
}

/** Tokens: made, looked up, renewed, revoked. */
export interface Token {
  /** Make a token, a child of the caller's. */
  create: {
    write: Act<{
      /** The token itself (sudo only); a bad idea outside of tests. */
      readonly id?: string
      /** Policies of the token; those of the caller when left out. */
      readonly policies?: readonly string[]
      /** Words about the token, shown in the audit. */
      readonly meta?: Readonly<Record<string, string>>
      /** Make an orphan (sudo only). */
      readonly no_parent?: boolean
      /** Leave the policy `default` off. */
      readonly no_default_policy?: boolean
      /** Whether it can be renewed. */
      readonly renewable?: boolean
      /** The first life. */
      readonly ttl?: string | number
      /** @deprecated use "ttl" */
      readonly lease?: string | number
      /** A hard end of its life, renewals included. */
      readonly explicit_max_ttl?: string | number
      /** Each renewal gives this life again (sudo only). */
      readonly period?: string | number
      /** How many requests it is good for; 0 is no limit. */
      readonly num_uses?: number
      /** A name for the audit. */
      readonly display_name?: string
      /** service or batch. */
      readonly type?: "service" | "batch"
      /** With a role: the entity alias the token stands for. */
      readonly entity_alias?: string
    }, JsonObject>
  }
  /** Make a token without a parent. */
  "create-orphan": {
    write: Act<{
      /** The token itself (sudo only); a bad idea outside of tests. */
      readonly id?: string
      /** Policies of the token; those of the caller when left out. */
      readonly policies?: readonly string[]
      /** Words about the token, shown in the audit. */
      readonly meta?: Readonly<Record<string, string>>
      /** Make an orphan (sudo only). */
      readonly no_parent?: boolean
      /** Leave the policy `default` off. */
      readonly no_default_policy?: boolean
      /** Whether it can be renewed. */
      readonly renewable?: boolean
      /** The first life. */
      readonly ttl?: string | number
      /** @deprecated use "ttl" */
      readonly lease?: string | number
      /** A hard end of its life, renewals included. */
      readonly explicit_max_ttl?: string | number
      /** Each renewal gives this life again (sudo only). */
      readonly period?: string | number
      /** How many requests it is good for; 0 is no limit. */
      readonly num_uses?: number
      /** A name for the audit. */
      readonly display_name?: string
      /** service or batch. */
      readonly type?: "service" | "batch"
      /** With a role: the entity alias the token stands for. */
      readonly entity_alias?: string
    }, JsonObject>
  }
  /** Make a token by a role. */
  "create/:role_name": {
    write: Act<{
      /** The token itself (sudo only); a bad idea outside of tests. */
      readonly id?: string
      /** Policies of the token; those of the caller when left out. */
      readonly policies?: readonly string[]
      /** Words about the token, shown in the audit. */
      readonly meta?: Readonly<Record<string, string>>
      /** Make an orphan (sudo only). */
      readonly no_parent?: boolean
      /** Leave the policy `default` off. */
      readonly no_default_policy?: boolean
      /** Whether it can be renewed. */
      readonly renewable?: boolean
      /** The first life. */
      readonly ttl?: string | number
      /** @deprecated use "ttl" */
      readonly lease?: string | number
      /** A hard end of its life, renewals included. */
      readonly explicit_max_ttl?: string | number
      /** Each renewal gives this life again (sudo only). */
      readonly period?: string | number
      /** How many requests it is good for; 0 is no limit. */
      readonly num_uses?: number
      /** A name for the audit. */
      readonly display_name?: string
      /** service or batch. */
      readonly type?: "service" | "batch"
      /** With a role: the entity alias the token stands for. */
      readonly entity_alias?: string
    }, JsonObject>
  }
  /** What is known of a token. */
  lookup: {
    read: Act<{
      /** The token meant. */
      readonly token?: string
    }, {
      /** The token, for its bearer; empty when it was found by its accessor. */
      readonly id: string
      /** A name for it that proves nothing. */
      readonly accessor: string
      /** Its policies. */
      readonly policies: readonly string[] | null
      /** Those of its entity. */
      readonly identity_policies?: readonly string[] | null
      /** The path that made it. */
      readonly path: string
      /** Words about it. */
      readonly meta: Readonly<Record<string, string>> | null
      /** Its name in the audit. */
      readonly display_name: string
      /** How many requests are left; 0 is no limit. */
      readonly num_uses: number
      /** Whether it has no parent. */
      readonly orphan: boolean
      /** When it was made, in seconds since 1970. */
      readonly creation_time: number
      /** Seconds of its first life; 0 is for ever. */
      readonly creation_ttl: number
      /** When it was made (RFC 3339). */
      readonly issue_time?: string | null
      /** When it ends (RFC 3339); null is never. */
      readonly expire_time?: string | null
      /** Seconds that are left; 0 with `expire_time` null is for ever. */
      readonly ttl: number
      /** Seconds it lives at most, whatever happens; 0 is no limit. */
      readonly explicit_max_ttl: number
      /** Seconds that each renewal gives. */
      readonly period?: number | null
      /** Whether it can be prolonged. */
      readonly renewable?: boolean | null
      /** When it was prolonged last (RFC 3339). */
      readonly last_renewal?: string | null
      /** The same, in seconds since 1970. */
      readonly last_renewal_time?: number | null
      /** Its entity; empty is none. */
      readonly entity_id: string
      /** service or batch. */
      readonly type: string
      /** The role that made it. */
      readonly role?: string | null
      /** Networks from which it may be used. */
      readonly bound_cidrs?: readonly string[] | null
      /** Its namespace, unless that is the root. */
      readonly namespace_path?: string | null
    }>
    write: Act<{
      /** The token meant. */
      readonly token?: string
    }, {
      /** The token, for its bearer; empty when it was found by its accessor. */
      readonly id: string
      /** A name for it that proves nothing. */
      readonly accessor: string
      /** Its policies. */
      readonly policies: readonly string[] | null
      /** Those of its entity. */
      readonly identity_policies?: readonly string[] | null
      /** The path that made it. */
      readonly path: string
      /** Words about it. */
      readonly meta: Readonly<Record<string, string>> | null
      /** Its name in the audit. */
      readonly display_name: string
      /** How many requests are left; 0 is no limit. */
      readonly num_uses: number
      /** Whether it has no parent. */
      readonly orphan: boolean
      /** When it was made, in seconds since 1970. */
      readonly creation_time: number
      /** Seconds of its first life; 0 is for ever. */
      readonly creation_ttl: number
      /** When it was made (RFC 3339). */
      readonly issue_time?: string | null
      /** When it ends (RFC 3339); null is never. */
      readonly expire_time?: string | null
      /** Seconds that are left; 0 with `expire_time` null is for ever. */
      readonly ttl: number
      /** Seconds it lives at most, whatever happens; 0 is no limit. */
      readonly explicit_max_ttl: number
      /** Seconds that each renewal gives. */
      readonly period?: number | null
      /** Whether it can be prolonged. */
      readonly renewable?: boolean | null
      /** When it was prolonged last (RFC 3339). */
      readonly last_renewal?: string | null
      /** The same, in seconds since 1970. */
      readonly last_renewal_time?: number | null
      /** Its entity; empty is none. */
      readonly entity_id: string
      /** service or batch. */
      readonly type: string
      /** The role that made it. */
      readonly role?: string | null
      /** Networks from which it may be used. */
      readonly bound_cidrs?: readonly string[] | null
      /** Its namespace, unless that is the root. */
      readonly namespace_path?: string | null
    }>
  }
  /** What is known of the caller's token. */
  "lookup-self": {
    read: Act<Record<never, never>, {
      /** The token, for its bearer; empty when it was found by its accessor. */
      readonly id: string
      /** A name for it that proves nothing. */
      readonly accessor: string
      /** Its policies. */
      readonly policies: readonly string[] | null
      /** Those of its entity. */
      readonly identity_policies?: readonly string[] | null
      /** The path that made it. */
      readonly path: string
      /** Words about it. */
      readonly meta: Readonly<Record<string, string>> | null
      /** Its name in the audit. */
      readonly display_name: string
      /** How many requests are left; 0 is no limit. */
      readonly num_uses: number
      /** Whether it has no parent. */
      readonly orphan: boolean
      /** When it was made, in seconds since 1970. */
      readonly creation_time: number
      /** Seconds of its first life; 0 is for ever. */
      readonly creation_ttl: number
      /** When it was made (RFC 3339). */
      readonly issue_time?: string | null
      /** When it ends (RFC 3339); null is never. */
      readonly expire_time?: string | null
      /** Seconds that are left; 0 with `expire_time` null is for ever. */
      readonly ttl: number
      /** Seconds it lives at most, whatever happens; 0 is no limit. */
      readonly explicit_max_ttl: number
      /** Seconds that each renewal gives. */
      readonly period?: number | null
      /** Whether it can be prolonged. */
      readonly renewable?: boolean | null
      /** When it was prolonged last (RFC 3339). */
      readonly last_renewal?: string | null
      /** The same, in seconds since 1970. */
      readonly last_renewal_time?: number | null
      /** Its entity; empty is none. */
      readonly entity_id: string
      /** service or batch. */
      readonly type: string
      /** The role that made it. */
      readonly role?: string | null
      /** Networks from which it may be used. */
      readonly bound_cidrs?: readonly string[] | null
      /** Its namespace, unless that is the root. */
      readonly namespace_path?: string | null
    }>
    write: Act<{
      /** Ignored; older clients send it. */
      readonly token?: string
    }, {
      /** The token, for its bearer; empty when it was found by its accessor. */
      readonly id: string
      /** A name for it that proves nothing. */
      readonly accessor: string
      /** Its policies. */
      readonly policies: readonly string[] | null
      /** Those of its entity. */
      readonly identity_policies?: readonly string[] | null
      /** The path that made it. */
      readonly path: string
      /** Words about it. */
      readonly meta: Readonly<Record<string, string>> | null
      /** Its name in the audit. */
      readonly display_name: string
      /** How many requests are left; 0 is no limit. */
      readonly num_uses: number
      /** Whether it has no parent. */
      readonly orphan: boolean
      /** When it was made, in seconds since 1970. */
      readonly creation_time: number
      /** Seconds of its first life; 0 is for ever. */
      readonly creation_ttl: number
      /** When it was made (RFC 3339). */
      readonly issue_time?: string | null
      /** When it ends (RFC 3339); null is never. */
      readonly expire_time?: string | null
      /** Seconds that are left; 0 with `expire_time` null is for ever. */
      readonly ttl: number
      /** Seconds it lives at most, whatever happens; 0 is no limit. */
      readonly explicit_max_ttl: number
      /** Seconds that each renewal gives. */
      readonly period?: number | null
      /** Whether it can be prolonged. */
      readonly renewable?: boolean | null
      /** When it was prolonged last (RFC 3339). */
      readonly last_renewal?: string | null
      /** The same, in seconds since 1970. */
      readonly last_renewal_time?: number | null
      /** Its entity; empty is none. */
      readonly entity_id: string
      /** service or batch. */
      readonly type: string
      /** The role that made it. */
      readonly role?: string | null
      /** Networks from which it may be used. */
      readonly bound_cidrs?: readonly string[] | null
      /** Its namespace, unless that is the root. */
      readonly namespace_path?: string | null
    }>
  }
  /** What is known of the token with an accessor. */
  "lookup-accessor": {
    write: Act<{
      /** The accessor of the token meant. */
      readonly accessor?: string
    }, {
      /** The token, for its bearer; empty when it was found by its accessor. */
      readonly id: string
      /** A name for it that proves nothing. */
      readonly accessor: string
      /** Its policies. */
      readonly policies: readonly string[] | null
      /** Those of its entity. */
      readonly identity_policies?: readonly string[] | null
      /** The path that made it. */
      readonly path: string
      /** Words about it. */
      readonly meta: Readonly<Record<string, string>> | null
      /** Its name in the audit. */
      readonly display_name: string
      /** How many requests are left; 0 is no limit. */
      readonly num_uses: number
      /** Whether it has no parent. */
      readonly orphan: boolean
      /** When it was made, in seconds since 1970. */
      readonly creation_time: number
      /** Seconds of its first life; 0 is for ever. */
      readonly creation_ttl: number
      /** When it was made (RFC 3339). */
      readonly issue_time?: string | null
      /** When it ends (RFC 3339); null is never. */
      readonly expire_time?: string | null
      /** Seconds that are left; 0 with `expire_time` null is for ever. */
      readonly ttl: number
      /** Seconds it lives at most, whatever happens; 0 is no limit. */
      readonly explicit_max_ttl: number
      /** Seconds that each renewal gives. */
      readonly period?: number | null
      /** Whether it can be prolonged. */
      readonly renewable?: boolean | null
      /** When it was prolonged last (RFC 3339). */
      readonly last_renewal?: string | null
      /** The same, in seconds since 1970. */
      readonly last_renewal_time?: number | null
      /** Its entity; empty is none. */
      readonly entity_id: string
      /** service or batch. */
      readonly type: string
      /** The role that made it. */
      readonly role?: string | null
      /** Networks from which it may be used. */
      readonly bound_cidrs?: readonly string[] | null
      /** Its namespace, unless that is the root. */
      readonly namespace_path?: string | null
    }>
  }
  /** Prolong a token. */
  renew: {
    write: Act<{
      /** The token meant. */
      readonly token?: string
      /** The life wished for from now on; the token's own when left out. */
      readonly increment?: string | number
    }, JsonObject>
  }
  /** Prolong the caller's token. */
  "renew-self": {
    write: Act<{
      /** Ignored; older clients send it. */
      readonly token?: string
      /** The life wished for from now on; the token's own when left out. */
      readonly increment?: string | number
    }, JsonObject>
  }
  /** Prolong the token with an accessor. */
  "renew-accessor": {
    write: Act<{
      /** The accessor of the token meant. */
      readonly accessor?: string
      /** The life wished for from now on; the token's own when left out. */
      readonly increment?: string | number
    }, JsonObject>
  }
  /** Revoke a token and all its children. */
  revoke: {
    write: Act<{
      /** The token meant. */
      readonly token?: string
    }, JsonObject>
  }
  /** Revoke the caller's token and all its children. */
  "revoke-self": {
    write: Act<{
      /** Ignored; older clients send it. */
      readonly token?: string
    }, JsonObject>
  }
  /** Revoke the token with an accessor, and all its children. */
  "revoke-accessor": {
    write: Act<{
      /** The accessor of the token meant. */
      readonly accessor?: string
    }, JsonObject>
  }
  /** Revoke a token; its children live on without a parent. */
  "revoke-orphan": {
    write: Act<{
      /** The token meant. */
      readonly token?: string
    }, JsonObject>
  }
  /** The accessors of all tokens. */
  accessors: {
    list: Act<{
      /** Only names after this one. */
      readonly after?: string
      /** At most this many names. */
      readonly limit?: number
    }, Names>
  }
  /** Look for leftovers of tokens. Indexes are kept in the same commit as their tokens, so there are none to wait for. */
  tidy: {
    write: Act<Record<never, never>, JsonObject>
  }
  /** List the roles. */
  roles: {
    list: Act<{
      /** Only names after this one. */
      readonly after?: string
      /** At most this many names. */
      readonly limit?: number
    }, Names>
  }
  /** A role for making tokens. */
  "roles/:name": {
    read: Act<Record<never, never>, {
      /** Its name. */
      readonly name: string
      /** Policies that tokens may have; none listed: those of the caller. */
      readonly allowed_policies: readonly string[] | null
      /** Policies that tokens may not have. */
      readonly disallowed_policies: readonly string[] | null
      /** Globs of policies that tokens may have. */
      readonly allowed_policies_glob: readonly string[] | null
      /** Globs of policies that tokens may not have. */
      readonly disallowed_policies_glob: readonly string[] | null
      /** Tokens have no parent. */
      readonly orphan: boolean
      /** Tokens can be renewed. */
      readonly renewable: boolean
      /** Ends the path of the tokens, to revoke them by prefix. */
      readonly path_suffix: string
      /** Entity aliases that tokens may be made for; globs allowed. */
      readonly allowed_entity_aliases: readonly string[] | null
      /** Each renewal gives this life again. */
      readonly token_period: number
      /** A hard end of the token's life. */
      readonly token_explicit_max_ttl: number
      /** Networks from which tokens may be used. */
      readonly token_bound_cidrs?: readonly string[] | null
      /** How many requests a token is good for; 0 is no limit. */
      readonly token_num_uses?: number | null
      /** Leave the policy `default` off. */
      readonly token_no_default_policy: boolean
      /** service, batch, default-service or default-batch. */
      readonly token_type: string
      /** The same as `token_period`, for older clients. */
      readonly period: number
      /** The same as `token_explicit_max_ttl`. */
      readonly explicit_max_ttl: number
      /** The same as `token_bound_cidrs`. */
      readonly bound_cidrs?: readonly string[] | null
    }>
    write: Act<{
      /** Policies that tokens may have; none listed: those of the caller. */
      readonly allowed_policies?: string | readonly string[]
      /** Policies that tokens may not have. */
      readonly disallowed_policies?: string | readonly string[]
      /** Globs of policies that tokens may have. */
      readonly allowed_policies_glob?: string | readonly string[]
      /** Globs of policies that tokens may not have. */
      readonly disallowed_policies_glob?: string | readonly string[]
      /** Tokens have no parent. */
      readonly orphan?: boolean
      /** Tokens can be renewed. */
      readonly renewable?: boolean
      /** Ends the path of the tokens, to revoke them by prefix. */
      readonly path_suffix?: string
      /** Entity aliases that tokens may be made for; globs allowed. */
      readonly allowed_entity_aliases?: string | readonly string[]
      /** Each renewal gives this life again. */
      readonly token_period?: string | number
      /** @deprecated use "token_period" */
      readonly period?: string | number
      /** A hard end of the token's life. */
      readonly token_explicit_max_ttl?: string | number
      /** @deprecated use "token_explicit_max_ttl" */
      readonly explicit_max_ttl?: string | number
      /** Networks from which tokens may be used. */
      readonly token_bound_cidrs?: string | readonly string[]
      /** @deprecated use "token_bound_cidrs" */
      readonly bound_cidrs?: string | readonly string[]
      /** How many requests a token is good for; 0 is no limit. */
      readonly token_num_uses?: number
      /** Leave the policy `default` off. */
      readonly token_no_default_policy?: boolean
      /** service, batch, default-service or default-batch. */
      readonly token_type?: "service" | "batch" | "default-service" | "default-batch"
    }, null>
    delete: Act<Record<never, never>, null>
  }
}

/** Who is behind logins: entities, their aliases on mounts, and groups. */
export interface Identity {
  /** Make an entity, or change the one with an id or a name. */
  entity: {
    write: Act<{
      /** Id of an entity to change. */
      readonly id?: string
      /** Its name. */
      readonly name?: string
      /** Words about the entity, for templates of policies and for the audit. */
      readonly metadata?: Readonly<Record<string, string>>
      /** Policies that all tokens of the entity have. */
      readonly policies?: string | readonly string[]
      /** Its tokens are good for nothing as long as this is set. */
      readonly disabled?: boolean
    }, {
      /** The entity's id. */
      readonly id: string
      /** Its name. */
      readonly name: string
      /** Ids of its aliases; none yet. */
      readonly aliases: readonly string[] | null
    }>
  }
  /** Delete entities, all of them or none. */
  "entity/batch-delete": {
    write: Act<{
      /** Their ids. */
      readonly entity_ids?: string | readonly string[]
    }, null>
  }
  /** Make one entity of several: aliases and memberships go to the one that stays. */
  "entity/merge": {
    write: Act<{
      /** Entities that go. */
      readonly from_entity_ids?: string | readonly string[]
      /** The entity that stays. */
      readonly to_entity_id?: string
      /** Which alias to keep where both have one of the same mount. */
      readonly conflicting_alias_ids_to_keep?: string | readonly string[]
      /** Accepted for compatibility; MFA secrets are not kept with entities. */
      readonly force?: boolean
    }, null>
  }
  /** List entities by id. */
  "entity/id": {
    list: Act<{
      /** Only names after this one. */
      readonly after?: string
      /** At most this many names. */
      readonly limit?: number
    }, Names>
  }
  /** An entity, by its id. */
  "entity/id/:id": {
    read: Act<Record<never, never>, {
      /** The entity's id. */
      readonly id: string
      /** Its name. */
      readonly name: string
      /** Words about the entity, for templates of policies and for the audit. */
      readonly metadata: Readonly<Record<string, string>> | null
      /** Policies that all tokens of the entity have. */
      readonly policies: readonly string[] | null
      /** Its tokens are good for nothing as long as this is set. */
      readonly disabled: boolean
      /** The names under which mounts know it. */
      readonly aliases: Json
      /** All groups it is in. */
      readonly group_ids: readonly string[] | null
      /** The groups that name it as a member. */
      readonly direct_group_ids: readonly string[] | null
      /** The groups it is in by way of other groups. */
      readonly inherited_group_ids: readonly string[] | null
      /** Entities that were merged into it. */
      readonly merged_entity_ids: readonly string[] | null
      /** Where it lives. */
      readonly namespace_id: string
      /** When it was made. */
      readonly creation_time: string
      /** When it was last changed. */
      readonly last_update_time: string
    }>
    write: Act<{
      /** A new name. */
      readonly name?: string
      /** Words about the entity, for templates of policies and for the audit. */
      readonly metadata?: Readonly<Record<string, string>>
      /** Policies that all tokens of the entity have. */
      readonly policies?: string | readonly string[]
      /** Its tokens are good for nothing as long as this is set. */
      readonly disabled?: boolean
    }, null>
    delete: Act<Record<never, never>, null>
  }
  /** List entities by name. */
  "entity/name": {
    list: Act<Record<never, never>, Names>
  }
  /** An entity, by its name; a write makes it. */
  "entity/name/:name": {
    read: Act<Record<never, never>, {
      /** The entity's id. */
      readonly id: string
      /** Its name. */
      readonly name: string
      /** Words about the entity, for templates of policies and for the audit. */
      readonly metadata: Readonly<Record<string, string>> | null
      /** Policies that all tokens of the entity have. */
      readonly policies: readonly string[] | null
      /** Its tokens are good for nothing as long as this is set. */
      readonly disabled: boolean
      /** The names under which mounts know it. */
      readonly aliases: Json
      /** All groups it is in. */
      readonly group_ids: readonly string[] | null
      /** The groups that name it as a member. */
      readonly direct_group_ids: readonly string[] | null
      /** The groups it is in by way of other groups. */
      readonly inherited_group_ids: readonly string[] | null
      /** Entities that were merged into it. */
      readonly merged_entity_ids: readonly string[] | null
      /** Where it lives. */
      readonly namespace_id: string
      /** When it was made. */
      readonly creation_time: string
      /** When it was last changed. */
      readonly last_update_time: string
    }>
    write: Act<{
      /** Its id, to be sure that it is the one meant. */
      readonly id?: string
      /** Words about the entity, for templates of policies and for the audit. */
      readonly metadata?: Readonly<Record<string, string>>
      /** Policies that all tokens of the entity have. */
      readonly policies?: string | readonly string[]
      /** Its tokens are good for nothing as long as this is set. */
      readonly disabled?: boolean
    }, {
      /** The entity's id. */
      readonly id: string
      /** Its name. */
      readonly name: string
      /** Ids of its aliases; none yet. */
      readonly aliases: readonly string[] | null
    }>
    delete: Act<Record<never, never>, null>
  }
  /** Make an alias of an entity, or change it. */
  "entity-alias": {
    write: Act<{
      /** Id of an alias to change. */
      readonly id?: string
      /** The name under which the mount knows the entity; case is folded. */
      readonly name?: string
      /** The accessor of the mount. */
      readonly mount_accessor?: string
      /** The entity it stands for; a new one when left out. */
      readonly canonical_id?: string
      /** @deprecated use "canonical_id" */
      readonly entity_id?: string
      /** Words about the alias, for templates of policies. */
      readonly custom_metadata?: Readonly<Record<string, string>>
    }, {
      /** The alias's id. */
      readonly id: string
      /** The entity or group it stands for. */
      readonly canonical_id: string
    }>
  }
  /** List the aliases of entities by id. */
  "entity-alias/id": {
    list: Act<{
      /** Only names after this one. */
      readonly after?: string
      /** At most this many names. */
      readonly limit?: number
    }, Names>
  }
  /** An alias of an entity, by its id. */
  "entity-alias/id/:id": {
    read: Act<Record<never, never>, {
      /** The alias's id. */
      readonly id: string
      /** The entity or group it stands for. */
      readonly canonical_id: string
      /** The name under which the mount knows it. */
      readonly name: string
      /** The accessor of the mount. */
      readonly mount_accessor: string
      /** Where the mount is, while there is one. */
      readonly mount_path?: string | null
      /** The type of the mount. */
      readonly mount_type?: string | null
      /** What the auth method said at the last login. */
      readonly metadata: JsonObject | null
      /** Words set through the API. */
      readonly custom_metadata: JsonObject | null
      /** When it was made. */
      readonly creation_time: string
      /** When it was last changed. */
      readonly last_update_time: string
      /** Entities it belonged to before they were merged. */
      readonly merged_from_canonical_ids: readonly string[] | null
      /** Whether it stays on one cluster. Always false: every node is equal here. */
      readonly local: boolean
      /** Where it lives. */
      readonly namespace_id: string
    }>
    write: Act<{
      /** The name under which the mount knows the entity; case is folded. */
      readonly name?: string
      /** The accessor of the mount. */
      readonly mount_accessor?: string
      /** The entity it stands for; a new one when left out. */
      readonly canonical_id?: string
      /** @deprecated use "canonical_id" */
      readonly entity_id?: string
      /** Words about the alias, for templates of policies. */
      readonly custom_metadata?: Readonly<Record<string, string>>
    }, {
      /** The alias's id. */
      readonly id: string
      /** The entity or group it stands for. */
      readonly canonical_id: string
    }>
    delete: Act<Record<never, never>, null>
  }
  /** Make an alias of an entity, or change it. */
  alias: {
    write: Act<{
      /** Id of an alias to change. */
      readonly id?: string
      /** The name under which the mount knows the entity; case is folded. */
      readonly name?: string
      /** The accessor of the mount. */
      readonly mount_accessor?: string
      /** The entity it stands for; a new one when left out. */
      readonly canonical_id?: string
      /** @deprecated use "canonical_id" */
      readonly entity_id?: string
      /** Words about the alias, for templates of policies. */
      readonly custom_metadata?: Readonly<Record<string, string>>
    }, {
      /** The alias's id. */
      readonly id: string
      /** The entity or group it stands for. */
      readonly canonical_id: string
    }>
  }
  /** List the aliases of entities by id. */
  "alias/id": {
    list: Act<{
      /** Only names after this one. */
      readonly after?: string
      /** At most this many names. */
      readonly limit?: number
    }, Names>
  }
  /** An alias of an entity, by its id. */
  "alias/id/:id": {
    read: Act<Record<never, never>, {
      /** The alias's id. */
      readonly id: string
      /** The entity or group it stands for. */
      readonly canonical_id: string
      /** The name under which the mount knows it. */
      readonly name: string
      /** The accessor of the mount. */
      readonly mount_accessor: string
      /** Where the mount is, while there is one. */
      readonly mount_path?: string | null
      /** The type of the mount. */
      readonly mount_type?: string | null
      /** What the auth method said at the last login. */
      readonly metadata: JsonObject | null
      /** Words set through the API. */
      readonly custom_metadata: JsonObject | null
      /** When it was made. */
      readonly creation_time: string
      /** When it was last changed. */
      readonly last_update_time: string
      /** Entities it belonged to before they were merged. */
      readonly merged_from_canonical_ids: readonly string[] | null
      /** Whether it stays on one cluster. Always false: every node is equal here. */
      readonly local: boolean
      /** Where it lives. */
      readonly namespace_id: string
    }>
    write: Act<{
      /** The name under which the mount knows the entity; case is folded. */
      readonly name?: string
      /** The accessor of the mount. */
      readonly mount_accessor?: string
      /** The entity it stands for; a new one when left out. */
      readonly canonical_id?: string
      /** @deprecated use "canonical_id" */
      readonly entity_id?: string
      /** Words about the alias, for templates of policies. */
      readonly custom_metadata?: Readonly<Record<string, string>>
    }, {
      /** The alias's id. */
      readonly id: string
      /** The entity or group it stands for. */
      readonly canonical_id: string
    }>
    delete: Act<Record<never, never>, null>
  }
  /** Make an alias of an entity, or change it. */
  persona: {
    write: Act<{
      /** Id of an alias to change. */
      readonly id?: string
      /** The name under which the mount knows the entity; case is folded. */
      readonly name?: string
      /** The accessor of the mount. */
      readonly mount_accessor?: string
      /** The entity it stands for; a new one when left out. */
      readonly canonical_id?: string
      /** @deprecated use "canonical_id" */
      readonly entity_id?: string
      /** Words about the alias, for templates of policies. */
      readonly custom_metadata?: Readonly<Record<string, string>>
    }, {
      /** The alias's id. */
      readonly id: string
      /** The entity or group it stands for. */
      readonly canonical_id: string
    }>
  }
  /** List the aliases of entities by id. */
  "persona/id": {
    list: Act<{
      /** Only names after this one. */
      readonly after?: string
      /** At most this many names. */
      readonly limit?: number
    }, Names>
  }
  /** An alias of an entity, by its id. */
  "persona/id/:id": {
    read: Act<Record<never, never>, {
      /** The alias's id. */
      readonly id: string
      /** The entity or group it stands for. */
      readonly canonical_id: string
      /** The name under which the mount knows it. */
      readonly name: string
      /** The accessor of the mount. */
      readonly mount_accessor: string
      /** Where the mount is, while there is one. */
      readonly mount_path?: string | null
      /** The type of the mount. */
      readonly mount_type?: string | null
      /** What the auth method said at the last login. */
      readonly metadata: JsonObject | null
      /** Words set through the API. */
      readonly custom_metadata: JsonObject | null
      /** When it was made. */
      readonly creation_time: string
      /** When it was last changed. */
      readonly last_update_time: string
      /** Entities it belonged to before they were merged. */
      readonly merged_from_canonical_ids: readonly string[] | null
      /** Whether it stays on one cluster. Always false: every node is equal here. */
      readonly local: boolean
      /** Where it lives. */
      readonly namespace_id: string
    }>
    write: Act<{
      /** The name under which the mount knows the entity; case is folded. */
      readonly name?: string
      /** The accessor of the mount. */
      readonly mount_accessor?: string
      /** The entity it stands for; a new one when left out. */
      readonly canonical_id?: string
      /** @deprecated use "canonical_id" */
      readonly entity_id?: string
      /** Words about the alias, for templates of policies. */
      readonly custom_metadata?: Readonly<Record<string, string>>
    }, {
      /** The alias's id. */
      readonly id: string
      /** The entity or group it stands for. */
      readonly canonical_id: string
    }>
    delete: Act<Record<never, never>, null>
  }
  /** Make a group, or change the one with an id or a name. */
  group: {
    write: Act<{
      /** Id of a group to change. */
      readonly id?: string
      /** Its name. */
      readonly name?: string
      /** `internal`, or `external` for one whose members an auth method names. */
      readonly type?: string
      /** Words about the group, for templates of policies. */
      readonly metadata?: Readonly<Record<string, string>>
      /** Policies that all members have. */
      readonly policies?: string | readonly string[]
      /** Ids of its entities. */
      readonly member_entity_ids?: string | readonly string[]
      /** Ids of the groups in it. */
      readonly member_group_ids?: string | readonly string[]
    }, {
      /** The group's id. */
      readonly id: string
      /** Its name. */
      readonly name: string
    }>
  }
  /** List groups by id. */
  "group/id": {
    list: Act<{
      /** Only names after this one. */
      readonly after?: string
      /** At most this many names. */
      readonly limit?: number
    }, Names>
  }
  /** A group, by its id. */
  "group/id/:id": {
    read: Act<Record<never, never>, {
      /** The group's id. */
      readonly id: string
      /** Its name. */
      readonly name: string
      /** `internal`, or `external` for one whose members an auth method names. */
      readonly type: string
      /** Words about the group, for templates of policies. */
      readonly metadata: Readonly<Record<string, string>> | null
      /** Policies that all members have. */
      readonly policies: readonly string[] | null
      /** Ids of its entities. */
      readonly member_entity_ids: readonly string[] | null
      /** Ids of the groups in it. */
      readonly member_group_ids: readonly string[] | null
      /** The groups it is in. */
      readonly parent_group_ids: readonly string[] | null
      /** External groups: the name under which one mount knows it. */
      readonly alias: Json
      /** Where it lives. */
      readonly namespace_id: string
      /** When it was made. */
      readonly creation_time: string
      /** When it was last changed. */
      readonly last_update_time: string
      /** How often it was written. */
      readonly modify_index: number
    }>
    write: Act<{
      /** A new name. */
      readonly name?: string
      /** `internal`, or `external` for one whose members an auth method names. */
      readonly type?: string
      /** Words about the group, for templates of policies. */
      readonly metadata?: Readonly<Record<string, string>>
      /** Policies that all members have. */
      readonly policies?: string | readonly string[]
      /** Ids of its entities. */
      readonly member_entity_ids?: string | readonly string[]
      /** Ids of the groups in it. */
      readonly member_group_ids?: string | readonly string[]
    }, null>
    delete: Act<Record<never, never>, null>
  }
  /** List groups by name. */
  "group/name": {
    list: Act<Record<never, never>, Names>
  }
  /** A group, by its name; a write makes it. */
  "group/name/:name": {
    read: Act<Record<never, never>, {
      /** The group's id. */
      readonly id: string
      /** Its name. */
      readonly name: string
      /** `internal`, or `external` for one whose members an auth method names. */
      readonly type: string
      /** Words about the group, for templates of policies. */
      readonly metadata: Readonly<Record<string, string>> | null
      /** Policies that all members have. */
      readonly policies: readonly string[] | null
      /** Ids of its entities. */
      readonly member_entity_ids: readonly string[] | null
      /** Ids of the groups in it. */
      readonly member_group_ids: readonly string[] | null
      /** The groups it is in. */
      readonly parent_group_ids: readonly string[] | null
      /** External groups: the name under which one mount knows it. */
      readonly alias: Json
      /** Where it lives. */
      readonly namespace_id: string
      /** When it was made. */
      readonly creation_time: string
      /** When it was last changed. */
      readonly last_update_time: string
      /** How often it was written. */
      readonly modify_index: number
    }>
    write: Act<{
      /** Its id, to be sure that it is the one meant. */
      readonly id?: string
      /** `internal`, or `external` for one whose members an auth method names. */
      readonly type?: string
      /** Words about the group, for templates of policies. */
      readonly metadata?: Readonly<Record<string, string>>
      /** Policies that all members have. */
      readonly policies?: string | readonly string[]
      /** Ids of its entities. */
      readonly member_entity_ids?: string | readonly string[]
      /** Ids of the groups in it. */
      readonly member_group_ids?: string | readonly string[]
    }, {
      /** The group's id. */
      readonly id: string
      /** Its name. */
      readonly name: string
    }>
    delete: Act<Record<never, never>, null>
  }
  /** Give an external group the name under which a mount knows it. */
  "group-alias": {
    write: Act<{
      /** Id of an alias to change. */
      readonly id?: string
      /** The name under which the mount knows the group; case is folded. */
      readonly name?: string
      /** The accessor of the mount. */
      readonly mount_accessor?: string
      /** The external group it stands for; a new one when left out. */
      readonly canonical_id?: string
    }, {
      /** The alias's id. */
      readonly id: string
      /** The entity or group it stands for. */
      readonly canonical_id: string
    }>
  }
  /** List the aliases of groups by id. */
  "group-alias/id": {
    list: Act<{
      /** Only names after this one. */
      readonly after?: string
      /** At most this many names. */
      readonly limit?: number
    }, Names>
  }
  /** The alias of a group, by its id. */
  "group-alias/id/:id": {
    read: Act<Record<never, never>, {
      /** The alias's id. */
      readonly id: string
      /** The entity or group it stands for. */
      readonly canonical_id: string
      /** The name under which the mount knows it. */
      readonly name: string
      /** The accessor of the mount. */
      readonly mount_accessor: string
      /** Where the mount is, while there is one. */
      readonly mount_path?: string | null
      /** The type of the mount. */
      readonly mount_type?: string | null
      /** What the auth method said at the last login. */
      readonly metadata: JsonObject | null
      /** Words set through the API. */
      readonly custom_metadata: JsonObject | null
      /** When it was made. */
      readonly creation_time: string
      /** When it was last changed. */
      readonly last_update_time: string
      /** Entities it belonged to before they were merged. */
      readonly merged_from_canonical_ids: readonly string[] | null
      /** Whether it stays on one cluster. Always false: every node is equal here. */
      readonly local: boolean
      /** Where it lives. */
      readonly namespace_id: string
    }>
    write: Act<{
      /** The name under which the mount knows the group; case is folded. */
      readonly name?: string
      /** The accessor of the mount. */
      readonly mount_accessor?: string
      /** The external group it stands for; a new one when left out. */
      readonly canonical_id?: string
    }, {
      /** The alias's id. */
      readonly id: string
      /** The entity or group it stands for. */
      readonly canonical_id: string
    }>
    delete: Act<Record<never, never>, null>
  }
  /** Find an entity. Answers 204 when there is none. */
  "lookup/entity": {
    write: Act<{
      /** By its id. */
      readonly id?: string
      /** By its name. */
      readonly name?: string
      /** By the id of its alias. */
      readonly alias_id?: string
      /** By the name of its alias, with `alias_mount_accessor`. */
      readonly alias_name?: string
      /** The accessor of the alias's mount. */
      readonly alias_mount_accessor?: string
    }, JsonObject>
  }
  /** Find a group. Answers 204 when there is none. */
  "lookup/group": {
    write: Act<{
      /** By its id. */
      readonly id?: string
      /** By its name. */
      readonly name?: string
      /** By the id of its alias. */
      readonly alias_id?: string
      /** By the name of its alias, with `alias_mount_accessor`. */
      readonly alias_name?: string
      /** The accessor of the alias's mount. */
      readonly alias_mount_accessor?: string
    }, JsonObject>
  }
}

/** Keeps arbitrary secrets: keys to values under paths, with a history (version 2) or without (version 1). */
export interface KvV1 {
  /** A secret: keys to values. Each write replaces it as a whole. */
  "*path": {
    read: Act<Record<never, never>, JsonObject>
    list: Act<{
      /** Only names after this one. */
      readonly after?: string
      /** At most this many names. */
      readonly limit?: number
    }, Names>
    scan: Act<{
      /** Only names after this one. */
      readonly after?: string
      /** At most this many names. */
      readonly limit?: number
      /** Only names that hold this text, whatever its case. */
      readonly search?: string
    }, Names>
    write: Act<object, JsonObject>
    delete: Act<Record<never, never>, JsonObject>
  }
}

/** Keeps arbitrary secrets: keys to values under paths, with a history (version 2) or without (version 1). */
export interface KvV2 {
  /** How this mount keeps versions. */
  config: {
    read: Act<Record<never, never>, {
      /** How many versions of a secret are kept; 0 is 10. */
      readonly max_versions: number
      /** Every write must say which version it replaces. */
      readonly cas_required: boolean
      /** A duration; `0s` is never. */
      readonly delete_version_after: string
    }>
    write: Act<{
      /** How many versions of a secret are kept; 0 is 10. */
      readonly max_versions?: number
      /** Every write must say which version it replaces. */
      readonly cas_required?: boolean
      /** How long after its creation a version deletes itself; negative is never. */
      readonly delete_version_after?: string | number
    }, null>
  }
  /** A secret: read a version, write the next one, delete the latest. */
  "data/*path": {
    read: Act<{
      /** The version to read; 0 is the latest. */
      readonly version?: number
    }, {
      /** The secret. */
      readonly data: JsonObject | null
      /** What is known of this version. */
      readonly metadata: JsonObject | null
    }>
    write: Act<{
      /** The secret: keys to values. */
      readonly data?: object
      /** `cas`: the version that this write replaces, 0 for none. */
      readonly options?: object
    }, {
      /** The new version. */
      readonly version: number
      /** When it was made (RFC 3339). */
      readonly created_time: string
      /** When it deletes itself; empty is never. */
      readonly deletion_time: string
      /** false */
      readonly destroyed: boolean
      /** Words of your own about the secret. */
      readonly custom_metadata: Readonly<Record<string, string>> | null
    }>
    delete: Act<Record<never, never>, null>
    patch: Act<{
      /** The secret: keys to values. */
      readonly data?: object
      /** `cas`: the version that this write replaces, 0 for none. */
      readonly options?: object
    }, {
      /** The new version. */
      readonly version: number
      /** When it was made (RFC 3339). */
      readonly created_time: string
      /** When it deletes itself; empty is never. */
      readonly deletion_time: string
      /** false */
      readonly destroyed: boolean
      /** Words of your own about the secret. */
      readonly custom_metadata: Readonly<Record<string, string>> | null
    }>
  }
  /** The structure of a secret: its keys, without any value. */
  "subkeys/*path": {
    read: Act<{
      /** The version to read; 0 is the latest. */
      readonly version?: number
      /** How many levels deep; 0 is all. */
      readonly depth?: number
    }, {
      /** Its keys; null in the place of values. */
      readonly subkeys: JsonObject | null
      /** What is known of this version. */
      readonly metadata: JsonObject | null
    }>
  }
  /** Delete versions; `undelete` brings them back. */
  "delete/*path": {
    write: Act<{
      /** The versions meant. */
      readonly versions?: readonly number[]
    }, null>
  }
  /** Bring deleted versions back. */
  "undelete/*path": {
    write: Act<{
      /** The versions meant. */
      readonly versions?: readonly number[]
    }, null>
  }
  /** Remove the data of versions for good. */
  "destroy/*path": {
    write: Act<{
      /** The versions meant. */
      readonly versions?: readonly number[]
    }, null>
  }
  /** What is known about a secret, and the names in a folder. */
  "metadata/*path": {
    read: Act<Record<never, never>, {
      /** When the first version was written (RFC 3339). */
      readonly created_time: string
      /** When anything changed last. */
      readonly updated_time: string
      /** The newest version. */
      readonly current_version: number
      /** The oldest that is kept. */
      readonly oldest_version: number
      /** How many are kept; 0 leaves it to the mount. */
      readonly max_versions: number
      /** Whether a write must say which version it replaces. */
      readonly cas_required: boolean
      /** How long after its creation a version deletes itself; `0s` leaves it to the mount. */
      readonly delete_version_after: string
      /** Words of your own about the secret. */
      readonly custom_metadata: Readonly<Record<string, string>> | null
      /** created_time, deletion_time and destroyed of each version, by its number. */
      readonly versions: JsonObject | null
    }>
    list: Act<{
      /** Only names after this one. */
      readonly after?: string
      /** At most this many names. */
      readonly limit?: number
    }, Names>
    scan: Act<{
      /** Only names after this one. */
      readonly after?: string
      /** At most this many names. */
      readonly limit?: number
      /** Only names that hold this text, whatever its case. */
      readonly search?: string
    }, Names>
    write: Act<{
      /** How many versions are kept; 0 leaves it to the mount. */
      readonly max_versions?: number
      /** Every write must say which version it replaces. */
      readonly cas_required?: boolean
      /** How long after its creation a version deletes itself; 0 leaves it to the mount. */
      readonly delete_version_after?: string | number
      /** Words of your own about the secret: at most 64 keys to strings. Not secret. */
      readonly custom_metadata?: object
    }, null>
    delete: Act<Record<never, never>, null>
    patch: Act<{
      /** How many versions are kept; 0 leaves it to the mount. */
      readonly max_versions?: number
      /** Every write must say which version it replaces. */
      readonly cas_required?: boolean
      /** How long after its creation a version deletes itself; 0 leaves it to the mount. */
      readonly delete_version_after?: string | number
      /** Words of your own about the secret: at most 64 keys to strings. Not secret. */
      readonly custom_metadata?: object
    }, null>
  }
  /** The names in a folder with what is known about each secret. */
  "detailed-metadata/*path": {
    list: Act<{
      /** Only names after this one. */
      readonly after?: string
      /** At most this many names. */
      readonly limit?: number
    }, {
      /** Names. */
      readonly keys: readonly string[] | null
      /** What is known of each secret, by its name. */
      readonly key_info: JsonObject | null
    }>
  }
}

/** Keeps secrets that only the token that wrote them can read. */
export interface Cubbyhole {
  /** A secret of this token. */
  "*path": {
    read: Act<Record<never, never>, JsonObject>
    list: Act<{
      /** Only names after this one. */
      readonly after?: string
      /** At most this many names. */
      readonly limit?: number
    }, Names>
    write: Act<object, JsonObject>
    delete: Act<Record<never, never>, JsonObject>
  }
}

/** Credentials of AWS that live as long as their lease. */
export interface Aws {
  /** The account that manages IAM. */
  "config/root": {
    read: Act<Record<never, never>, {
      /** The access key that manages IAM. */
      readonly access_key: string
      /** The region of calls. */
      readonly region: string
      /** Another address of IAM. */
      readonly iam_endpoint: string
      /** Another address of STS. */
      readonly sts_endpoint: string
      /** The region of calls to STS; that of the others without one. */
      readonly sts_region: string
      /** How often a call is tried again; -1 leaves it to the SDK. */
      readonly max_retries: number
      /** How users and sessions are named. */
      readonly username_template: string
    }>
    write: Act<{
      /** The access key that manages IAM. */
      readonly access_key?: string
      /** Its secret. */
      readonly secret_key?: string
      /** The region of calls. */
      readonly region?: string
      /** Another address of IAM. */
      readonly iam_endpoint?: string
      /** Another address of STS. */
      readonly sts_endpoint?: string
      /** The region of calls to STS; that of the others without one. */
      readonly sts_region?: string
      /** How often a call is tried again; -1 leaves it to the SDK. */
      readonly max_retries?: number
      /** How users and sessions are named. */
      readonly username_template?: string
    }, null>
  }
  /** How long users live. */
  "config/lease": {
    read: Act<Record<never, never>, JsonObject>
    write: Act<{
      /** How long before it must be renewed: `1h`. */
      readonly lease?: string
      /** How long renewals can keep it. */
      readonly lease_max?: string
    }, JsonObject>
  }
  /** Replace the access key that manages IAM by one that nobody else knows. */
  "config/rotate-root": {
    write: Act<Record<never, never>, JsonObject>
  }
  /** List the roles. */
  roles: {
    list: Act<{
      /** Only names after this one. */
      readonly after?: string
      /** At most this many names. */
      readonly limit?: number
    }, Names>
  }
  /** A role: which kind of credential, and what it may do. Read, write, delete. */
  "roles/:name": {
    read: Act<Record<never, never>, JsonObject>
    write: Act<{
      /** `iam_user`, `assumed_role`, `federation_token` or `session_token`. */
      readonly credential_type?: string
      /** Roles that may be assumed. */
      readonly role_arns?: string | readonly string[]
      /** Policies: attached to users, or the most that a session may do. */
      readonly policy_arns?: string | readonly string[]
      /** A policy in JSON: of users, or the most that a session may do. */
      readonly policy_document?: string
      /** Groups that users join; of sessions, the groups' policies hold. */
      readonly iam_groups?: string | readonly string[]
      /** Tags of users. */
      readonly iam_tags?: Readonly<Record<string, string>>
      /** Tags of assumed sessions. */
      readonly session_tags?: Readonly<Record<string, string>>
      /** The external id that the role's trust policy asks for. */
      readonly external_id?: string
      /** How long sessions live unless asked otherwise; an hour when 0. */
      readonly default_sts_ttl?: string | number
      /** How long they may be asked for; the mount's longest when 0. */
      readonly max_sts_ttl?: string | number
      /** A policy that bounds what users may do. */
      readonly permissions_boundary_arn?: string
      /** The path of users. */
      readonly user_path?: string
      /** The MFA device of the account, for session tokens. */
      readonly mfa_serial_number?: string
      /** A policy in JSON. @deprecated use policy_document with credential_type */
      readonly policy?: string
      /** A role or policy. @deprecated use role_arns or policy_arns with credential_type */
      readonly arn?: string
    }, JsonObject>
    delete: Act<Record<never, never>, JsonObject>
  }
  /** List the static roles. */
  "static-roles": {
    list: Act<Record<never, never>, Names>
  }
  /** A static role: read, write, delete. Writing a new one makes an access key of its user. */
  "static-roles/:name": {
    read: Act<Record<never, never>, {
      /** Name of the static role. */
      readonly name: string
      /** The IAM user. */
      readonly username: string
      /** Its unique id: another user of the same name is not touched. */
      readonly id: string
      /** How often its access key is replaced. */
      readonly rotation_period: number
    }>
    write: Act<{
      /** The IAM user. */
      readonly username?: string
      /** How often its access key is replaced. */
      readonly rotation_period?: string | number
    }, {
      /** Name of the static role. */
      readonly name: string
      /** The IAM user. */
      readonly username: string
      /** Its unique id: another user of the same name is not touched. */
      readonly id: string
      /** How often its access key is replaced. */
      readonly rotation_period: number
    }>
    delete: Act<Record<never, never>, JsonObject>
  }
  /** The access key of a static role. */
  "static-creds/:name": {
    read: Act<Record<never, never>, {
      /** The access key. */
      readonly access_key: string
      /** Its secret. */
      readonly secret_key: string
      /** When it is replaced. */
      readonly expiration: string
    }>
  }
  /** Make a credential of the kind that the role says. */
  "creds/:name": {
    read: Act<{
      /** How long a session lives. */
      readonly ttl?: string | number
      /** The role to assume, where more than one may be. */
      readonly role_arn?: string
      /** What the session is called. */
      readonly role_session_name?: string
      /** The code of the MFA device, for session tokens. */
      readonly mfa_code?: string
    }, {
      /** The access key. */
      readonly access_key: string
      /** Its secret. */
      readonly secret_key: string
      /** The session's token. */
      readonly security_token?: string | null
      /** The same. */
      readonly session_token?: string | null
      /** Who the session is. */
      readonly arn?: string | null
      /** Seconds that the session lives. */
      readonly ttl?: number | null
    }>
    write: Act<{
      /** How long a session lives. */
      readonly ttl?: string | number
      /** The role to assume, where more than one may be. */
      readonly role_arn?: string
      /** What the session is called. */
      readonly role_session_name?: string
      /** The code of the MFA device, for session tokens. */
      readonly mfa_code?: string
    }, {
      /** The access key. */
      readonly access_key: string
      /** Its secret. */
      readonly secret_key: string
      /** The session's token. */
      readonly security_token?: string | null
      /** The same. */
      readonly session_token?: string | null
      /** Who the session is. */
      readonly arn?: string | null
      /** Seconds that the session lives. */
      readonly ttl?: number | null
    }>
  }
  /** Make a credential of the kind that the role says. */
  "sts/:name": {
    read: Act<{
      /** How long a session lives. */
      readonly ttl?: string | number
      /** The role to assume, where more than one may be. */
      readonly role_arn?: string
      /** What the session is called. */
      readonly role_session_name?: string
      /** The code of the MFA device, for session tokens. */
      readonly mfa_code?: string
    }, {
      /** The access key. */
      readonly access_key: string
      /** Its secret. */
      readonly secret_key: string
      /** The session's token. */
      readonly security_token?: string | null
      /** The same. */
      readonly session_token?: string | null
      /** Who the session is. */
      readonly arn?: string | null
      /** Seconds that the session lives. */
      readonly ttl?: number | null
    }>
    write: Act<{
      /** How long a session lives. */
      readonly ttl?: string | number
      /** The role to assume, where more than one may be. */
      readonly role_arn?: string
      /** What the session is called. */
      readonly role_session_name?: string
      /** The code of the MFA device, for session tokens. */
      readonly mfa_code?: string
    }, {
      /** The access key. */
      readonly access_key: string
      /** Its secret. */
      readonly secret_key: string
      /** The session's token. */
      readonly security_token?: string | null
      /** The same. */
      readonly session_token?: string | null
      /** Who the session is. */
      readonly arn?: string | null
      /** Seconds that the session lives. */
      readonly ttl?: number | null
    }>
  }
}

/** Service principals of Azure that live as long as their lease. */
export interface Azure {
  /** The application that makes others. */
  config: {
    read: Act<Record<never, never>, {
      /** The subscription. */
      readonly subscription_id: string
      /** The tenant. */
      readonly tenant_id: string
      /** The application that makes others. */
      readonly client_id: string
      /** The cloud; AzurePublicCloud without one. */
      readonly environment: string
      /** How long a rotated secret is good for. */
      readonly root_password_ttl: number
      /** When the rotated secret ends. */
      readonly root_password_expiration_date?: string | null
    }>
    write: Act<{
      /** The subscription. */
      readonly subscription_id?: string
      /** The tenant. */
      readonly tenant_id?: string
      /** The application that makes others. */
      readonly client_id?: string
      /** Its secret. */
      readonly client_secret?: string
      /** The cloud; AzurePublicCloud without one. */
      readonly environment?: string
      /** How long a rotated secret is good for. */
      readonly root_password_ttl?: string | number
      /** Accepted for compatibility: Azure makes the secrets. @deprecated Azure makes the secrets */
      readonly password_policy?: string
    }, null>
    delete: Act<Record<never, never>, null>
  }
  /** Give the application that makes others a secret that nobody else knows. It takes a minute. */
  "rotate-root": {
    write: Act<Record<never, never>, JsonObject>
  }
  /** List the roles. */
  roles: {
    list: Act<{
      /** Only names after this one. */
      readonly after?: string
      /** At most this many names. */
      readonly limit?: number
    }, Names>
  }
  /** A role: what its service principals may do. Read, write, delete. */
  "roles/:name": {
    read: Act<Record<never, never>, JsonObject>
    write: Act<{
      /** JSON: `[{"role_name": "Reader", "scope": "/subscriptions/…"}]`. */
      readonly azure_roles?: string
      /** JSON: `[{"group_name": "developers"}]`. */
      readonly azure_groups?: string
      /** An application that is there already: its secrets are given. */
      readonly application_object_id?: string
      /** How long credentials live; the mount's default when 0. */
      readonly ttl?: string | number
      /** How long renewals can keep them; the mount's longest when 0. */
      readonly max_ttl?: string | number
      /** When Azure ends the secret, whatever happens here; ten years when 0. */
      readonly explicit_max_ttl?: string | number
      /** Delete applications for good, not into the recycle bin. */
      readonly permanently_delete?: boolean
      /** Make one application for the role, and give secrets of it. */
      readonly persist_app?: boolean
      /** Who may sign in to the applications. */
      readonly sign_in_audience?: string
      /** Tags of the applications. */
      readonly tags?: string | readonly string[]
    }, JsonObject>
    delete: Act<Record<never, never>, JsonObject>
  }
  /** Make a service principal, or a secret of an application, that lives as long as its lease. */
  "creds/:role": {
    read: Act<Record<never, never>, {
      /** The application's client id. */
      readonly client_id: string
      /** Its secret. */
      readonly client_secret: string
    }>
  }
}

/** Tokens of Consul that live as long as their lease. */
export interface Consul {
  /** The Consul server, and the token that makes tokens there. */
  "config/access": {
    read: Act<Record<never, never>, {
      /** The server: `127.0.0.1:8500`. */
      readonly address: string
      /** `http` or `https`. */
      readonly scheme: string
    }>
    write: Act<{
      /** The server: `127.0.0.1:8500`. */
      readonly address?: string
      /** `http` or `https`. */
      readonly scheme?: "http" | "https"
      /** A token that may write ACLs; made by bootstrapping the ACL system without one. */
      readonly token?: string
      /** The authority to trust, in PEM; the system's without one. */
      readonly ca_cert?: string
      /** A certificate to show to the service, in PEM. */
      readonly client_cert?: string
      /** The key of that certificate, in PEM. */
      readonly client_key?: string
    }, JsonObject>
  }
  /** List the roles. */
  roles: {
    list: Act<{
      /** Only names after this one. */
      readonly after?: string
      /** At most this many names. */
      readonly limit?: number
    }, Names>
  }
  /** A role: what its tokens may do. Read, write, delete. */
  "roles/:name": {
    read: Act<Record<never, never>, JsonObject>
    write: Act<{
      /** Policies of Consul. */
      readonly consul_policies?: string | readonly string[]
      /** @deprecated use "consul_policies" */
      readonly policies?: string | readonly string[]
      /** Roles of Consul. */
      readonly consul_roles?: string | readonly string[]
      /** Services: `name`, or `name:dc1,dc2`; with `;` between. */
      readonly service_identities?: readonly string[]
      /** Nodes: `name:datacenter`. */
      readonly node_identities?: string | readonly string[]
      /** Only in this datacenter, without replication. */
      readonly local?: boolean
      /** How long a token lives; the mount's default when 0. */
      readonly ttl?: string | number
      /** @deprecated use "ttl" */
      readonly lease?: string | number
      /** How long renewals can keep it; the mount's longest when 0. */
      readonly max_ttl?: string | number
      /** The namespace (Enterprise). */
      readonly consul_namespace?: string
      /** The admin partition (Enterprise). */
      readonly partition?: string
      /** Rules of the ACL system before Consul 1.4. @deprecated use consul_policies: Consul 1.11 removed the old ACL system */
      readonly policy?: string
      /** `client`. @deprecated management tokens are those with the policy global-management */
      readonly token_type?: string
    }, JsonObject>
    delete: Act<Record<never, never>, JsonObject>
  }
  /** Make a token that lives as long as its lease. */
  "creds/:role": {
    read: Act<Record<never, never>, {
      /** The token. */
      readonly token: string
      /** Its accessor. */
      readonly accessor: string
      /** Whether it is of one datacenter only. */
      readonly local: boolean
      /** Its namespace. */
      readonly consul_namespace: string
      /** Its partition. */
      readonly partition: string
    }>
  }
}

/** Users of databases that live as long as their lease, and passwords that change by themselves. */
export interface Database {
  /** List the connections. */
  config: {
    list: Act<{
      /** Only names after this one. */
      readonly after?: string
      /** At most this many names. */
      readonly limit?: number
    }, Names>
  }
  /** A connection to a database: read, write, delete. */
  "config/:name": {
    read: Act<Record<never, never>, JsonObject>
    write: Act<object, JsonObject>
    delete: Act<Record<never, never>, JsonObject>
  }
  /** Close a connection and open it anew. */
  "reset/:name": {
    write: Act<Record<never, never>, JsonObject>
  }
  /** Close and open anew all connections of a plugin. */
  "reload/:plugin_name": {
    write: Act<Record<never, never>, JsonObject>
  }
  /** Give the connection's own account a password that nobody else knows. */
  "rotate-root/:name": {
    write: Act<Record<never, never>, JsonObject>
  }
  /** List the roles. */
  roles: {
    list: Act<{
      /** Only names after this one. */
      readonly after?: string
      /** At most this many names. */
      readonly limit?: number
    }, Names>
  }
  /** A role: read, write, delete. */
  "roles/:name": {
    read: Act<Record<never, never>, {
      /** The connection that its users are made with. */
      readonly db_name: string
      /** How long a user lives; the mount's default when 0. */
      readonly default_ttl: number
      /** How long renewals can keep it; the mount's longest when 0. */
      readonly max_ttl: number
      /** What makes a user. */
      readonly creation_statements: readonly string[] | null
      /** What removes one; the database's usual way when empty. */
      readonly revocation_statements: readonly string[] | null
      /** What removes one that was made by halves. */
      readonly rollback_statements: readonly string[] | null
      /** What moves its end; the database's usual way when empty. */
      readonly renew_statements: readonly string[] | null
      /** `password`, `rsa_private_key` or `client_certificate`. */
      readonly credential_type: string
      /** How the credential is made. */
      readonly credential_config: Readonly<Record<string, string>> | null
    }>
    write: Act<{
      /** The connection that its users are made with. */
      readonly db_name?: string
      /** How long a user lives; the mount's default when 0. */
      readonly default_ttl?: string | number
      /** How long renewals can keep it; the mount's longest when 0. */
      readonly max_ttl?: string | number
      /** What makes a user. */
      readonly creation_statements?: readonly string[]
      /** What removes one; the database's usual way when empty. */
      readonly revocation_statements?: readonly string[]
      /** What removes one that was made by halves. */
      readonly rollback_statements?: readonly string[]
      /** What moves its end; the database's usual way when empty. */
      readonly renew_statements?: readonly string[]
      /** `password`, `rsa_private_key` or `client_certificate`. */
      readonly credential_type?: string
      /** How the credential is made. */
      readonly credential_config?: Readonly<Record<string, string>>
    }, null>
    delete: Act<Record<never, never>, null>
  }
  /** Make a user that lives as long as its lease. */
  "creds/:name": {
    read: Act<Record<never, never>, {
      /** The user's name. */
      readonly username: string
      /** Its password, unless the role asks for another credential. */
      readonly password?: string | null
      /** Its key (PKCS #8, PEM), where the role asks for one. */
      readonly rsa_private_key?: string | null
      /** Its certificate (PEM), where the role asks for one. */
      readonly client_certificate?: string | null
      /** The certificate's key, PEM. */
      readonly private_key?: string | null
      /** The kind of that key: `rsa`, `ec` or `ed25519`. */
      readonly private_key_type?: string | null
    }>
  }
  /** List the static roles. */
  "static-roles": {
    list: Act<{
      /** Only names after this one. */
      readonly after?: string
      /** At most this many names. */
      readonly limit?: number
    }, Names>
  }
  /** A static role: read, write, delete. Writing a new one rotates its credential. */
  "static-roles/:name": {
    read: Act<Record<never, never>, JsonObject>
    write: Act<{
      /** The connection that rotates it. */
      readonly db_name?: string
      /** The user whose credential is rotated. */
      readonly username?: string
      /** How often. */
      readonly rotation_period?: string | number
      /** When, as cron says it, in UTC. */
      readonly rotation_schedule?: string
      /** How long after a scheduled time a rotation may begin; no bound when 0. */
      readonly rotation_window?: string | number
      /** What changes the credential; the database's usual way when empty. */
      readonly rotation_statements?: readonly string[]
      /** `password` or `rsa_private_key`. */
      readonly credential_type?: string
      /** How the credential is made. */
      readonly credential_config?: Readonly<Record<string, string>>
      /** Do not rotate when the role is created. */
      readonly skip_import_rotation?: boolean
      /** What its password is now; with `skip_import_rotation`. */
      readonly password?: string
    }, JsonObject>
    delete: Act<Record<never, never>, JsonObject>
  }
  /** The credential of a static role, and how long it is good for. */
  "static-creds/:name": {
    read: Act<Record<never, never>, JsonObject>
  }
  /** Rotate the credential of a static role now. */
  "rotate-role/:name": {
    write: Act<Record<never, never>, JsonObject>
  }
}

/** Keys and access tokens of Google's service accounts. */
export interface Gcp {
  /** The service account that makes others, and how long keys live. */
  config: {
    read: Act<Record<never, never>, {
      /** How long keys live; the mount's default when 0. */
      readonly ttl: number
      /** How long renewals can keep them; the mount's longest when 0. */
      readonly max_ttl: number
    }>
    write: Act<{
      /** The key of a service account, in JSON, as Google gives it. */
      readonly credentials?: string
      /** How long keys live; the mount's default when 0. */
      readonly ttl?: string | number
      /** How long renewals can keep them; the mount's longest when 0. */
      readonly max_ttl?: string | number
    }, null>
  }
  /** Replace the key of the service account that makes others by one that nobody else knows. */
  "config/rotate-root": {
    write: Act<Record<never, never>, {
      /** The id of the new key. */
      readonly private_key_id: string
    }>
  }
  /** List the role sets. */
  roleset: {
    list: Act<{
      /** Only names after this one. */
      readonly after?: string
      /** At most this many names. */
      readonly limit?: number
    }, Names>
  }
  /** List the role sets. */
  rolesets: {
    list: Act<{
      /** Only names after this one. */
      readonly after?: string
      /** At most this many names. */
      readonly limit?: number
    }, Names>
  }
  /** A role set: a service account that is made here, with its roles. Read, write, delete. */
  "roleset/:name": {
    read: Act<Record<never, never>, JsonObject>
    write: Act<{
      /** `access_token` or `service_account_key`. */
      readonly secret_type?: string
      /** The project of the account. */
      readonly project?: string
      /** Roles by resource, in HCL or JSON. */
      readonly bindings?: string
      /** What access tokens are for. */
      readonly token_scopes?: string | readonly string[]
    }, JsonObject>
    delete: Act<Record<never, never>, JsonObject>
  }
  /** Give a role set another service account. */
  "roleset/:name/rotate": {
    write: Act<Record<never, never>, JsonObject>
  }
  /** Give a role set another key to ask for access tokens with. */
  "roleset/:name/rotate-key": {
    write: Act<Record<never, never>, JsonObject>
  }
  /** List the static accounts. */
  "static-account": {
    list: Act<{
      /** Only names after this one. */
      readonly after?: string
      /** At most this many names. */
      readonly limit?: number
    }, Names>
  }
  /** List the static accounts. */
  "static-accounts": {
    list: Act<{
      /** Only names after this one. */
      readonly after?: string
      /** At most this many names. */
      readonly limit?: number
    }, Names>
  }
  /** A service account that is there already: read, write, delete. */
  "static-account/:name": {
    read: Act<Record<never, never>, JsonObject>
    write: Act<{
      /** `access_token` or `service_account_key`. */
      readonly secret_type?: string
      /** The service account's email address. */
      readonly service_account_email?: string
      /** Roles by resource, in HCL or JSON. */
      readonly bindings?: string
      /** What access tokens are for. */
      readonly token_scopes?: string | readonly string[]
    }, JsonObject>
    delete: Act<Record<never, never>, JsonObject>
  }
  /** Give a static account another key to ask for access tokens with. */
  "static-account/:name/rotate-key": {
    write: Act<Record<never, never>, JsonObject>
  }
  /** List the impersonated accounts. */
  "impersonated-account": {
    list: Act<{
      /** Only names after this one. */
      readonly after?: string
      /** At most this many names. */
      readonly limit?: number
    }, Names>
  }
  /** List the impersonated accounts. */
  "impersonated-accounts": {
    list: Act<{
      /** Only names after this one. */
      readonly after?: string
      /** At most this many names. */
      readonly limit?: number
    }, Names>
  }
  /** A service account whose tokens are asked for without a key: read, write, delete. */
  "impersonated-account/:name": {
    read: Act<Record<never, never>, JsonObject>
    write: Act<{
      /** The service account's email address. */
      readonly service_account_email?: string
      /** What access tokens are for. */
      readonly token_scopes?: string | readonly string[]
      /** How long tokens live; the configuration's when 0. */
      readonly ttl?: string | number
    }, JsonObject>
    delete: Act<Record<never, never>, JsonObject>
  }
  /** An access token of an impersonated account. */
  "impersonated-account/:name/token": {
    read: Act<Record<never, never>, {
      /** The access token. */
      readonly token: string
      /** Seconds that it lives. */
      readonly token_ttl: number
      /** When it ends, in seconds since 1970. */
      readonly expires_at_seconds: number
    }>
    write: Act<Record<never, never>, {
      /** The access token. */
      readonly token: string
      /** Seconds that it lives. */
      readonly token_ttl: number
      /** When it ends, in seconds since 1970. */
      readonly expires_at_seconds: number
    }>
  }
  /** A key of the service account, which lives as long as its lease. */
  "roleset/:name/key": {
    read: Act<{
      /** How long the key lives. */
      readonly ttl?: string | number
      /** The kind of key. */
      readonly key_algorithm?: "KEY_ALG_RSA_1024" | "KEY_ALG_RSA_2048"
      /** The form it comes in. */
      readonly key_type?: "TYPE_GOOGLE_CREDENTIALS_FILE" | "TYPE_PKCS12_FILE"
    }, {
      /** The key, in Base64. */
      readonly private_key_data: string
      /** The kind of key. */
      readonly key_algorithm: string
      /** The form it comes in. */
      readonly key_type: string
    }>
    write: Act<{
      /** How long the key lives. */
      readonly ttl?: string | number
      /** The kind of key. */
      readonly key_algorithm?: "KEY_ALG_RSA_1024" | "KEY_ALG_RSA_2048"
      /** The form it comes in. */
      readonly key_type?: "TYPE_GOOGLE_CREDENTIALS_FILE" | "TYPE_PKCS12_FILE"
    }, {
      /** The key, in Base64. */
      readonly private_key_data: string
      /** The kind of key. */
      readonly key_algorithm: string
      /** The form it comes in. */
      readonly key_type: string
    }>
  }
  /** A key of the service account, which lives as long as its lease. */
  "static-account/:name/key": {
    read: Act<{
      /** How long the key lives. */
      readonly ttl?: string | number
      /** The kind of key. */
      readonly key_algorithm?: "KEY_ALG_RSA_1024" | "KEY_ALG_RSA_2048"
      /** The form it comes in. */
      readonly key_type?: "TYPE_GOOGLE_CREDENTIALS_FILE" | "TYPE_PKCS12_FILE"
    }, {
      /** The key, in Base64. */
      readonly private_key_data: string
      /** The kind of key. */
      readonly key_algorithm: string
      /** The form it comes in. */
      readonly key_type: string
    }>
    write: Act<{
      /** How long the key lives. */
      readonly ttl?: string | number
      /** The kind of key. */
      readonly key_algorithm?: "KEY_ALG_RSA_1024" | "KEY_ALG_RSA_2048"
      /** The form it comes in. */
      readonly key_type?: "TYPE_GOOGLE_CREDENTIALS_FILE" | "TYPE_PKCS12_FILE"
    }, {
      /** The key, in Base64. */
      readonly private_key_data: string
      /** The kind of key. */
      readonly key_algorithm: string
      /** The form it comes in. */
      readonly key_type: string
    }>
  }
  /** A key of the service account, which lives as long as its lease. */
  "key/:name": {
    read: Act<{
      /** How long the key lives. */
      readonly ttl?: string | number
      /** The kind of key. */
      readonly key_algorithm?: "KEY_ALG_RSA_1024" | "KEY_ALG_RSA_2048"
      /** The form it comes in. */
      readonly key_type?: "TYPE_GOOGLE_CREDENTIALS_FILE" | "TYPE_PKCS12_FILE"
    }, {
      /** The key, in Base64. */
      readonly private_key_data: string
      /** The kind of key. */
      readonly key_algorithm: string
      /** The form it comes in. */
      readonly key_type: string
    }>
    write: Act<{
      /** How long the key lives. */
      readonly ttl?: string | number
      /** The kind of key. */
      readonly key_algorithm?: "KEY_ALG_RSA_1024" | "KEY_ALG_RSA_2048"
      /** The form it comes in. */
      readonly key_type?: "TYPE_GOOGLE_CREDENTIALS_FILE" | "TYPE_PKCS12_FILE"
    }, {
      /** The key, in Base64. */
      readonly private_key_data: string
      /** The kind of key. */
      readonly key_algorithm: string
      /** The form it comes in. */
      readonly key_type: string
    }>
  }
  /** An access token of the service account. It has no lease: nobody can take it back. */
  "roleset/:name/token": {
    read: Act<Record<never, never>, {
      /** The access token. */
      readonly token: string
      /** Seconds that it lives. */
      readonly token_ttl: number
      /** When it ends, in seconds since 1970. */
      readonly expires_at_seconds: number
    }>
    write: Act<Record<never, never>, {
      /** The access token. */
      readonly token: string
      /** Seconds that it lives. */
      readonly token_ttl: number
      /** When it ends, in seconds since 1970. */
      readonly expires_at_seconds: number
    }>
  }
  /** An access token of the service account. It has no lease: nobody can take it back. */
  "static-account/:name/token": {
    read: Act<Record<never, never>, {
      /** The access token. */
      readonly token: string
      /** Seconds that it lives. */
      readonly token_ttl: number
      /** When it ends, in seconds since 1970. */
      readonly expires_at_seconds: number
    }>
    write: Act<Record<never, never>, {
      /** The access token. */
      readonly token: string
      /** Seconds that it lives. */
      readonly token_ttl: number
      /** When it ends, in seconds since 1970. */
      readonly expires_at_seconds: number
    }>
  }
  /** An access token of the service account. It has no lease: nobody can take it back. */
  "token/:name": {
    read: Act<Record<never, never>, {
      /** The access token. */
      readonly token: string
      /** Seconds that it lives. */
      readonly token_ttl: number
      /** When it ends, in seconds since 1970. */
      readonly expires_at_seconds: number
    }>
    write: Act<Record<never, never>, {
      /** The access token. */
      readonly token: string
      /** Seconds that it lives. */
      readonly token_ttl: number
      /** When it ends, in seconds since 1970. */
      readonly expires_at_seconds: number
    }>
  }
}

/** Tokens of Kubernetes service accounts that live as long as their lease. */
export interface Kubernetes {
  /** The cluster, and the service account that this engine acts with. */
  config: {
    read: Act<Record<never, never>, {
      /** The API's address; the pod's own cluster without one. */
      readonly kubernetes_host: string
      /** The authority to trust, in PEM; the pod's without one. */
      readonly kubernetes_ca_cert: string
      /** Do not use what the pod has. */
      readonly disable_local_ca_jwt: boolean
    }>
    write: Act<{
      /** The API's address; the pod's own cluster without one. */
      readonly kubernetes_host?: string
      /** The authority to trust, in PEM; the pod's without one. */
      readonly kubernetes_ca_cert?: string
      /** The token to act with; the pod's without one. */
      readonly service_account_jwt?: string
      /** Do not use what the pod has. */
      readonly disable_local_ca_jwt?: boolean
    }, null>
    delete: Act<Record<never, never>, null>
  }
  /** Whether this server runs in a cluster, and so needs no kubernetes_host. */
  check: {
    read: Act<Record<never, never>, JsonObject>
  }
  /** List the roles. */
  roles: {
    list: Act<{
      /** Only names after this one. */
      readonly after?: string
      /** At most this many names. */
      readonly limit?: number
    }, Names>
  }
  /** A role: read, write, delete. */
  "roles/:name": {
    read: Act<Record<never, never>, {
      /** Name of the role. */
      readonly name: string
      /** Namespaces in which it may be used; `*` is any. */
      readonly allowed_kubernetes_namespaces: readonly string[] | null
      /** Namespaces by their labels: a LabelSelector in JSON or YAML. */
      readonly allowed_kubernetes_namespace_selector: string
      /** A service account that is there already. */
      readonly service_account_name: string
      /** A role that is there already: a service account is made for it. */
      readonly kubernetes_role_name: string
      /** Rules in JSON or YAML: a role and a service account are made. */
      readonly generated_role_rules: string
      /** `Role` or `ClusterRole`. */
      readonly kubernetes_role_type: string
      /** How long tokens live; the mount's default when 0. */
      readonly token_default_ttl: number
      /** How long they may be asked for; the mount's longest when 0. */
      readonly token_max_ttl: number
      /** Whom tokens are for; the cluster's own when empty. */
      readonly token_default_audiences: readonly string[] | null
      /** How made objects are named. */
      readonly name_template: string
      /** Labels of made objects. */
      readonly extra_labels: Readonly<Record<string, string>> | null
      /** Annotations of made objects. */
      readonly extra_annotations: Readonly<Record<string, string>> | null
    }>
    write: Act<{
      /** Namespaces in which it may be used; `*` is any. */
      readonly allowed_kubernetes_namespaces?: string | readonly string[]
      /** Namespaces by their labels: a LabelSelector in JSON or YAML. */
      readonly allowed_kubernetes_namespace_selector?: string
      /** A service account that is there already. */
      readonly service_account_name?: string
      /** A role that is there already: a service account is made for it. */
      readonly kubernetes_role_name?: string
      /** Rules in JSON or YAML: a role and a service account are made. */
      readonly generated_role_rules?: string
      /** `Role` or `ClusterRole`. */
      readonly kubernetes_role_type?: string
      /** How long tokens live; the mount's default when 0. */
      readonly token_default_ttl?: string | number
      /** How long they may be asked for; the mount's longest when 0. */
      readonly token_max_ttl?: string | number
      /** Whom tokens are for; the cluster's own when empty. */
      readonly token_default_audiences?: string | readonly string[]
      /** How made objects are named. */
      readonly name_template?: string
      /** Labels of made objects. */
      readonly extra_labels?: Readonly<Record<string, string>>
      /** Annotations of made objects. */
      readonly extra_annotations?: Readonly<Record<string, string>>
    }, null>
    delete: Act<Record<never, never>, null>
  }
  /** A token of a service account, made for it if the role says so. */
  "creds/:name": {
    write: Act<{
      /** The namespace; needed unless the role allows one only. */
      readonly kubernetes_namespace?: string
      /** Bind in the whole cluster. Needs the type ClusterRole. */
      readonly cluster_role_binding?: boolean
      /** How long the token lives. */
      readonly ttl?: string | number
      /** Whom it is for. */
      readonly audiences?: string | readonly string[]
    }, {
      /** The namespace. */
      readonly service_account_namespace: string
      /** The service account. */
      readonly service_account_name: string
      /** Its token. */
      readonly service_account_token: string
    }>
  }
}

/** Accounts of a directory (OpenLDAP, Active Directory, RACF): short-lived, rotated, or lent. */
export interface Ldap {
  /** The directory, and the account that manages it. */
  config: {
    read: Act<Record<never, never>, {
      /** The directory: `ldaps://host`, or several with commas, tried in order. */
      readonly url: string
      /** The account that manages passwords. */
      readonly binddn: string
      /** Below which accounts are searched. */
      readonly userdn: string
      /** The attribute that holds an account's name; `cn`, or what the schema has. */
      readonly userattr: string
      /** The domain behind `binddn`, to bind as `binddn@upndomain`. */
      readonly upndomain: string
      /** How a password is set: `openldap`, `ad` or `racf`. */
      readonly schema: string
      /** With `racf`: `password`, or `phrase`. */
      readonly credential_type: string
      /** New static roles keep the password there is. */
      readonly skip_static_role_import_rotation: boolean
      /** The authority to trust, in PEM; the system's without one. */
      readonly certificate: string
      /** Begin TLS on an ldap:// connection. */
      readonly starttls: boolean
      /** Trust any certificate. Unsafe. */
      readonly insecure_tls: boolean
      /** The lowest version of TLS. */
      readonly tls_min_version: string
      /** The highest version of TLS. */
      readonly tls_max_version: string
      /** How long a connection may take before the next address is tried. */
      readonly connection_timeout: number
      /** How long an answer may take. */
      readonly request_timeout: number
      /** Not used here. */
      readonly anonymous_group_search: boolean
      /** Not used here. */
      readonly case_sensitive_names: boolean
      /** Not used here: an empty password is never sent. */
      readonly deny_null_bind: boolean
      /** Not used here. */
      readonly dereference_aliases: string
      /** Not used here. */
      readonly discoverdn: boolean
      /** Not used here. */
      readonly enable_samaccountname_login: boolean
      /** Not used here. */
      readonly groupattr: string
      /** Not used here. */
      readonly groupdn: string
      /** Not used here. */
      readonly groupfilter: string
      /** Not used here. */
      readonly max_page_size: number
      /** Not used here. */
      readonly use_token_groups: boolean
      /** Not used here. */
      readonly userfilter: string
      /** Not used here. */
      readonly username_as_alias: boolean
      /** How long new passwords are. */
      readonly length?: number | null
      /** The password policy of new passwords; 64 letters and digits without one. */
      readonly password_policy?: string | null
      /** Not used here. */
      readonly use_pre111_group_cn_behavior?: boolean | null
      /** When `bindpass` was rotated. */
      readonly last_bind_password_rotation?: string | null
    }>
    write: Act<{
      /** The directory: `ldaps://host`, or several with commas, tried in order. */
      readonly url?: string
      /** The account that manages passwords. */
      readonly binddn?: string
      /** Its password. */
      readonly bindpass?: string
      /** Below which accounts are searched. */
      readonly userdn?: string
      /** The attribute that holds an account's name; `cn`, or what the schema has. */
      readonly userattr?: string
      /** The domain behind `binddn`, to bind as `binddn@upndomain`. */
      readonly upndomain?: string
      /** How a password is set: `openldap`, `ad` or `racf`. */
      readonly schema?: string
      /** With `racf`: `password`, or `phrase`. */
      readonly credential_type?: string
      /** The password policy of new passwords; 64 letters and digits without one. */
      readonly password_policy?: string
      /** How long new passwords are. @deprecated use password_policy */
      readonly length?: number
      /** New static roles keep the password there is. */
      readonly skip_static_role_import_rotation?: boolean
      /** The authority to trust, in PEM; the system's without one. */
      readonly certificate?: string
      /** A certificate to show to the directory, in PEM. */
      readonly client_tls_cert?: string
      /** The key of that certificate, in PEM. */
      readonly client_tls_key?: string
      /** Begin TLS on an ldap:// connection. */
      readonly starttls?: boolean
      /** Trust any certificate. Unsafe. */
      readonly insecure_tls?: boolean
      /** The lowest version of TLS. */
      readonly tls_min_version?: "tls10" | "tls11" | "tls12" | "tls13"
      /** The highest version of TLS. */
      readonly tls_max_version?: "tls10" | "tls11" | "tls12" | "tls13"
      /** How long a connection may take before the next address is tried. */
      readonly connection_timeout?: string | number
      /** How long an answer may take. */
      readonly request_timeout?: string | number
      /** Accepted for compatibility. */
      readonly ttl?: string | number
      /** Accepted for compatibility. */
      readonly max_ttl?: string | number
      /** Not used here. */
      readonly anonymous_group_search?: boolean
      /** Not used here. */
      readonly case_sensitive_names?: boolean
      /** Not used here: an empty password is never sent. */
      readonly deny_null_bind?: boolean
      /** Not used here. */
      readonly dereference_aliases?: string
      /** Not used here. */
      readonly discoverdn?: boolean
      /** Not used here. */
      readonly enable_samaccountname_login?: boolean
      /** Not used here. */
      readonly groupattr?: string
      /** Not used here. */
      readonly groupdn?: string
      /** Not used here. */
      readonly groupfilter?: string
      /** Not used here. */
      readonly max_page_size?: number
      /** Not used here. */
      readonly use_pre111_group_cn_behavior?: boolean
      /** Not used here. */
      readonly use_token_groups?: boolean
      /** Not used here. */
      readonly userfilter?: string
      /** Not used here. */
      readonly username_as_alias?: boolean
    }, null>
    delete: Act<Record<never, never>, null>
  }
  /** List the roles. */
  role: {
    list: Act<{
      /** List only names after this one. */
      readonly after?: string
      /** List at most this many names. */
      readonly limit?: number
    }, Names>
  }
  /** A dynamic role: LDIF that makes and removes its entries. Read, write, delete; list a folder. */
  "role/:name": {
    read: Act<Record<never, never>, {
      /** LDIF that makes the entry, with templates. */
      readonly creation_ldif: string
      /** LDIF that removes it. */
      readonly deletion_ldif: string
      /** LDIF that removes what a creation left that failed half way. */
      readonly rollback_ldif: string
      /** How entries are named. */
      readonly username_template: string
      /** How long an entry lives; the mount's default when 0. */
      readonly default_ttl: number
      /** How long renewals can keep it; the mount's longest when 0. */
      readonly max_ttl: number
    }>
    list: Act<{
      /** List only names after this one. */
      readonly after?: string
      /** List at most this many names. */
      readonly limit?: number
    }, Names>
    write: Act<{
      /** LDIF that makes the entry, with templates. */
      readonly creation_ldif?: string
      /** LDIF that removes it. */
      readonly deletion_ldif?: string
      /** LDIF that removes what a creation left that failed half way. */
      readonly rollback_ldif?: string
      /** How entries are named. */
      readonly username_template?: string
      /** How long an entry lives; the mount's default when 0. */
      readonly default_ttl?: string | number
      /** How long renewals can keep it; the mount's longest when 0. */
      readonly max_ttl?: string | number
    }, JsonObject>
    delete: Act<Record<never, never>, JsonObject>
  }
  /** Make an entry that lives as long as its lease. */
  "creds/:name": {
    read: Act<Record<never, never>, {
      /** The name of the account. */
      readonly username: string
      /** Its password. */
      readonly password: string
      /** The entry of each statement. */
      readonly distinguished_names: readonly string[] | null
    }>
  }
  /** List the static roles. */
  "static-role": {
    list: Act<{
      /** List only names after this one. */
      readonly after?: string
      /** List at most this many names. */
      readonly limit?: number
    }, Names>
  }
  /** A static role: read, write, delete; list a folder. Writing a new one changes the account's password. */
  "static-role/:name": {
    read: Act<Record<never, never>, {
      /** The account's name: the value of `userattr`. */
      readonly username: string
      /** Its distinguished name; searched by `username` without one. */
      readonly dn: string
      /** How often its password changes. */
      readonly rotation_period: number
      /** When the password was changed. */
      readonly last_vault_rotation: string
    }>
    list: Act<{
      /** List only names after this one. */
      readonly after?: string
      /** List at most this many names. */
      readonly limit?: number
    }, Names>
    write: Act<{
      /** The account's name: the value of `userattr`. */
      readonly username?: string
      /** Its distinguished name; searched by `username` without one. */
      readonly dn?: string
      /** How often its password changes. */
      readonly rotation_period?: string | number
      /** Keep the password there is until the first rotation; for new roles only. */
      readonly skip_import_rotation?: boolean
    }, JsonObject>
    delete: Act<Record<never, never>, JsonObject>
  }
  /** The password of a static role, and how long it is good for. */
  "static-cred/:name": {
    read: Act<Record<never, never>, {
      /** The account's name: the value of `userattr`. */
      readonly username: string
      /** Its distinguished name; searched by `username` without one. */
      readonly dn: string
      /** How often its password changes. */
      readonly rotation_period: number
      /** When the password was changed. */
      readonly last_vault_rotation: string
      /** The password. */
      readonly password: string
      /** The one before. */
      readonly last_password: string
      /** Seconds until it changes. */
      readonly ttl: number
    }>
  }
  /** Change the password of a static role now. */
  "rotate-role/:name": {
    write: Act<Record<never, never>, JsonObject>
  }
  /** Give the managing account a password that nobody else knows. */
  "rotate-root": {
    write: Act<Record<never, never>, JsonObject>
  }
  /** List the libraries. */
  library: {
    list: Act<{
      /** List only names after this one. */
      readonly after?: string
      /** List at most this many names. */
      readonly limit?: number
    }, Names>
  }
  /** Borrow an account, for as long as its lease. */
  "library/:name/check-out": {
    write: Act<{
      /** For how long, if that is less than usual. */
      readonly ttl?: string | number
    }, {
      /** The account. */
      readonly service_account_name: string
      /** Its password. */
      readonly password: string
    }>
  }
  /** Take accounts back, whoever borrowed them. */
  "library/manage/:name/check-in": {
    write: Act<{
      /** The accounts; all of the caller's, if that is one. */
      readonly service_account_names?: string | readonly string[]
    }, {
      /** The accounts that are available again. */
      readonly check_ins: readonly string[] | null
    }>
  }
  /** Give accounts back. */
  "library/:name/check-in": {
    write: Act<{
      /** The accounts; all of the caller's, if that is one. */
      readonly service_account_names?: string | readonly string[]
    }, {
      /** The accounts that are available again. */
      readonly check_ins: readonly string[] | null
    }>
  }
  /** Which accounts of a library are available, and who has the others. */
  "library/:name/status": {
    read: Act<Record<never, never>, JsonObject>
  }
  /** A library of accounts that are lent: read, write, delete; list a folder. Writing one changes their passwords. */
  "library/:name": {
    read: Act<Record<never, never>, {
      /** The accounts that are lent: their names by `userattr`. */
      readonly service_account_names: readonly string[] | null
      /** How long an account is lent. */
      readonly ttl: number
      /** How long renewals can keep it. */
      readonly max_ttl: number
      /** Anyone may check in what others borrowed. */
      readonly disable_check_in_enforcement: boolean
    }>
    list: Act<{
      /** List only names after this one. */
      readonly after?: string
      /** List at most this many names. */
      readonly limit?: number
    }, Names>
    write: Act<{
      /** The accounts that are lent: their names by `userattr`. */
      readonly service_account_names?: string | readonly string[]
      /** How long an account is lent. */
      readonly ttl?: string | number
      /** How long renewals can keep it. */
      readonly max_ttl?: string | number
      /** Anyone may check in what others borrowed. */
      readonly disable_check_in_enforcement?: boolean
    }, JsonObject>
    delete: Act<Record<never, never>, JsonObject>
  }
}

/** Tokens of Nomad that live as long as their lease. */
export interface Nomad {
  /** The Nomad server, and the token that makes tokens there. */
  "config/access": {
    read: Act<Record<never, never>, JsonObject>
    write: Act<{
      /** The server. */
      readonly address?: string
      /** A management token; made by bootstrapping the ACL system without one. */
      readonly token?: string
      /** The longest name of a token; 256 when 0. */
      readonly max_token_name_length?: number
      /** The authority to trust, in PEM; the system's without one. */
      readonly ca_cert?: string
      /** A certificate to show to the service, in PEM. */
      readonly client_cert?: string
      /** The key of that certificate, in PEM. */
      readonly client_key?: string
    }, JsonObject>
    delete: Act<Record<never, never>, JsonObject>
  }
  /** How long tokens live. */
  "config/lease": {
    read: Act<Record<never, never>, {
      /** How long a token lives; the mount's default when 0. */
      readonly ttl: number
      /** How long renewals can keep it; the mount's longest when 0. */
      readonly max_ttl: number
    }>
    write: Act<{
      /** How long a token lives; the mount's default when 0. */
      readonly ttl?: string | number
      /** How long renewals can keep it; the mount's longest when 0. */
      readonly max_ttl?: string | number
    }, null>
    delete: Act<Record<never, never>, null>
  }
  /** List the roles. */
  role: {
    list: Act<{
      /** Only names after this one. */
      readonly after?: string
      /** At most this many names. */
      readonly limit?: number
    }, Names>
  }
  /** A role: what its tokens may do. Read, write, delete. */
  "role/:name": {
    read: Act<Record<never, never>, {
      /** Policies of Nomad. */
      readonly policies: readonly string[] | null
      /** Good in all regions. */
      readonly global: boolean
      /** `client` or `management`. */
      readonly type: string
    }>
    write: Act<{
      /** Policies of Nomad. */
      readonly policies?: string | readonly string[]
      /** Good in all regions. */
      readonly global?: boolean
      /** `client` or `management`. */
      readonly type?: string
    }, null>
    delete: Act<Record<never, never>, null>
  }
  /** Make a token that lives as long as its lease. */
  "creds/:name": {
    read: Act<Record<never, never>, {
      /** The token. */
      readonly secret_id: string
      /** Its accessor. */
      readonly accessor_id: string
    }>
  }
}

/** Users of a RabbitMQ broker that live as long as their lease. */
export interface Rabbitmq {
  /** The broker, and the account that manages its users. */
  "config/connection": {
    write: Act<{
      /** Where the management plugin listens: `http://127.0.0.1:15672`. */
      readonly connection_uri?: string
      /** A user with the tag `administrator`. */
      readonly username?: string
      /** Its password. */
      readonly password?: string
      /** The password policy of new users; 36 letters and digits without one. */
      readonly password_policy?: string
      /** How new users are named; the caller's name and a UUID without one. */
      readonly username_template?: string
      /** Try the account before it is stored. */
      readonly verify_connection?: boolean
    }, JsonObject>
  }
  /** How long users live. */
  "config/lease": {
    read: Act<Record<never, never>, {
      /** How long a user lives before it must be renewed; the mount's default when 0. */
      readonly ttl: number
      /** How long renewals can keep it; the mount's longest when 0. */
      readonly max_ttl: number
    }>
    write: Act<{
      /** How long a user lives before it must be renewed; the mount's default when 0. */
      readonly ttl?: string | number
      /** How long renewals can keep it; the mount's longest when 0. */
      readonly max_ttl?: string | number
    }, null>
  }
  /** List the roles. */
  roles: {
    list: Act<{
      /** Only names after this one. */
      readonly after?: string
      /** At most this many names. */
      readonly limit?: number
    }, Names>
  }
  /** A role: what its users may do. Read, write, delete. */
  "roles/:name": {
    read: Act<Record<never, never>, {
      /** Comma-separated tags: `monitoring`, `management` … */
      readonly tags: string
      /** Virtual hosts to patterns. */
      readonly vhosts: JsonObject | null
      /** Virtual hosts to exchanges to patterns. */
      readonly vhost_topics?: JsonObject | null
    }>
    write: Act<{
      /** Comma-separated tags: `monitoring`, `management` … */
      readonly tags?: string
      /** JSON: virtual hosts to the patterns that may be configured, written and read. */
      readonly vhosts?: string
      /** JSON: virtual hosts to exchanges to the routing keys that may be written and read. */
      readonly vhost_topics?: string
    }, JsonObject>
    delete: Act<Record<never, never>, JsonObject>
  }
  /** Make a user that lives as long as its lease. */
  "creds/:name": {
    read: Act<Record<never, never>, {
      /** The user's name. */
      readonly username: string
      /** Its password. */
      readonly password: string
    }>
  }
}

/** Makes and checks time-based one-time passwords. */
export interface Totp {
  /** List the keys. */
  keys: {
    list: Act<{
      /** Only names after this one. */
      readonly after?: string
      /** At most this many names. */
      readonly limit?: number
    }, Names>
  }
  /** A key: make or import it, read what is not secret of it, delete it. */
  "keys/:name": {
    read: Act<Record<never, never>, JsonObject>
    write: Act<{
      /** The shared key, in Base32. */
      readonly key?: string
      /** The organisation that issued the key. */
      readonly issuer?: string
      /** The account the key belongs to. */
      readonly account_name?: string
      /** How long a code is good for. */
      readonly period?: string | number
      /** The hash: SHA1, SHA256 or SHA512. */
      readonly algorithm?: string
      /** How many digits a code has: 6 or 8. */
      readonly digits?: number
      /** How many periods before and after now are accepted: 0 or 1. */
      readonly skew?: number
      /** Make a new key, instead of taking one from another service. */
      readonly generate?: boolean
      /** Show the new key, once: its address and QR code. Only with `generate`. */
      readonly exported?: boolean
      /** Bytes of the new key. Only with `generate`. */
      readonly key_size?: number
      /** Pixels a side of the QR code; 0 leaves it out. Only with `generate`. */
      readonly qr_size?: number
      /** An otpauth:// address with all parameters. Not with `generate`. */
      readonly url?: string
    }, {
      /** The otpauth:// address of a new key, shown once. */
      readonly url?: string | null
      /** Its QR code: a PNG in Base64. */
      readonly barcode?: string | null
    }>
    delete: Act<Record<never, never>, JsonObject>
  }
  /** The code of now, as an app would show it; or check the code of an app. A code is accepted once. */
  "code/:name": {
    read: Act<Record<never, never>, {
      /** The code. */
      readonly code: string
      /** When it was made, in seconds since 1970. */
      readonly generated: number
      /** When the next one takes its place, in seconds since 1970. */
      readonly expire_time: number
      /** How long a code lives: `30s`. */
      readonly period: string
    }>
    write: Act<{
      /** The code to check. */
      readonly code?: string
    }, {
      /** Whether the code is right. */
      readonly valid: boolean
    }>
  }
}

/** Logins of machines: a role id that says which application, a secret id that proves it. */
export interface Approle {
  /** Log in with a role id and a secret id. */
  login: {
    write: Act<{
      /** The role's id. */
      readonly role_id?: string
      /** The secret id. */
      readonly secret_id?: string
    }, JsonObject>
  }
  /** List the roles. */
  role: {
    list: Act<{
      /** Only names after this one. */
      readonly after?: string
      /** At most this many names. */
      readonly limit?: number
    }, Names>
  }
  /** A role: read, write, delete. */
  "role/:role_name": {
    read: Act<Record<never, never>, {
      /** A login needs a secret id. */
      readonly bind_secret_id: boolean
      /** Networks from which secret ids may be used. */
      readonly secret_id_bound_cidrs: readonly string[] | null
      /** How many logins a secret id is good for; 0 is no limit. */
      readonly secret_id_num_uses: number
      /** How long a secret id lives; 0 is for ever. */
      readonly secret_id_ttl: number
      /** Accepted for compatibility: every node is equal here. */
      readonly local_secret_ids: boolean
      /** The token's first life. */
      readonly token_ttl: number
      /** The longest the token lives, renewals included. */
      readonly token_max_ttl: number
      /** Policies of the token. */
      readonly token_policies: readonly string[] | null
      /** Networks from which the token may be used. */
      readonly token_bound_cidrs: readonly string[] | null
      /** A hard end of the token's life, whatever the mount allows. */
      readonly token_explicit_max_ttl: number
      /** Leave the policy `default` off. */
      readonly token_no_default_policy: boolean
      /** How many requests the token is good for; 0 is no limit. */
      readonly token_num_uses: number
      /** A periodic token: each renewal gives this life again, without an end. */
      readonly token_period: number
      /** service, batch, default, default-service or default-batch. */
      readonly token_type: string
    }>
    write: Act<{
      /** A login needs a secret id. */
      readonly bind_secret_id?: boolean
      /** Networks from which secret ids may be used. */
      readonly secret_id_bound_cidrs?: string | readonly string[]
      /** @deprecated use "secret_id_bound_cidrs" */
      readonly bound_cidr_list?: string | readonly string[]
      /** How many logins a secret id is good for; 0 is no limit. */
      readonly secret_id_num_uses?: number
      /** How long a secret id lives; 0 is for ever. */
      readonly secret_id_ttl?: string | number
      /** Accepted for compatibility: every node is equal here. */
      readonly local_secret_ids?: boolean
      /** The role's id; made when it is not given. */
      readonly role_id?: string
      /** The token's first life. */
      readonly token_ttl?: string | number
      /** The longest the token lives, renewals included. */
      readonly token_max_ttl?: string | number
      /** Policies of the token. */
      readonly token_policies?: string | readonly string[]
      /** @deprecated use "token_policies" */
      readonly policies?: string | readonly string[]
      /** Networks from which the token may be used. */
      readonly token_bound_cidrs?: string | readonly string[]
      /** A hard end of the token's life, whatever the mount allows. */
      readonly token_explicit_max_ttl?: string | number
      /** Leave the policy `default` off. */
      readonly token_no_default_policy?: boolean
      /** How many requests the token is good for; 0 is no limit. */
      readonly token_num_uses?: number
      /** A periodic token: each renewal gives this life again, without an end. */
      readonly token_period?: string | number
      /** @deprecated use "token_period" */
      readonly period?: string | number
      /** service, batch, default, default-service or default-batch. */
      readonly token_type?: "default" | "service" | "batch" | "default-service" | "default-batch"
    }, null>
    delete: Act<Record<never, never>, null>
  }
  /** The id of a role: read it, or choose it. */
  "role/:role_name/role-id": {
    read: Act<Record<never, never>, {
      /** The id. */
      readonly role_id: string
    }>
    write: Act<{
      /** The id to be. */
      readonly role_id?: string
    }, null>
  }
  /** Make a secret id; list the accessors of those there are. */
  "role/:role_name/secret-id": {
    list: Act<Record<never, never>, Names>
    write: Act<{
      /** Carried into the token's metadata: a JSON object of strings (perhaps in base64), or `key=value,key=value`. */
      readonly metadata?: string
      /** Networks from which this secret id may be used; within the role's. */
      readonly cidr_list?: string | readonly string[]
      /** Networks from which its tokens may be used; within the role's. */
      readonly token_bound_cidrs?: string | readonly string[]
      /** How many logins it is good for; the role's number when left out. */
      readonly num_uses?: number
      /** How long it lives; the role's when left out. */
      readonly ttl?: string | number
    }, {
      /** The secret id. */
      readonly secret_id: string
      /** A name for it that proves nothing. */
      readonly secret_id_accessor: string
      /** Seconds it lives; 0 is for ever. */
      readonly secret_id_ttl: number
      /** How many logins it is good for; 0 is no limit. */
      readonly secret_id_num_uses: number
    }>
  }
  /** Register a secret id of one's own choice. */
  "role/:role_name/custom-secret-id": {
    write: Act<{
      /** Carried into the token's metadata: a JSON object of strings (perhaps in base64), or `key=value,key=value`. */
      readonly metadata?: string
      /** Networks from which this secret id may be used; within the role's. */
      readonly cidr_list?: string | readonly string[]
      /** Networks from which its tokens may be used; within the role's. */
      readonly token_bound_cidrs?: string | readonly string[]
      /** How many logins it is good for; the role's number when left out. */
      readonly num_uses?: number
      /** How long it lives; the role's when left out. */
      readonly ttl?: string | number
      /** The secret id. */
      readonly secret_id?: string
    }, {
      /** The secret id. */
      readonly secret_id: string
      /** A name for it that proves nothing. */
      readonly secret_id_accessor: string
      /** Seconds it lives; 0 is for ever. */
      readonly secret_id_ttl: number
      /** How many logins it is good for; 0 is no limit. */
      readonly secret_id_num_uses: number
    }>
  }
  /** What is known of a secret id. */
  "role/:role_name/secret-id/lookup": {
    write: Act<{
      /** The secret id. */
      readonly secret_id?: string
    }, {
      /** A name for it that proves nothing. */
      readonly secret_id_accessor: string
      /** How many logins are left; 0 is no limit. */
      readonly secret_id_num_uses: number
      /** Seconds it lives; 0 is for ever. */
      readonly secret_id_ttl: number
      /** When it was made (RFC 3339) */
      readonly creation_time: string
      /** When it was used last (RFC 3339) */
      readonly last_updated_time: string
      /** When it ends; the year 1 is never (RFC 3339) */
      readonly expiration_time: string
      /** Carried into the token's metadata. */
      readonly metadata: Readonly<Record<string, string>> | null
      /** Networks from which it may be used. */
      readonly cidr_list: readonly string[] | null
      /** Networks from which its tokens may be used. */
      readonly token_bound_cidrs: readonly string[] | null
    }>
  }
  /** Destroy a secret id. */
  "role/:role_name/secret-id/destroy": {
    write: Act<{
      /** The secret id. */
      readonly secret_id?: string
    }, null>
    delete: Act<{
      /** The secret id. */
      readonly secret_id?: string
    }, null>
  }
  /** What is known of the secret id with an accessor. */
  "role/:role_name/secret-id-accessor/lookup": {
    write: Act<{
      /** The accessor of the secret id. */
      readonly secret_id_accessor?: string
    }, {
      /** A name for it that proves nothing. */
      readonly secret_id_accessor: string
      /** How many logins are left; 0 is no limit. */
      readonly secret_id_num_uses: number
      /** Seconds it lives; 0 is for ever. */
      readonly secret_id_ttl: number
      /** When it was made (RFC 3339) */
      readonly creation_time: string
      /** When it was used last (RFC 3339) */
      readonly last_updated_time: string
      /** When it ends; the year 1 is never (RFC 3339) */
      readonly expiration_time: string
      /** Carried into the token's metadata. */
      readonly metadata: Readonly<Record<string, string>> | null
      /** Networks from which it may be used. */
      readonly cidr_list: readonly string[] | null
      /** Networks from which its tokens may be used. */
      readonly token_bound_cidrs: readonly string[] | null
    }>
  }
  /** Destroy the secret id with an accessor. */
  "role/:role_name/secret-id-accessor/destroy": {
    write: Act<{
      /** The accessor of the secret id. */
      readonly secret_id_accessor?: string
    }, null>
    delete: Act<{
      /** The accessor of the secret id. */
      readonly secret_id_accessor?: string
    }, null>
  }
  /** Whether secret ids stay on one cluster. */
  "role/:role_name/local-secret-ids": {
    read: Act<Record<never, never>, {
      /** Accepted for compatibility: every node is equal here. */
      readonly local_secret_ids: boolean
    }>
  }
  /** Policies of the token. */
  "role/:role_name/policies": {
    read: Act<Record<never, never>, {
      /** Policies of the token. */
      readonly token_policies: readonly string[] | null
    }>
    write: Act<{
      /** Policies of the token. */
      readonly token_policies?: string | readonly string[]
      /** @deprecated use "token_policies" */
      readonly policies?: string | readonly string[]
    }, null>
    delete: Act<Record<never, never>, null>
  }
  /** A periodic token: each renewal gives this life again, without an end. */
  "role/:role_name/period": {
    read: Act<Record<never, never>, {
      /** A periodic token: each renewal gives this life again, without an end. */
      readonly token_period: number
    }>
    write: Act<{
      /** A periodic token: each renewal gives this life again, without an end. */
      readonly token_period?: string | number
      /** @deprecated use "token_period" */
      readonly period?: string | number
    }, null>
    delete: Act<Record<never, never>, null>
  }
  /** A login needs a secret id. */
  "role/:role_name/bind-secret-id": {
    read: Act<Record<never, never>, {
      /** A login needs a secret id. */
      readonly bind_secret_id: boolean
    }>
    write: Act<{
      /** A login needs a secret id. */
      readonly bind_secret_id?: boolean
    }, null>
    delete: Act<Record<never, never>, null>
  }
  /** Networks from which secret ids may be used. */
  "role/:role_name/bound-cidr-list": {
    read: Act<Record<never, never>, {
      /** Networks from which secret ids may be used. */
      readonly bound_cidr_list: readonly string[] | null
    }>
    write: Act<{
      /** Networks from which secret ids may be used. */
      readonly bound_cidr_list?: string | readonly string[]
    }, null>
    delete: Act<Record<never, never>, null>
  }
  /** Networks from which secret ids may be used. */
  "role/:role_name/secret-id-bound-cidrs": {
    read: Act<Record<never, never>, {
      /** Networks from which secret ids may be used. */
      readonly secret_id_bound_cidrs: readonly string[] | null
    }>
    write: Act<{
      /** Networks from which secret ids may be used. */
      readonly secret_id_bound_cidrs?: string | readonly string[]
      /** @deprecated use "secret_id_bound_cidrs" */
      readonly bound_cidr_list?: string | readonly string[]
    }, null>
    delete: Act<Record<never, never>, null>
  }
  /** How many logins a secret id is good for; 0 is no limit. */
  "role/:role_name/secret-id-num-uses": {
    read: Act<Record<never, never>, {
      /** How many logins a secret id is good for; 0 is no limit. */
      readonly secret_id_num_uses: number
    }>
    write: Act<{
      /** How many logins a secret id is good for; 0 is no limit. */
      readonly secret_id_num_uses?: number
    }, null>
    delete: Act<Record<never, never>, null>
  }
  /** How long a secret id lives; 0 is for ever. */
  "role/:role_name/secret-id-ttl": {
    read: Act<Record<never, never>, {
      /** How long a secret id lives; 0 is for ever. */
      readonly secret_id_ttl: number
    }>
    write: Act<{
      /** How long a secret id lives; 0 is for ever. */
      readonly secret_id_ttl?: string | number
    }, null>
    delete: Act<Record<never, never>, null>
  }
  /** Networks from which the token may be used. */
  "role/:role_name/token-bound-cidrs": {
    read: Act<Record<never, never>, {
      /** Networks from which the token may be used. */
      readonly token_bound_cidrs: readonly string[] | null
    }>
    write: Act<{
      /** Networks from which the token may be used. */
      readonly token_bound_cidrs?: string | readonly string[]
    }, null>
    delete: Act<Record<never, never>, null>
  }
  /** The longest the token lives, renewals included. */
  "role/:role_name/token-max-ttl": {
    read: Act<Record<never, never>, {
      /** The longest the token lives, renewals included. */
      readonly token_max_ttl: number
    }>
    write: Act<{
      /** The longest the token lives, renewals included. */
      readonly token_max_ttl?: string | number
    }, null>
    delete: Act<Record<never, never>, null>
  }
  /** How many requests the token is good for; 0 is no limit. */
  "role/:role_name/token-num-uses": {
    read: Act<Record<never, never>, {
      /** How many requests the token is good for; 0 is no limit. */
      readonly token_num_uses: number
    }>
    write: Act<{
      /** How many requests the token is good for; 0 is no limit. */
      readonly token_num_uses?: number
    }, null>
    delete: Act<Record<never, never>, null>
  }
  /** The token's first life. */
  "role/:role_name/token-ttl": {
    read: Act<Record<never, never>, {
      /** The token's first life. */
      readonly token_ttl: number
    }>
    write: Act<{
      /** The token's first life. */
      readonly token_ttl?: string | number
    }, null>
    delete: Act<Record<never, never>, null>
  }
  /** Erase secret ids that are over. (It also happens by itself, every hour.) */
  "tidy/secret-id": {
    write: Act<Record<never, never>, JsonObject>
  }
}

/** Users with passwords, kept here. */
export interface Userpass {
  /** Log in with a password. */
  "login/:username": {
    write: Act<{
      /** The password. */
      readonly password?: string
    }, JsonObject>
  }
  /** List the users. */
  users: {
    list: Act<{
      /** Only names after this one. */
      readonly after?: string
      /** At most this many names. */
      readonly limit?: number
    }, Names>
  }
  /** A user: read, write, delete. */
  "users/:username": {
    read: Act<Record<never, never>, {
      /** The token's first life. */
      readonly token_ttl: number
      /** The longest the token lives, renewals included. */
      readonly token_max_ttl: number
      /** Policies of the token. */
      readonly token_policies: readonly string[] | null
      /** Networks from which the token may be used. */
      readonly token_bound_cidrs: readonly string[] | null
      /** A hard end of the token's life, whatever the mount allows. */
      readonly token_explicit_max_ttl: number
      /** Leave the policy `default` off. */
      readonly token_no_default_policy: boolean
      /** How many requests the token is good for; 0 is no limit. */
      readonly token_num_uses: number
      /** A periodic token: each renewal gives this life again, without an end. */
      readonly token_period: number
      /** service, batch, default, default-service or default-batch. */
      readonly token_type: string
    }>
    write: Act<{
      /** The token's first life. */
      readonly token_ttl?: string | number
      /** @deprecated use "token_ttl" */
      readonly ttl?: string | number
      /** The longest the token lives, renewals included. */
      readonly token_max_ttl?: string | number
      /** @deprecated use "token_max_ttl" */
      readonly max_ttl?: string | number
      /** Policies of the token. */
      readonly token_policies?: string | readonly string[]
      /** @deprecated use "token_policies" */
      readonly policies?: string | readonly string[]
      /** Networks from which the token may be used. */
      readonly token_bound_cidrs?: string | readonly string[]
      /** @deprecated use "token_bound_cidrs" */
      readonly bound_cidrs?: string | readonly string[]
      /** A hard end of the token's life, whatever the mount allows. */
      readonly token_explicit_max_ttl?: string | number
      /** Leave the policy `default` off. */
      readonly token_no_default_policy?: boolean
      /** How many requests the token is good for; 0 is no limit. */
      readonly token_num_uses?: number
      /** A periodic token: each renewal gives this life again, without an end. */
      readonly token_period?: string | number
      /** service, batch, default, default-service or default-batch. */
      readonly token_type?: "default" | "service" | "batch" | "default-service" | "default-batch"
      /** A hash instead of a password: bcrypt, or Argon2id in PHC form. */
      readonly password_hash?: string
      /** The password. */
      readonly password?: string
    }, null>
    delete: Act<Record<never, never>, null>
  }
  /** Set a user's password. */
  "users/:username/password": {
    write: Act<{
      /** The password. */
      readonly password?: string
      /** A hash instead of a password: bcrypt, or Argon2id in PHC form. */
      readonly password_hash?: string
    }, null>
  }
  /** Set a user's policies. */
  "users/:username/policies": {
    write: Act<{
      /** Policies of the token. */
      readonly token_policies?: string | readonly string[]
      /** @deprecated use "token_policies" */
      readonly policies?: string | readonly string[]
    }, null>
  }
}

/** What can be mounted, by the names of `arca secrets enable` and `arca auth enable`. */
export interface Engines {
  system: System
  token: Token
  identity: Identity
  "kv-v1": KvV1
  "kv-v2": KvV2
  cubbyhole: Cubbyhole
  aws: Aws
  azure: Azure
  consul: Consul
  database: Database
  gcp: Gcp
  kubernetes: Kubernetes
  ldap: Ldap
  nomad: Nomad
  rabbitmq: Rabbitmq
  totp: Totp
  approle: Approle
  userpass: Userpass
}

/** What is always there. */
export type Fixed = {
  "sys/": "system"
  "auth/token/": "token"
  "identity/": "identity"
  "cubbyhole/": "cubbyhole"
}
