/**
 * Brings a database's tables and functions to what this version needs.
 *
 * A migration is made once, under a lock, in one transaction with the note that it was made. Nodes of the version before go on
 * working beside a node that has migrated, so that a cluster is upgraded node by node: a migration only adds; what nobody
 * needs any more is removed by the migration of a later version. Functions carry a number for the same reason.
 */

import { type Names, schemaSql } from "./postgresql-schema.ts"

/** All migrations, in order: the first makes everything in an empty database. Never change one that was released. */
const MIGRATIONS: readonly ((names: Names) => string)[] = [schemaSql]

/** The key of the advisory lock under which nodes migrate: "arca" in ASCII. */
const LOCK = 0x61726361

type Query = (text: string, values?: unknown[]) => Promise<readonly Record<string, unknown>[]>

/** The database cannot keep the promises, however often it is asked. */
export class Unfit extends Error {
  override readonly name = "Unfit"
}

/** Makes the migrations that are missing. `forbidden`: throws instead, with what the operator has to run. */
export async function migrate(query: Query, names: Names, forbidden: boolean): Promise<void> {
  const made = await newest(query, names)
  if (made >= MIGRATIONS.length) return
  if (forbidden) {
    throw new Unfit(
      `its tables and functions are at version ${made} of ${MIGRATIONS.length}, and skip_create_table forbids to make them`,
    )
  }
  // One statement string is one transaction; a second node that waited for the lock finds everything made.
  const steps = MIGRATIONS.slice(made).map((sql, at) => `${sql(names)}\n${note(names, made + at + 1)}`)
  const schema = names.schema === undefined ? "" : `CREATE SCHEMA IF NOT EXISTS "${names.schema}";`
  await query(`BEGIN; SELECT pg_advisory_xact_lock(${LOCK}); ${schema} ${table(names)} ${steps.join("\n")} COMMIT`)
}

async function newest(query: Query, names: Names): Promise<number> {
  const [present] = await query("SELECT to_regclass($1) IS NOT NULL AS there", [names.schemas])
  if (present?.there !== true) return 0
  const [row] = await query(`SELECT coalesce(max(version), 0) AS version FROM ${names.schemas}`)
  return Number(row?.version)
}

const table = ({ schemas }: Names): string =>
  `CREATE TABLE IF NOT EXISTS ${schemas} (version int PRIMARY KEY, made timestamptz NOT NULL DEFAULT clock_timestamp());`

const note = ({ schemas }: Names, version: number): string =>
  `INSERT INTO ${schemas} (version) VALUES (${version}) ON CONFLICT DO NOTHING;`
