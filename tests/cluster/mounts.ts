/** A path where an engine is mounted and unmounted, tuned, written to and read: the model of one mount, and what clients do. */

import { fields } from "../parts/arca.ts"
import type { Model } from "./linearizable.ts"
import type { Told } from "./nodes.ts"
import type { Act, Outcome } from "./things.ts"

interface Mounted {
  readonly there: boolean
  readonly ttl: number
  /** At its one path; "" for none. */
  readonly value: string
}

export type MountInput =
  | { readonly do: "enable" | "disable" | "look" | "read" }
  | { readonly do: "tune"; readonly ttl: number }
  | { readonly do: "write"; readonly value: string }

/** `absent`: there is no mount; `taken`: there is one already. */
export type MountOutput = "done" | "absent" | "taken" | { readonly ttl: number } | { readonly value: string }

const NOTHING: Mounted = { there: false, ttl: 0, value: "" }
const NEW: Mounted = { ...NOTHING, there: true }

function after(state: Mounted, input: MountInput): Mounted {
  switch (input.do) {
    case "enable":
      return state.there ? state : NEW
    case "disable":
      return NOTHING
    case "tune":
      return state.there ? { ...state, ttl: input.ttl } : state
    case "write":
      return state.there ? { ...state, value: input.value } : state
    case "look":
    case "read":
      return state
  }
}

/** Whether a server in this state may answer so. */
function fits({ there, ttl, value }: Mounted, input: MountInput, output: MountOutput): boolean {
  if (output === "taken") return there
  if (output === "absent") return !there
  if (input.do === "disable") return output === "done"
  if (input.do === "enable") return !there && output === "done"
  if (output === "done") return there && (input.do === "tune" || input.do === "write")
  return there && ("ttl" in output ? output.ttl === ttl : output.value === value)
}

export const mountModel: Model<Mounted, MountInput, MountOutput | "unknown"> = {
  start: NOTHING,
  observes: ({ do: what }, output) => what === "look" || what === "read" || output === "absent" || output === "taken",
  name: ({ there, ttl, value }) => `${there} ${ttl} ${value}`,
  step: (state, input, output) =>
    output === "unknown" || fits(state, input, output) ? after(state, input) : undefined,
}

type Answer = NonNullable<Told>

const said = ({ json }: Answer, text: string): boolean => JSON.stringify(json.errors ?? []).includes(text)

/** There is no mount: what a request below its path, and one about it, is told. */
const isAbsent = (told: Answer): boolean =>
  said(told, "no handler for route") || said(told, "No secret engine mount at")

const outcome = (told: Answer, of: (told: Answer) => MountOutput | undefined): Outcome<MountOutput> => {
  const is = isAbsent(told) ? "absent" : of(told)
  return is === undefined ? "none" : { is }
}

const done = (told: Answer): MountOutput | undefined => (told.status < 300 ? "done" : undefined)

export function mountActs(token: string) {
  const act = (
    thing: string,
    input: MountInput,
    asked: Omit<Act<MountInput, MountOutput>["asked"], "token">,
    of: (told: Answer) => MountOutput | undefined,
  ): Act<MountInput, MountOutput> => ({ thing, input, asked: { ...asked, token }, read: told => outcome(told, of) })
  return {
    enable: (thing: string) =>
      act(thing, { do: "enable" }, { method: "POST", path: `sys/mounts/${thing}`, body: { type: "kv" } }, told =>
        said(told, "path is already in use") ? "taken" : done(told),
      ),
    disable: (thing: string) => act(thing, { do: "disable" }, { method: "DELETE", path: `sys/mounts/${thing}` }, done),
    tune: (thing: string, ttl: number) =>
      act(
        thing,
        { do: "tune", ttl },
        { method: "POST", path: `sys/mounts/${thing}/tune`, body: { default_lease_ttl: `${ttl}s` } },
        done,
      ),
    look: (thing: string) =>
      act(thing, { do: "look" }, { method: "GET", path: `sys/mounts/${thing}` }, ({ status, json }) =>
        status === 200 ? { ttl: Number(fields(json.config ?? fields(json.data).config).default_lease_ttl) } : undefined,
      ),
    write: (thing: string, value: string) =>
      act(thing, { do: "write", value }, { method: "POST", path: `${thing}/one`, body: { value } }, done),
    read: (thing: string) =>
      act(thing, { do: "read" }, { method: "GET", path: `${thing}/one` }, ({ status, json }) => {
        if (status === 404) return { value: "" }
        return status === 200 ? { value: String(fields(json.data).value) } : undefined
      }),
  }
}
