import { compileRules } from "../detect/compile.ts"
import { type CompiledRules, loadRules, type Ruleset } from "../detect/ruleset.ts"
import { ConfigError } from "../rule.ts"

/** The named rules only. As in Gitleaks the parts of a composite rule have to be named, too. */
export function loadOnly({ config }: CompiledRules, ids: readonly string[]): Ruleset {
  const known = new Set(config.rules.map(rule => rule.id))
  for (const id of ids) if (!known.has(id)) throw new ConfigError(`Requested rule ${id} not found in rules`)
  const some = loadRules(compileRules({ ...config, rules: config.rules.filter(rule => ids.includes(rule.id)) }))
  return { ...some, config }
}
