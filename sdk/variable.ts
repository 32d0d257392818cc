export type Environment = Readonly<Record<string, string | undefined>>

/** A variable by its name behind the prefix (`ADDR`): ours wins over BAO_, which wins over VAULT_. An empty one counts. */
export function variable(env: Environment, name: string): string | undefined {
  return env[`ARCA_${name}`] ?? env[`BAO_${name}`] ?? env[`VAULT_${name}`]
}
