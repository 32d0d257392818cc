/** What the deciding rule says of a LIST or SCAN: how many keys it returns, and which of them it shows. */

import { isJsonObject, type Json, type JsonObject } from "@arca/api"
import { showsKey, type Verdict } from "@arca/policy"
import { policyPath, type Setting } from "./context.ts"
import type { ServerAnswer } from "./reply.ts"

/** The parameters with the `limit` that the rule sets. */
export const limited = (body: JsonObject, { limit }: Verdict): JsonObject =>
  limit === undefined ? body : { ...body, limit }

/** The answer with no more keys than the rule allows, and none that it hides. */
export function shownKeys(setting: Setting, verdict: Verdict, answer: ServerAnswer): ServerAnswer {
  const { limit, responseKeysFilterPath: template } = verdict
  const keys = answer.data?.keys
  if (answer.data === undefined || !Array.isArray(keys) || (!limit && template === undefined)) return answer
  const { caller, namespace, fullPath } = setting
  const path = policyPath(caller, namespace, fullPath)
  const page = limit ? keys.slice(0, limit) : keys
  const shown = page.filter(
    key => template === undefined || (typeof key === "string" && showsKey(caller.acl, template, path, key)),
  )
  const { key_info: info } = answer.data
  const facts = isJsonObject(info) ? { key_info: only(info, new Set(shown)) } : {}
  return { ...answer, data: { ...answer.data, ...facts, keys: shown } }
}

const only = (info: JsonObject, names: ReadonlySet<Json>): JsonObject =>
  Object.fromEntries(Object.entries(info).filter(([name]) => names.has(name)))
