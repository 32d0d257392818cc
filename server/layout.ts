/**
 * Where things lie in the store. Everything of a namespace stands under its own prefix, so that nothing of it can be
 * reached from another, and deleting it is deleting a range.
 */

export const layout = {
  /** The table of namespaces. */
  namespaces: "core/namespaces",
  /** Keys for hashing tokens and sealing batch tokens, made at init. */
  tokenKeys: "core/token-keys",
  cluster: "core/cluster",
  auditDevices: "core/audit",
  auditedHeaders: "core/audited-headers",
  /** Where each chain of audit records stood (`audit-checkpoints.ts`), and what was found to be older than they (`rollback.ts`). */
  auditCheckpoints: "core/audit-checkpoint/",
  rollbacks: "core/rollbacks",
  cors: "core/cors",
  uiHeaders: "core/ui-headers/",
  quotas: "core/quotas/",
  /** Time-ordered: `expiry/<seconds, 12 digits and 3 behind a point>/<namespace id>/<t, l or f>/<id>`. */
  expiry: "expiry/",
  /** Claims of background jobs (`claims.ts`), and the nodes that live (`members.ts`). */
  claims: "claims/",
  members: "members/",
  /** Grows when all nodes are sealed (`seal/cluster-seal.ts`). */
  sealEpoch: "core/seal-epoch",
  /** Mounts that were disabled and are not erased yet (`retired.ts`), by namespace. */
  retired: "core/retired/",
  namespace: (id: string): string => `ns/${id}/`,
  // Below: relative to a namespace.
  mounts: "mounts",
  policy: "policy/acl/",
  passwordPolicy: "policy/password/",
  token: "token/id/",
  accessor: "token/accessor/",
  child: (parent: string): string => `token/child/${parent}/`,
  /** Tokens by what lease-count quotas count them by: `token/at/<path>/=<hash of the role>/<id>`. */
  tokenAt: "token/at/",
  tokenRole: "token/role/",
  lease: "lease/id/",
  leaseOfToken: (token: string): string => `lease/token/${token}/`,
  mount: (uuid: string): string => `m/${uuid}/`,
} as const

/** Digits of the whole seconds in an ordered key: enough until the year 33658. */
const TIME_DIGITS = 12

/**
 * A point in time (seconds) as an ordered path segment, to the millisecond, rounded up: never expire early. Stores of earlier
 * versions hold whole seconds, which sort behind their parts.
 */
export function timeKey(seconds: number): string {
  const milliseconds = Math.max(0, Math.ceil(seconds * 1000))
  const whole = String(Math.floor(milliseconds / 1000)).padStart(TIME_DIGITS, "0")
  return `${whole}.${String(milliseconds % 1000).padStart(3, "0")}`
}
