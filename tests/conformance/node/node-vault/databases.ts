/** Credentials of a database, as an application lives on them. */

import {
  type Data,
  databaseConnection,
  databasePlace,
  databaseRole,
  holds,
  inner,
  same,
  step,
  twoThirdsOf,
} from "../story.ts"
import { ask, list, vault, write } from "./client.ts"

/** What the client says of a lease. */
const credentials = async (): Promise<Data> => ({ ...(await ask(vault.read("database/creds/app-role"))) })
const renew = (lease_id: unknown): Promise<Data> =>
  ask(vault.renew({ lease_id: `${lease_id}`, increment: 4 })).then(reply => ({ ...reply }))

export async function databases() {
  if (databasePlace === undefined) return
  const connection = databaseConnection(databasePlace)
  let held: Data = {}
  await step("db-configure", async () => {
    await ask(vault.mount({ mount_point: "database", type: "database" }))
    await write("database/config/postgres", connection)
    await write("database/roles/app-role", databaseRole)
    same(await list("database/roles"), ["app-role"])
  })
  await step("db-credentials", async () => {
    held = await credentials()
    same([held.lease_duration, held.renewable], [4, true])
    const { username, password } = inner(held, "data")
    holds(`${username}`.startsWith("v-root-app-role-") && `${password}`.length === 20, "a user with a password")
  })
  await step("db-renew-at-two-thirds", async () => {
    await twoThirdsOf(4)
    const renewed = await renew(held.lease_id)
    same(renewed.lease_id, held.lease_id)
    holds(Number(renewed.lease_duration) > 0 && Number(renewed.lease_duration) < 4, "less than 4 s")
  })
  await step("db-ask-anew", async () => {
    const fresh = await credentials()
    same(fresh.lease_duration, 4)
    holds(inner(fresh, "data").username !== inner(held, "data").username, "another user")
    await ask(vault.revoke({ lease_id: `${held.lease_id}` }))
  })
}
