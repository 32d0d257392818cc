export { API_LEVEL as API_VERSION } from "@arca/api/level"

/** Our own version; one for all workspaces. */
export const ARCA_VERSION = "0.1.0"

/** When this version was made. */
export const BUILD_DATE = "2026-11-24T00:00:00Z"
