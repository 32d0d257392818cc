/** The kinds of databases of this build: a file each, and a line here. */

import type { Driver } from "./driver.ts"
import { mysql, mysqlLegacy } from "./mysql.ts"
import { postgresql, redshift } from "./postgresql.ts"
import { redis } from "./redis.ts"

export const drivers: readonly Driver[] = [postgresql, redshift, mysql, mysqlLegacy, redis]

const byName = new Map(drivers.flatMap(one => one.names.map(name => [name, one] as const)))

/** The driver that a plugin name means. */
export const driverOf = (pluginName: string): Driver | undefined => byName.get(pluginName)
