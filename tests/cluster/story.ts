/** One seeded run: clients at work on all nodes while troubles come and go, then the question whether all of it was right. */

import { setTimeout } from "node:timers/promises"
import { sequence } from "@arca/storage/fault"
import { fields } from "../parts/arca.ts"
import { type LeaseBook, MOUNT } from "./leases.ts"
import { type Model, type Operation, violation } from "./linearizable.ts"
import {
  type MemberInput,
  type MemberOutput,
  type MemberParts,
  makeMember,
  memberActs,
  memberModel,
} from "./members.ts"
import { type MountInput, type MountOutput, mountActs, mountModel } from "./mounts.ts"
import { type Asked, type Cluster, must, type Told } from "./nodes.ts"
import { type Plan, STOPPED, type Step, told } from "./plan.ts"
import { leastOf, shown, Violation } from "./shortest.ts"
import type { Trouble } from "./stores.ts"
import {
  policyOf,
  Recorder,
  type RightInput,
  type RightOutput,
  type RightParts,
  rightActs,
  rightModel,
  type SecretInput,
  type SecretOutput,
  secretActs,
  secretModel,
  spend,
  type UseInput,
  type UseOutput,
  usesModel,
} from "./things.ts"

export interface RunResult {
  readonly operations: number
  readonly unknown: number
  /** The kinds of trouble that came; those that could not are left out. */
  readonly troubles: readonly string[]
}

/** What runs share. */
export interface Stage {
  readonly cluster: Cluster
  readonly troubles: readonly Trouble[]
  /** Undefined where there is no database to lease from. */
  readonly leases: LeaseBook | undefined
  /** Another run has failed: nobody needs this one any more. */
  readonly over: AbortSignal
}

/** How long clients are at work at least, in milliseconds. */
const LEAST = 1200
const SECRETS = 3
const USES = 6
const RIGHTS = ["by token", "by accessor", "with its parent"] as const

/** The histories of one run, by kind. */
const recorders = () => ({
  secret: new Recorder<SecretInput, SecretOutput>(),
  right: new Recorder<RightInput, RightOutput>(),
  use: new Recorder<UseInput, UseOutput>(),
  mount: new Recorder<MountInput, MountOutput>(),
  member: new Recorder<MemberInput, MemberOutput>(),
})

type Recorders = ReturnType<typeof recorders>

/** The things of one run: their names and tokens are its own. */
interface Things {
  readonly name: string
  readonly rights: readonly RightParts[]
  readonly limited: string
  readonly member: MemberParts
  /** The mount that leases come from; a client disables it in the midst, unless it is that of all runs. */
  readonly database: string
}

type Send = (asked: Asked) => Promise<Told>

/** Runs a plan. Throws a `Violation` with the history that no correct server could have made. `begun`: its first trouble has come. */
export async function run(stage: Stage, plan: Plan, begun: () => void = () => {}): Promise<RunResult> {
  const { cluster } = stage
  const clock = stopwatch()
  const things = await makeThings(stage, plan.seed)
  const recorded = recorders()
  const silent = new Map<number, number>()
  let over = false
  const client = async (id: number): Promise<void> => {
    const random = sequence(plan.seed * 1000 + id)
    const act = actsOf(stage, plan, things, recorded, id, random)
    for (let nth = 0; !(over || stage.over.aborted); nth++) {
      const node = choose(cluster.size, silent, plan.long ? id : undefined, random)
      await act(nth, async asked => {
        const answer = await cluster.ask(node, asked, plan.patience)
        if (answer === undefined) silent.set(node, performance.now() + 1000)
        return answer
      })
      // A pace at which a history stays short enough to be searched.
      await pause(plan.pace[0] + random() * (plan.pace[1] - plan.pace[0]))
    }
  }
  clock.lap("made")
  const working = Array.from({ length: plan.clients }, (_, id) => client(id))
  let troubles: string[]
  try {
    // A client that found something wrong does not wait for the troubles to end.
    troubles = await Promise.race([trouble(stage, plan, begun), failureOf(Promise.all(working))])
    clock.lap("troubled")
    await cluster.healed(stage.over)
    await pause(150)
  } finally {
    over = true
    await Promise.allSettled(working)
  }
  await Promise.all(working)
  clock.lap("healed")
  await lookAtAll(cluster, things, recorded)
  check(plan, "secret", secretModel, recorded.secret)
  check(plan, "right", rightModel, recorded.right)
  check(plan, "use", usesModel(USES), recorded.use)
  check(plan, "mount", mountModel, recorded.mount)
  check(plan, "member", memberModel, recorded.member)
  clock.lap("checked")
  talk(`seed ${plan.seed}: ${clock.text()}`)
  const all = Object.values(recorded).flatMap(({ histories }) => [...histories.values()].flat())
  return { operations: all.length, unknown: all.filter(({ output }) => output === "unknown").length, troubles }
}

