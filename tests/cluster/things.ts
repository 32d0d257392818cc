/**
 * What clients do to a cluster, and what a single correct server could answer. Each kind of thing has a model; its histories
 * are recorded apart from each other, so that each can be checked by itself.
 */

import { fields } from "../parts/arca.ts"
import type { Model, Operation } from "./linearizable.ts"
import type { Asked, Told } from "./nodes.ts"

/** An operation's outcome: what the model is asked about, `unknown` when it may have taken effect or not, `none` when it has not. */
export type Outcome<O> = { readonly is: O } | "unknown" | "none"

export interface Act<I, O> {
  readonly thing: string
  readonly input: I
  readonly asked: Asked
  /** A read that takes a use of its token. */
  readonly spends?: boolean
  readonly read: (told: NonNullable<Told>) => Outcome<O>
}

/** Records the histories of one kind of thing. */
export class Recorder<I, O> {
  readonly histories = new Map<string, Operation<I, O | "unknown">[]>()
  readonly #clock: () => number

  constructor(clock: () => number = () => performance.now()) {
    this.#clock = clock
  }

  /** Runs an act and remembers it; what it told, if anything certain. */
  async record(client: number, act: Act<I, O>, send: (asked: Asked) => Promise<Told>): Promise<O | undefined> {
    const called = this.#clock()
    const told = await send(act.asked)
    const outcome: Outcome<O> = told === undefined || told.status >= 500 ? "unknown" : act.read(told)
    // What was only read has no effect: nobody needs to wonder about it.
    if (outcome === "none" || (outcome === "unknown" && act.asked.method === "GET" && !act.spends)) return undefined
    const history = this.histories.get(act.thing) ?? []
    this.histories.set(act.thing, history)
    const known = outcome !== "unknown"
    const answered = known ? this.#clock() : Number.POSITIVE_INFINITY
    history.push({ client, input: act.input, output: known ? outcome.is : "unknown", called, answered })
    return known ? outcome.is : undefined
  }

  get operations(): number {
    return [...this.histories.values()].reduce((sum, one) => sum + one.length, 0)
  }
}

// A secret with versions (KV 2): reads, writes, and writes that name the version they replace.

interface Secret {
  readonly version: number
  readonly value: string
}
export type SecretInput =
  | { readonly do: "read" }
  | { readonly do: "write"; readonly value: string }
  | { readonly do: "replace"; readonly value: string; readonly version: number }
export type SecretOutput = { readonly seen: Secret } | { readonly written: number } | "refused"

export const secretModel: Model<Secret, SecretInput, SecretOutput | "unknown"> = {
  start: { version: 0, value: "" },
  observes: (input, output) => input.do === "read" || output === "refused",
  name: ({ version, value }) => `${version} ${value}`,
  step: (state, input, output) => {
    if (input.do === "read") {
      if (output === "unknown") return state
      const same = typeof output === "object" && "seen" in output
      return same && output.seen.version === state.version && output.seen.value === state.value ? state : undefined
    }
    const next = { version: state.version + 1, value: input.value }
    const fits = input.do === "write" || input.version === state.version
    if (output === "unknown") return fits ? next : state
    if (output === "refused") return fits ? undefined : state
    return fits && "written" in output && output.written === next.version ? next : undefined
  },
}

export function secretActs(root: string) {
  const at = (thing: string): string => `kv/data/${thing}`
  const written = (told: NonNullable<Told>): Outcome<SecretOutput> => {
    if (told.status === 200) return { is: { written: Number(fields(told.json.data).version) } }
    return told.status === 400 ? { is: "refused" } : "none"
  }
  return {
    read: (thing: string): Act<SecretInput, SecretOutput> => ({
      thing,
      input: { do: "read" },
      asked: { method: "GET", path: at(thing), token: root },
      read: ({ status, json }) => {
        if (status === 404) return { is: { seen: { version: 0, value: "" } } }
        if (status !== 200) return "none"
        const data = fields(json.data)
        const seen = { version: Number(fields(data.metadata).version), value: String(fields(data.data).v) }
        return { is: { seen } }
      },
    }),
    write: (thing: string, value: string): Act<SecretInput, SecretOutput> => ({
      thing,
      input: { do: "write", value },
      asked: { method: "POST", path: at(thing), token: root, body: { data: { v: value } } },
      read: written,
    }),
    replace: (thing: string, value: string, version: number): Act<SecretInput, SecretOutput> => ({
      thing,
      input: { do: "replace", value, version },
      asked: { method: "POST", path: at(thing), token: root, body: { data: { v: value }, options: { cas: version } } },
      read: written,
    }),
  }
}

// Whether a token may do something: it lives until it is revoked, and its policy says yes or no.

interface Right {
  readonly alive: boolean
  readonly permitted: boolean
}
export type RightInput = { readonly do: "use" | "revoke" } | { readonly do: "permit"; readonly permitted: boolean }
export type RightOutput = "granted" | "denied" | "done"

/** A token, and the request that revokes it: by itself, by its accessor, or with its parent. */
export interface RightParts {
  readonly token: string
  readonly end: Omit<Asked, "token">
}

export const rightModel: Model<Right, RightInput, RightOutput | "unknown"> = {
  start: { alive: true, permitted: true },
  observes: ({ do: what }) => what === "use",
  name: ({ alive, permitted }) => `${alive} ${permitted}`,
  step: (state, input, output) => {
    if (input.do === "revoke") return { ...state, alive: false }
    if (input.do === "permit") return { ...state, permitted: input.permitted }
    if (output === "unknown") return state
    return (output === "granted") === (state.alive && state.permitted) ? state : undefined
  },
}

export function rightActs(root: string) {
  const done = ({ status }: NonNullable<Told>): Outcome<RightOutput> => (status < 300 ? { is: "done" } : "none")
  return {
    use: (thing: string, { token }: RightParts): Act<RightInput, RightOutput> => ({
      thing,
      input: { do: "use" },
      asked: { method: "GET", path: "kv/config", token },
      read: ({ status }) => (status === 200 ? { is: "granted" } : status === 403 ? { is: "denied" } : "none"),
    }),
    revoke: (thing: string, { end }: RightParts): Act<RightInput, RightOutput> => ({
      thing,
      input: { do: "revoke" },
      asked: { ...end, token: root },
      // A second revocation of the same token is a 400; it changes nothing.
      read: done,
    }),
    permit: (thing: string, permitted: boolean): Act<RightInput, RightOutput> => ({
      thing,
      input: { do: "permit", permitted },
      asked: { method: "PUT", path: `sys/policies/acl/${thing}`, token: root, body: { policy: policyOf(permitted) } },
      read: done,
    }),
  }
}

export const policyOf = (permitted: boolean): string =>
  `path "kv/config" { capabilities = ["${permitted ? "read" : "deny"}"] }`

// A token that may be used so many times.

export type UseInput = { readonly do: "spend" }
export type UseOutput = "granted" | "denied"

export const usesModel = (uses: number): Model<number, UseInput, UseOutput | "unknown"> => ({
  start: uses,
  observes: (_, output) => output === "denied",
  name: String,
  step: (left, _, output) => {
    if (output === "unknown") return Math.max(0, left - 1)
    if (output === "denied") return left === 0 ? 0 : undefined
    return left > 0 ? left - 1 : undefined
  },
})

export const spend = (thing: string, token: string): Act<UseInput, UseOutput> => ({
  thing,
  input: { do: "spend" },
  asked: { method: "GET", path: "auth/token/lookup-self", token },
  spends: true,
  read: ({ status }) => (status === 200 ? { is: "granted" } : status === 403 ? { is: "denied" } : "none"),
})
