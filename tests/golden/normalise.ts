/** Takes out of a reply what differs from run to run, so that two of them can be compared. */

const patterns: [RegExp, string][] = [
  [/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/g, "<uuid>"],
  [/\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)/g, "<time>"],
  [/\b(hv[sb]|[sb])\.[A-Za-z0-9_-]{20,}/g, "<token>"],
  [/hmac-sha256:[0-9a-f]{64}/g, "<hmac>"],
  [/\b((auth_)?[a-z]+)_[0-9a-f]{8}\b/g, "<accessor of $1>"],
  [/\bh[0-9a-f]{40}\b/g, "<hash>"],
  // The texts of OpenBao that bear its own name stand for Vault's.
  [/\bOpenBao CLI, use 'bao /g, "Vault CLI, use 'vault "],
]

/** Fields whose every value, but for the empty string and 0, is the server's own. */
const own = new Map([
  ["accessor", "<id>"],
  ["wrapped_accessor", "<id>"],
  ["creation_time", "<time>"],
  ["last_renewal_time", "<time>"],
  ["server_time_utc", "<time>"],
  ["cluster_name", "<cluster>"],
  ["encryptions", "<count>"],
  ["running_plugin_version", "<version>"],
])

export const normalised = (value: unknown, key = ""): unknown => {
  const ours = own.get(key)
  if (ours !== undefined && value !== "" && typeof value !== "object" && !isMountAccessor(value)) return ours
  if (typeof value === "string")
    return patterns.reduce((text, [pattern, name]) => text.replaceAll(pattern, name), value)
  // Seconds that run, rounded up to the minute.
  if (typeof value === "number" && key === "ttl") return Math.ceil(value / 60) * 60
  if (Array.isArray(value)) return value.map(item => normalised(item))
  if (typeof value !== "object" || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, inner]) => [name, normalised(inner, name)]),
  )
}

const isMountAccessor = (value: unknown): boolean =>
  typeof value === "string" && /^(auth_)?[a-z]+_[0-9a-f]{8}$/.test(value)
