/** Parts of roles that are written as JSON or YAML: rules, and selectors of namespaces by their labels. */

import { isJsonObject, type Json, type JsonObject, refuse } from "@arca/api"
import { parse } from "yaml"
import { objectOf } from "../answer.ts"

function parsedObject(text: string): JsonObject | undefined {
  try {
    const parsed: Json = parse(text, { maxAliasCount: 20 })
    return isJsonObject(parsed) ? parsed : undefined
  } catch {
    return undefined
  }
}

/** The rules of a role: `{"rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]}]}`. */
export function rulesOf(text: string): Json[] {
  const rules = parsedObject(text)?.rules
  if (Array.isArray(rules) && rules.length > 0 && rules.every(isJsonObject)) return rules
  throw refuse.invalid(
    "failed to parse 'generated_role_rules' as k8s.io/api/rbac/v1/Policy object: " +
      "it needs a list of rules, as JSON or YAML",
  )
}

/** Whether labels fit a selector (metav1.LabelSelector). */
export type Selector = (labels: JsonObject) => boolean

/** Reads a selector: `matchLabels` and `matchExpressions`, all of which must hold. Refuses (400) what it does not know. */
export function selectorOf(text: string): Selector {
  const object = parsedObject(text)
  if (object === undefined) throw unreadable()
  const { matchLabels = {}, matchExpressions = [], ...more } = object
  if (Object.keys(more).length > 0 || !isJsonObject(matchLabels) || !Array.isArray(matchExpressions)) throw unreadable()
  const equal: Selector[] = Object.entries(matchLabels).map(
    ([key, value]) =>
      labels =>
        Object.hasOwn(labels, key) && labels[key] === value,
  )
  const all = [...equal, ...matchExpressions.map(expressionOf)]
  return labels => all.every(holds => holds(labels))
}

const unreadable = () =>
  refuse.invalid(
    "failed to parse 'allowed_kubernetes_namespace_selector' as k8s.io/api/meta/v1/LabelSelector object: " +
      "it needs matchLabels or matchExpressions, as JSON or YAML",
  )

function expressionOf(raw: Json): Selector {
  const { key, operator, values = [] } = objectOf(raw)
  if (typeof key !== "string" || !Array.isArray(values)) throw unreadable()
  const isSet = (labels: JsonObject): boolean => Object.hasOwn(labels, key)
  const isOneOf = (labels: JsonObject): boolean => isSet(labels) && values.includes(labels[key] ?? null)
  if (operator === "Exists" && values.length === 0) return isSet
  if (operator === "DoesNotExist" && values.length === 0) return labels => !isSet(labels)
  if (operator === "In" && values.length > 0) return isOneOf
  if (operator === "NotIn" && values.length > 0) return labels => !isOneOf(labels)
  throw unreadable()
}
