/** The RabbitMQ side: its management plugin's HTTP API. */

import { type Context, Refusal, refuse } from "@arca/api"
import type { Topics, Vhosts } from "./permissions.ts"

/** Where the management plugin listens, and who asks it. */
export interface Connection {
  readonly connection_uri: string
  readonly username: string
  readonly password: string
}

export interface NewUser {
  readonly username: string
  readonly password: string
  readonly tags: string
  readonly vhosts: Vhosts
  readonly topics: Topics
}

/** A name as one segment of a path. Refuses those that a URL reads as directions. */
function segment(name: string): string {
  if (name === "." || name === "..") throw refuse.invalid(`${JSON.stringify(name)} is no name that can be used here`)
  return encodeURIComponent(name)
}

async function call(
  ctx: Context,
  { connection_uri, username, password }: Connection,
  method: string,
  path: string,
  body?: object,
): Promise<number> {
  const { status } = await ctx.outbound.fetch(`${connection_uri.replace(/\/+$/, "")}/api/${path}`, {
    method,
    headers: {
      authorization: `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`,
      "content-type": "application/json",
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    // What is gone already need not be deleted.
    ...(method === "PUT" ? {} : { accept: [404] }),
  })
  return status
}

/** Looks whether the account may see users: it needs the tag `administrator`. Refuses (400) otherwise. */
export async function verify(ctx: Context, to: Connection): Promise<void> {
  await call(ctx, to, "GET", "users").catch((error: unknown) => {
    if (error instanceof Refusal) throw refuse.invalid(`failed to validate the connection: ${error.message}`)
    throw error
  })
}

/**
 * Whether there is a user of that name, whose password a new one would replace. Asked before anything is written down that would
 * have to be undone, so that a broker which does not answer, or does not know our account, leaves nothing behind.
 */
export async function userExists(ctx: Context, to: Connection, username: string): Promise<boolean> {
  return (await call(ctx, to, "GET", `users/${segment(username)}`)) === 200
}

/** Makes a user with its permissions. What is left of one that fails half way is the lease's to remove. */
export async function createUser(ctx: Context, to: Connection, user: NewUser): Promise<void> {
  const name = segment(user.username)
  await call(ctx, to, "PUT", `users/${name}`, { password: user.password, tags: user.tags })
  for (const [vhost, permission] of Object.entries(user.vhosts)) {
    await call(ctx, to, "PUT", `permissions/${segment(vhost)}/${name}`, permission)
  }
  for (const [vhost, exchanges] of Object.entries(user.topics)) {
    for (const [exchange, permission] of Object.entries(exchanges)) {
      await call(ctx, to, "PUT", `topic-permissions/${segment(vhost)}/${name}`, { exchange, ...permission })
    }
  }
}

/** Removes a user, and with it its permissions and connections. */
export async function deleteUser(ctx: Context, to: Connection, username: string): Promise<void> {
  await call(ctx, to, "DELETE", `users/${segment(username)}`)
}
