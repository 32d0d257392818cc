/** Which keys of a listing a rule shows: those that the caller may use where `list_scan_response_keys_filter_path` says. */

import type { Acl } from "./acl.ts"
import { decide } from "./decide.ts"

/**
 * The path that a key stands for: `{{ .path }}` is the request's, `{{ .key }}` the key. Undefined when the template asks for
 * anything else, so that nothing is shown by a template that nobody understood.
 */
export function filterPath(template: string, path: string, key: string): string | undefined {
  const rendered = template.replaceAll(/\{\{\s*\.?(path|key)\s*\}\}/g, (_, name: string) =>
    name === "path" ? path : key,
  )
  return /\{\{|\}\}/.test(template.replaceAll(/\{\{\s*\.?(?:path|key)\s*\}\}/g, "")) ? undefined : rendered
}

/** Whether the caller may use what a key stands for: list a folder, read anything else. */
export function showsKey(acl: Acl, template: string, path: string, key: string): boolean {
  const target = filterPath(template, path, key)
  if (target === undefined) return false
  return decide(acl, { path: target, operation: target.endsWith("/") ? "list" : "read" }).allowed
}
