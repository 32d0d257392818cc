/** ClickHouse: users by SQL over its HTTP interface. Not part of Vault. */

import { field, type Received, refuse, type Values } from "@arca/api"
import { DIALECTS, type Values as Filling, fill, split, textsOf } from "../statements.ts"
import { account, type Connection, driver, valuesOf, type World } from "./driver.ts"
import { asking, httpFields } from "./http.ts"

const fields = {
  ...account,
  ...httpFields,
  cluster: field.string("Do it `ON CLUSTER` of this name, for the usual statements.", { default: "", plain: true }),
}

type Settings = Values<typeof fields>

export const clickhouse = driver({
  names: ["clickhouse-database-plugin"],
  summary: "ClickHouse. Not part of Vault.",
  fields,
  needs: ["url"],
  usernameTemplate: `{{ printf "v_%s_%s_%s_%s" (.DisplayName | truncate 15) (.RoleName | truncate 15) (random 20) (unix_time) | truncate 100 | replace "-" "_" }}`,
  needsCreation: true,
  fills: true,
  open: async (settings, world) => open(settings, world),
})

/** The server's words: what went wrong is in the body, whatever the status. Other bodies are not its own. */
function telling(answer: Received): string {
  const text = answer.text()
  return /^Code: \d+/.test(text) ? text.replace(/\s*\(version .*\)\s*$/s, "") : `status ${answer.status}`
}

function open(settings: Settings, world: World): Connection {
  const ask = asking(settings, world, telling)
  const query = async (text: string): Promise<void> => void (await ask("POST", "/", { body: text }))
  const run = async (statements: readonly string[], values: Filling) => {
    for (const text of statements.flatMap(textsOf).flatMap(one => split(one, DIALECTS.clickhouse)))
      await query(fill(text, values, DIALECTS.clickhouse))
  }
  if (!/^[\w.-]*$/.test(settings.cluster)) throw refuse.invalid("cluster is no name of a cluster")
  const everywhere = settings.cluster === "" ? "" : ` ON CLUSTER \`${settings.cluster}\``
  const or = (given: readonly string[], usual: string) => (given.length > 0 ? given : [usual])
  return {
    verify: () => query("SELECT 1"),
    create: ({ username, secret, expiresAt, statements }) => run(statements, valuesOf(username, secret, expiresAt)),
    prolong: async (username, expiresAt, statements) => {
      if (statements.length > 0) await run(statements, valuesOf(username, undefined, expiresAt))
    },
    change: (username, secret, statements) =>
      run(
        or(statements, `ALTER USER \`{{username}}\`${everywhere} IDENTIFIED BY '{{password}}'`),
        valuesOf(username, secret),
      ),
    drop: (username, statements) =>
      run(or(statements, `DROP USER IF EXISTS \`{{username}}\`${everywhere}`), valuesOf(username)),
    close: async () => {},
  }
}
