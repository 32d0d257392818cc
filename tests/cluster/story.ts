/** One seeded run: clients at work on all nodes while troubles come and go, then the questions whether all of it was right. */

import { fields } from "../parts/arca.ts"
import { isLinearizable, type Model, type Operation, violation } from "./linearizable.ts"
import { type Asked, type Cluster, must, type Told } from "./nodes.ts"
import type { Trouble } from "./stores.ts"
import { policyOf, Recorder, rightActs, rightModel, secretActs, secretModel, spend, usesModel } from "./things.ts"

export interface RunOptions {
  readonly seed: number
  /** How long troubles come, in seconds. */
  readonly seconds: number
  /** How long one lasts at most, in seconds. */
  readonly longest: number
  readonly clients: number
}

export interface RunResult {
  readonly seed: number
  readonly operations: number
  readonly unknown: number
  readonly troubles: readonly string[]
  /** Seconds until every node answered, when the troubles had ended. */
  readonly healedIn: number
}

const SECRETS = 4
const RIGHTS = 3
const USES = 6

/** Throws with the seed and the history that no correct server could have made. */
export async function run(cluster: Cluster, store: readonly Trouble[], options: RunOptions): Promise<RunResult> {
  const random = sequence(options.seed)
  const name = `s${options.seed}`
  const secrets = new Recorder<
    Parameters<typeof secretModel.step>[1],
    Exclude<Parameters<typeof secretModel.step>[2], "unknown">
  >()
  const rights = new Recorder<
    Parameters<typeof rightModel.step>[1],
    Exclude<Parameters<typeof rightModel.step>[2], "unknown">
  >()
  const uses = new Recorder<{ readonly do: "spend" }, "granted" | "denied">()
  const tokens = await Promise.all(Array.from({ length: RIGHTS }, (_, nth) => makeRight(cluster, `${name}-r${nth}`)))
  const limited = await makeToken(cluster, { policies: ["default"], num_uses: USES })
  const s = secretActs(cluster.root)
  const r = rightActs(cluster.root)
  let over = false
  const client = async (id: number): Promise<void> => {
    const own = sequence(options.seed * 1000 + id)
    const pick = (count: number) => Math.floor(own() * count)
    let known = 0
    for (let nth = 0; !over; nth++) {
      const node = pick(cluster.size)
      const send = (asked: Asked): Promise<Told> => cluster.ask(node, asked)
      const dice = own()
      const secret = `${name}-k${pick(SECRETS)}`
      const right = pick(RIGHTS)
      const thing = `${name}-r${right}`
      if (dice < 0.35) {
        const told = await secrets.record(id, s.read(secret), send)
        if (typeof told === "object" && "seen" in told) known = told.seen.version
      } else if (dice < 0.5) await secrets.record(id, s.write(secret, `${id}.${nth}`), send)
      else if (dice < 0.6) await secrets.record(id, s.replace(secret, `${id}.${nth}`, known), send)
      else if (dice < 0.9) await rights.record(id, r.use(thing, tokens[right] ?? ""), send)
      else if (dice < 0.95) await rights.record(id, r.permit(thing, own() < 0.5), send)
      else if (dice < 0.955) await rights.record(id, r.revoke(thing, tokens[right] ?? ""), send)
      else if (id === 0 || own() < 0.1) await uses.record(id, spend("limited", limited), send)
      // A pace at which a history stays short enough to be searched.
      await pause(20 + own() * 60)
    }
  }
  const working = Array.from({ length: options.clients }, (_, id) => client(id))
  const told = await trouble([...cluster.troubles, ...store], random, options)
  if (process.env.ARCA_CLUSTER_TALK) console.error("the troubles have ended")
  const healedIn = await cluster.healed()
  over = true
  await Promise.all(working)
  if (process.env.ARCA_CLUSTER_TALK) console.error("the clients have ended", healedIn)
  await lookAtAll(cluster, secrets, s, name, async nth =>
    rights.record(99, r.use(`${name}-r${nth}`, tokens[nth] ?? ""), asked => cluster.ask(0, asked)),
  )
  if (process.env.ARCA_CLUSTER_TALK)
    console.error(
      [...secrets.histories].map(([n, h]) => `${n} ${h.length}`),
      [...rights.histories].map(([n, h]) => `${n} ${h.length}`),
      uses.operations,
    )
  check(options.seed, told, "secret", secretModel, secrets.histories)
  check(options.seed, told, "right", rightModel, rights.histories)
  check(options.seed, told, "use", usesModel(USES), uses.histories)
  const all = [...secrets.histories.values(), ...rights.histories.values(), ...uses.histories.values()].flat()
  return {
    seed: options.seed,
    operations: all.length,
    unknown: all.filter(({ output }) => output === "unknown").length,
    troubles: told,
    healedIn,
  }
}