/** Half of the clients of a long run stay with their node, whatever it does; others seldom ask one that was silent. */
function choose(size: number, silent: ReadonlyMap<number, number>, id: number | undefined, random: () => number) {
  if (id !== undefined && id < size) return id
  const first = Math.floor(random() * size)
  const avoided = (silent.get(first) ?? 0) > performance.now() && random() > 0.05
  return avoided ? (first + 1 + Math.floor(random() * (size - 1))) % size : first
}

/** What a client does next, by the dice. */
function actsOf(stage: Stage, { seed }: Plan, things: Things, recorded: Recorders, id: number, random: () => number) {
  const { cluster, leases } = stage
  const { name, rights, limited, member, database } = things
  const [s, r, m, e] = [
    secretActs(cluster.root),
    rightActs(cluster.root),
    mountActs(cluster.root),
    memberActs(cluster.root),
  ]
  const pick = (count: number) => Math.floor(random() * count)
  let known = 0
  const secret = async (nth: number, send: Send) => {
    const thing = `${name}-k${pick(SECRETS)}`
    const dice = random()
    if (dice < 0.3) return recorded.secret.record(id, s.write(thing, `${id}.${nth}`), send)
    if (dice < 0.45) return recorded.secret.record(id, s.replace(thing, `${id}.${nth}`, known), send)
    const seen = await recorded.secret.record(id, s.read(thing), send)
    if (typeof seen === "object" && "seen" in seen) known = seen.seen.version
  }
  const right = (_: number, send: Send) => {
    const at = pick(RIGHTS.length)
    const parts = rights[at]
    const thing = `${name}-r${at}`
    const dice = random()
    if (parts === undefined) return
    if (dice < 0.02) return recorded.right.record(id, r.revoke(thing, parts), send)
    if (dice < 0.17) return recorded.right.record(id, r.permit(thing, random() < 0.5), send)
    return recorded.right.record(id, r.use(thing, parts), send)
  }
  const mount = (nth: number, send: Send) => {
    const thing = `${name}-m`
    const acts = [
      [0.15, () => m.enable(thing)],
      [0.22, () => m.disable(thing)],
      [0.37, () => m.tune(thing, 60 + pick(1000))],
      [0.6, () => m.look(thing)],
      [0.75, () => m.write(thing, `${id}.${nth}`)],
      [1, () => m.read(thing)],
    ] as const
    const dice = random()
    const act = acts.find(([until]) => dice < until)?.[1]
    return act && recorded.mount.record(id, act(), send)
  }
  const identity = (_: number, send: Send) => {
    const thing = `${name}-e`
    const to = random() < 0.5
    const changes = [e.entity, e.group, e.disable, e.join]
    const change = random() < 0.25 ? changes[pick(changes.length)] : undefined
    return recorded.member.record(id, change?.(thing, member, to) ?? e.use(thing, member), send)
  }
  const use = (_: number, send: Send) => recorded.use.record(id, spend(`${name}-u`, limited), send)
  const acts = [
    [0.34, secret],
    [0.6, right],
    [0.76, mount],
    [0.92, identity],
    [0.94, use],
    [0.97, (_: number, send: Send) => leases?.ask(seed, database, send)],
    [0.99, (_: number, send: Send) => leases?.revoke(seed, random() < 0.5 ? 1 : 2, send)],
    [1, (nth: number, send: Send) => (nth > 5 && database !== MOUNT ? leases?.unmount(database, send) : undefined)],
  ] as const
  return async (nth: number, send: Send): Promise<void> => {
    const dice = random()
    await acts.find(([until]) => dice < until)?.[1](nth, send)
  }
}

/** Brings each trouble of the plan at its time, and ends it after its time; resolves with the kinds that came. */
async function trouble({ cluster, troubles, over }: Stage, { steps }: Plan, begun: () => void): Promise<string[]> {
  const kinds: string[] = []
  const bring = async (step: Step): Promise<void> => {
    await pause(step.at, over)
    if (over.aborted) return
    const one = troubles.find(({ kind, target }) => kind === step.kind && target === step.target)
    if (one === undefined) throw new Error(`there is no trouble "${step.kind}" (${step.target})`)
    // A node that is stopped for long stays so.
    if (cluster.away.has(step.target) && (step.kind === "node killed" || PROCESS.has(step.kind))) return
    kinds.push(step.kind)
    talk(told(step))
    const end = await one.begin()
    begun()
    await pause(step.lasts, over)
    await end()
  }
  await Promise.all([...steps.map(bring), pause(LEAST)])
  begun()
  return kinds
}

