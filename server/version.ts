/** The Vault API level that is served. Clients gate features on it, so it is theirs, not ours. */
export const API_VERSION = "1.20.4"

/** Our own version; one for all workspaces. */
export const ARCA_VERSION = "0.1.0"

/** When this version was made. */
export const BUILD_DATE = "2026-11-24T00:00:00Z"
