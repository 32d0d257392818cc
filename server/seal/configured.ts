import { BadConfig, type SealStanza, type ServerConfig } from "../config/read.ts"
import { type Seal, shamirSeal } from "./seal.ts"
import { staticSeal } from "./static.ts"
import { transitSeal } from "./transit.ts"

type Env = Readonly<Record<string, string | undefined>>

const KINDS: ReadonlyMap<string, (options: ReadonlyMap<string, string>, env: Env) => Promise<Seal>> = new Map<
  string,
  (options: ReadonlyMap<string, string>, env: Env) => Promise<Seal>
>([
  ["shamir", async () => shamirSeal],
  ["static", staticSeal],
  ["transit", transitSeal],
])

/** The seal in force and the one to move away from, as the `seal` stanzas (or ARCA_SEAL_TYPE) say. */
export async function sealsOf(config: ServerConfig, env: Env): Promise<{ seal: Seal; former: Seal | undefined }> {
  const active = config.seals.filter(one => !one.disabled)
  if (active.length > 1)
    throw new BadConfig("only one seal can be in force; the one to move away from needs disabled = true")
  const named = env.ARCA_SEAL_TYPE ?? env.BAO_SEAL_TYPE ?? env.VAULT_SEAL_TYPE
  const stanza = active[0] ?? (named === undefined ? undefined : { type: named, options: new Map(), disabled: false })
  const former = config.seals.find(one => one.disabled)
  return {
    seal: stanza === undefined ? shamirSeal : await open(stanza, env),
    former: former === undefined ? undefined : await open(former, env),
  }
}

async function open({ type, options }: SealStanza, env: Env): Promise<Seal> {
  const make = KINDS.get(type)
  if (make === undefined)
    throw new BadConfig(`unknown seal ${JSON.stringify(type)}; known are ${[...KINDS.keys()].join(", ")}`)
  return make(options, env)
}
