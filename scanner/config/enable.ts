import { compileRules } from "../detect/compile.ts"
import { allRules, type CompiledRules } from "../detect/ruleset.ts"
import { ConfigError } from "../rule.ts"

/** The named rules only. As in Gitleaks the parts of a composite rule have to be named, too. */
export function onlyRules(compiled: CompiledRules, ids: readonly string[]): CompiledRules {
  for (const id of ids) if (!compiled.ids.includes(id)) throw new ConfigError(`Requested rule ${id} not found in rules`)
  const rules = allRules(compiled).filter(rule => ids.includes(rule.id))
  return compileRules({ title: "", rules, allowlists: compiled.global.allowlists })
}
