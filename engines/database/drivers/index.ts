/** The kinds of databases of this build: a file each, and a line here. */

import { cassandra } from "./cassandra.ts"
import { clickhouse } from "./clickhouse.ts"
import type { Driver } from "./driver.ts"
import { elasticsearch, opensearch } from "./elasticsearch.ts"
import { influxdb } from "./influxdb.ts"
import { mongodb } from "./mongodb.ts"
import { mssql } from "./mssql.ts"
import { mysql, mysqlLegacy } from "./mysql.ts"
import { oracle } from "./oracle.ts"
import { postgresql, redshift } from "./postgresql.ts"
import { redis } from "./redis.ts"
import { snowflake } from "./snowflake.ts"

export const drivers: readonly Driver[] = [
  postgresql,
  redshift,
  mysql,
  mysqlLegacy,
  redis,
  mongodb,
  mssql,
  cassandra,
  elasticsearch,
  opensearch,
  influxdb,
  clickhouse,
  snowflake,
  oracle,
]

const byName = new Map(drivers.flatMap(one => one.names.map(name => [name, one] as const)))

/** The driver that a plugin name means. */
export const driverOf = (pluginName: string): Driver | undefined => byName.get(pluginName)
