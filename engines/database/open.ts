/** Connections that are open, while the account's password may be in the middle of a rotation. */

import { setTimeout } from "node:timers/promises"
import type { Answer, Context } from "@arca/api"
import {
  type Config,
  cleaned,
  configNames,
  configOf,
  driverFor,
  forget,
  needConfig,
  newVersion,
  putConfig,
  secretsOf,
  told,
} from "./connections.ts"
import type { Connection } from "./drivers/driver.ts"

/** What goes on in each open connection: it is closed when that has ended, for pools forget those that wait in them. */
const uses = new WeakMap<Connection, { count: number; ended: () => void }>()

async function using<T>(connection: Connection, act: (connection: Connection) => Promise<T>): Promise<T> {
  const use = uses.get(connection) ?? { count: 0, ended: () => {} }
  uses.set(connection, use)
  use.count++
  try {
    return await act(connection)
  } finally {
    use.count--
    if (use.count === 0) use.ended()
  }
}

const LONGEST_USE_MILLISECONDS = 30_000

async function closeAfterUse(connection: Connection): Promise<void> {
  const use = uses.get(connection)
  if (use !== undefined && use.count > 0) {
    const over = AbortSignal.timeout(LONGEST_USE_MILLISECONDS)
    await new Promise<void>(resolve => {
      use.ended = resolve
      over.addEventListener("abort", () => resolve())
    })
  }
  await connection.close()
}

/** The connection was closed between being found and being used. */
const CLOSED = /after calling end|pool is closed|client (is|was) (closed|destroyed)/i

/** Failures of getting in, before anything was done. */
const ENTERING =
  /after calling end|pool is closed|client (is|was) (closed|destroyed)|SQLSTATE 28|access denied for user|WRONGPASS|authentication|unable to get connection/i

/** With a configuration that stays as it is: databases count failures, and lock accounts for them. */
const MOST_TRIES = 5
/** A rotation may follow upon another; changes beyond these while one request tries to get in are no bad luck. */
const MOST_CHANGES = 50
const PAUSE_MILLISECONDS = 50

/**
 * Does something with the connection of a name. A rotation may have replaced what was read, with its connections and its password,
 * or be about to: who is not let in then tries again with what is stored now.
 */
export async function withConnection<T>(
  ctx: Context,
  name: string,
  config: Config,
  act: (connection: Connection) => Promise<T>,
): Promise<T> {
  let known = config
  for (let tries = 0, changes = 0; ; ) {
    try {
      return await using(await connect(ctx, name, known), act)
    } catch (error) {
      const now = await ctx.durably(store => configOf(store, name))
      if (now === undefined || !wasRotated(error, known, now)) throw error
      const changed = isOther(known, now)
      if (changed) changes++
      tries = changed ? 0 : tries + 1
      if (tries === MOST_TRIES || changes === MOST_CHANGES) throw error
      known = now
      await setTimeout(tries * PAUSE_MILLISECONDS)
    }
  }
}

const isOther = (one: Config, other: Config): boolean => one.version !== other.version || one.pending !== other.pending

/** Whether a failure is one of getting in that a rotation explains: one that has ended since, or one that goes on. */
function wasRotated(error: unknown, known: Config, now: Config): boolean {
  const moving = isOther(known, now) || now.pending !== undefined
  return CLOSED.test(String(error)) || (moving && ENTERING.test(String(error)))
}

/** The connection of a name: opened once in this process, kept until its configuration changes or nobody uses it. */
export async function connect(ctx: Context, name: string, config: Config): Promise<Connection> {
  return config.pending === undefined ? opened(ctx, name, config) : healed(ctx, name, config)
}

/** Opens with the password of the configuration, whatever rotation may be going on. */
export function opened(ctx: Context, name: string, config: Config): Promise<Connection> {
  const driver = driverFor(config.plugin_name)
  return ctx
    .resource(`${name}/${config.version}`, () => driver.open(config.details, ctx), closeAfterUse)
    .catch((error: unknown) => {
      throw told(error, "unable to get connection", secretsOf(config))
    })
}

/** A connection while a rotation is not settled: by the pending password if the database knows it, else by the old one. */
export async function healed(ctx: Context, name: string, config: Config): Promise<Connection> {
  if (!(await isInForce(ctx, name, config))) return opened(ctx, name, config)
  return opened(ctx, name, await settle(ctx, name, config))
}

/** Tries of pending passwords that are under way, by the configuration's version and the password. */
const trying = new Map<string, Promise<boolean>>()

/** Whether the database knows the pending password. Those who ask at the same time share a try: each takes a connection. */
function isInForce(ctx: Context, name: string, config: Config): Promise<boolean> {
  const key = `${config.version} ${config.pending}`
  const known = trying.get(key)
  if (known !== undefined) return known
  const asked = lets(ctx, name, config).finally(() => trying.delete(key))
  trying.set(key, asked)
  return asked
}

async function lets(ctx: Context, name: string, config: Config): Promise<boolean> {
  const details = { ...config.details, password: config.pending ?? "" }
  try {
    const connection = await driverFor(config.plugin_name).open(details, ctx)
    await connection.verify().finally(() => connection.close())
    return true
  } catch (error) {
    ctx.log("debug", `the pending password of ${name} is not in force: ${cleaned(String(error), secretsOf(config))}`)
    return false
  }
}

/** Makes the pending password the password, unless somebody else did. */
export async function settle(ctx: Context, name: string, { pending, version }: Config): Promise<Config> {
  const settled = await ctx.durably(async store => {
    const current = await needConfig(store, name)
    if (current.pending === undefined || current.pending !== pending) return current
    const { pending: password, ...rest } = current
    const next: Config = { ...rest, details: { ...current.details, password }, version: newVersion(ctx) }
    putConfig(store, name, next)
    return next
  })
  // Only those of the old password: others may have opened new ones already.
  if (settled.version !== version) await ctx.closeResources(`${name}/${version}`)
  return settled
}

/** `reset/:name`: new connections, and a look whether they work. */
export async function resetConnection(name: string, ctx: Context): Promise<undefined> {
  const config = await needConfig(ctx.store, name)
  await forget(ctx, name)
  const connection = await connect(ctx, name, config)
  await connection.verify().catch((error: unknown) => {
    throw told(error, "error verifying connection", secretsOf(config))
  })
}

/** `reload/:plugin_name`: new connections for every configuration of a plugin. */
export async function reloadPlugin(plugin: string, ctx: Context): Promise<Answer> {
  const reloaded: string[] = []
  for (const name of await configNames(ctx.store)) {
    const config = await configOf(ctx.store, name)
    if (config?.plugin_name !== plugin) continue
    await resetConnection(name, ctx)
    reloaded.push(name)
  }
  if (reloaded.length === 0) ctx.warn(`no connections were found with plugin_name ${JSON.stringify(plugin)}`)
  return { data: { connections: reloaded, count: reloaded.length } }
}