const PROCESS = new Set(["node killed", "node restarted", "node paused", STOPPED])

/** What the parts of a run took, for whoever wants to make it shorter. */
function stopwatch() {
  const laps: string[] = []
  let last = performance.now()
  return {
    lap: (name: string): void => {
      laps.push(`${name} in ${Math.round(performance.now() - last)} ms`)
      last = performance.now()
    },
    text: () => laps.join(", "),
  }
}

const talk = (text: string): void => {
  if (process.env.ARCA_CLUSTER_TALK) console.error(text)
}

function check<S, I, O>(
  plan: Plan,
  kind: string,
  model: Model<S, I, O | "unknown">,
  { histories }: Recorder<I, O>,
): void {
  const wrong = violation(model, histories)
  if (wrong === undefined) return
  const history: readonly Operation<I, O | "unknown">[] = histories.get(wrong) ?? []
  const least = leastOf(model, history)
  throw new Violation(
    [
      `seed ${plan.seed}: no correct server could have answered so about the ${kind} ${wrong}`,
      ...plan.steps.map(step => `  ${told(step)}`),
      `what cannot be explained (${least.length} of ${history.length} operations; milliseconds):`,
      ...shown(least).map(line => `  ${line}`),
    ].join("\n"),
  )
}

/** Reads everything at the end, on every node: what was acknowledged must be there. */
async function lookAtAll(cluster: Cluster, things: Things, recorded: Recorders): Promise<void> {
  const { name, rights, member } = things
  const [s, r] = [secretActs(cluster.root), rightActs(cluster.root)]
  const [m, e] = [mountActs(cluster.root), memberActs(cluster.root)]
  const look = async (node: number): Promise<void> => {
    if (cluster.away.has(node)) return
    const send: Send = asked => cluster.ask(node, asked)
    const id = 100 + node
    for (let nth = 0; nth < SECRETS; nth++) await recorded.secret.record(id, s.read(`${name}-k${nth}`), send)
    for (const [nth, parts] of rights.entries()) await recorded.right.record(id, r.use(`${name}-r${nth}`, parts), send)
    await recorded.mount.record(id, m.look(`${name}-m`), send)
    await recorded.mount.record(id, m.read(`${name}-m`), send)
    await recorded.member.record(id, e.use(`${name}-e`, member), send)
  }
  await Promise.all(Array.from({ length: cluster.size }, (_, node) => look(node)))
}

/** One run of so many has a database mount of its own. */
const OWN_DATABASE = 3

async function makeThings({ cluster, leases }: Stage, seed: number): Promise<Things> {
  // Unlike those of any other run on this cluster, also of the same seed.
  const name = `s${seed}-${(made++).toString(36)}`
  const rights = RIGHTS.map((how, nth) => makeRight(cluster, `${name}-r${nth}`, how))
  const limited = makeToken(cluster, { policies: ["default"], num_uses: USES })
  const member = makeMember(cluster, `${name}-e`)
  const database = seed % OWN_DATABASE === 0 && leases !== undefined ? `${name}-db` : MOUNT
  if (database !== MOUNT) await leases?.mount(database)
  const { token } = await limited
  return { name, rights: await Promise.all(rights), limited: token, member: await member, database }
}

let made = 0

async function makeRight(cluster: Cluster, name: string, how: (typeof RIGHTS)[number]): Promise<RightParts> {
  const { root } = cluster
  const policy = { policy: policyOf(true) }
  await must(cluster, { method: "PUT", path: `sys/policies/acl/${name}`, token: root, body: policy })
  const body = { policies: [name], no_default_policy: true }
  const revoke = (path: string, what: unknown) => ({ method: "POST", path: `auth/token/${path}`, body: what }) as const
  if (how === "with its parent") {
    const parent = await makeToken(cluster, { policies: ["root"] })
    const { token } = await makeToken(cluster, body, parent.token)
    return { token, end: revoke("revoke", { token: parent.token }) }
  }
  const { token, accessor } = await makeToken(cluster, body)
  return { token, end: how === "by token" ? revoke("revoke", { token }) : revoke("revoke-accessor", { accessor }) }
}

async function makeToken(cluster: Cluster, body: unknown, by = cluster.root) {
  const made = fields((await must(cluster, { method: "POST", path: "auth/token/create", token: by, body })).auth)
  return { token: String(made.client_token), accessor: String(made.accessor) }
}

/** Ends early, without a word, when `over` says so. */
const pause = (milliseconds: number, over?: AbortSignal): Promise<void> =>
  setTimeout(milliseconds, undefined, over && { signal: over }).catch(() => undefined)

/** Never ends but with the failure of `work`. */
export async function failureOf(work: Promise<unknown>): Promise<never> {
  await work
  return new Promise(() => {})
}