function check<S, I, O>(
  seed: number,
  troubles: readonly string[],
  kind: string,
  model: Model<S, I, O>,
  histories: ReadonlyMap<string, readonly Operation<I, O>[]>,
): void {
  const wrong = violation(model, histories)
  if (wrong === undefined) return
  const history = shortest(model, histories.get(wrong) ?? [])
  throw new Error(
    `seed ${seed}: no correct server could have answered so about the ${kind} ${wrong}\n${troubles.join("\n")}\n${history.map(shown).join("\n")}`,
  )
}

/** The history up to the first answer that cannot be explained. */
function shortest<S, I, O>(model: Model<S, I, O>, history: readonly Operation<I, O>[]): readonly Operation<I, O>[] {
  const byAnswer = history.toSorted((a, b) => a.answered - b.answered)
  for (let count = 1; count <= byAnswer.length; count++) {
    const until = byAnswer[count - 1]?.answered ?? 0
    // What was answered later may have taken effect already.
    const part = history
      .filter(({ called }) => called <= until)
      .map(one => (one.answered > until ? { ...one, answered: Number.POSITIVE_INFINITY } : one))
      .filter(one => one.answered <= until || !Number.isFinite(one.answered))
    const known = part.filter(({ answered }) => answered <= until)
    if (
      !isLinearizable(
        model,
        history.filter(one => known.some(({ called, client }) => called === one.called && client === one.client)),
      )
    )
      return known
  }
  return history
}

const shown = ({ client, called, answered, input, output }: Operation<unknown, unknown>): string =>
  `${called.toFixed(1)}..${answered.toFixed(1)} client ${client}: ${JSON.stringify(input)} -> ${JSON.stringify(output)}`

/** Reads everything at the end, on every node: what was acknowledged must be there. */
async function lookAtAll(
  cluster: Cluster,
  secrets: Recorder<Parameters<typeof secretModel.step>[1], Exclude<Parameters<typeof secretModel.step>[2], "unknown">>,
  acts: ReturnType<typeof secretActs>,
  name: string,
  right: (nth: number) => Promise<unknown>,
): Promise<void> {
  for (let node = 0; node < cluster.size; node++) {
    for (let nth = 0; nth < SECRETS; nth++) {
      await secrets.record(100 + node, acts.read(`${name}-k${nth}`), asked => cluster.ask(node, asked))
    }
  }
  for (let nth = 0; nth < RIGHTS; nth++) await right(nth)
}

async function makeRight(cluster: Cluster, name: string): Promise<string> {
  const policy = {
    method: "PUT",
    path: `sys/policies/acl/${name}`,
    token: cluster.root,
    body: { policy: policyOf(true) },
  } as const
  await must(cluster, policy)
  return await makeToken(cluster, { policies: [name], no_default_policy: true })
}

async function makeToken(cluster: Cluster, body: unknown): Promise<string> {
  const told = await must(cluster, { method: "POST", path: "auth/token/create", token: cluster.root, body })
  return String(fields(told.auth).client_token)
}

/** One trouble after the other, sometimes two at once, until time is over; their names. */
export async function trouble(
  all: readonly Trouble[],
  random: () => number,
  { seconds, longest }: RunOptions,
): Promise<string[]> {
  const names: string[] = []
  const began = performance.now()
  const passed = () => (performance.now() - began) / 1000
  while (passed() < seconds) {
    await pause(200 + random() * 500)
    const chosen = all[Math.floor(random() * all.length)]
    const other = random() < 0.25 ? all[Math.floor(random() * all.length)] : undefined
    const ends: (() => Promise<void>)[] = []
    for (const one of new Set([chosen, other])) {
      // Two of the same part (kill and pause of one node) would get into each other's way.
      if (one === undefined || (one !== chosen && subject(one) === subject(chosen))) continue
      names.push(`${passed().toFixed(1)} s: ${one.name}`)
      if (process.env.ARCA_CLUSTER_TALK) console.error(names.at(-1))
      ends.push(await one.begin())
    }
    await pause(100 + random() * longest * 1000)
    // Together: a node may wait for the store to come back.
    await Promise.all(ends.map(end => end()))
  }
  return names
}

const subject = (one: Trouble | undefined): string => one?.name.split(" ").slice(0, 2).join(" ").replace("'s", "") ?? ""

const pause = (milliseconds: number): Promise<void> => new Promise(resolve => setTimeout(resolve, milliseconds))

/** Numbers from 0 to 1 that only `seed` decides (mulberry32). */
export function sequence(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
