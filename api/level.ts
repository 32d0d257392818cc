/** The Vault release whose API and command line are served. Clients gate features on it, so it is theirs, not ours. */
export const API_LEVEL = "1.20.4"
