/** The Vault API level that is served. Clients gate features on it, so it is theirs, not ours. */
export const API_VERSION = "1.20.4"

/** Our own version; one for all workspaces. */
export const ARCA_VERSION = "0.1.0"
