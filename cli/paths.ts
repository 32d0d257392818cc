/** Paths as people type them. */

/** Without blanks around it, nor slashes at either end. */
export const cleanPath = (path: string): string => path.trim().replace(/^\/+|\/+$/g, "")

/** As a mount is named: with a slash at its end. */
export const mountPath = (path: string): string => `${path.trim().replace(/\/+$/, "")}/`

/** Joins what is not empty. */
export const joinPath = (...parts: readonly string[]): string =>
  parts
    .map(part => part.replace(/^\/+|\/+$/g, ""))
    .filter(part => part !== "")
    .join("/")
