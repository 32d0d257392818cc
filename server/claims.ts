/**
 * Who does which job. A claim names its owner and grows a fence with each new one. The owner renews it; nobody's clock decides
 * whether it still does: a node takes over what it has itself seen unchanged for a while. Whoever was paused finds another
 * owner or fence when it looks, and what it commits for the job meanwhile is refused, for the claim is part of what it read.
 */

import { hostname } from "node:os"
import { decodeJson, encodeJson, type JsonObject } from "@arca/api"
import { Conflict, type View } from "@arca/storage"
import { layout } from "./layout.ts"
import type { Server } from "./server.ts"
import { reading, transact } from "./transact.ts"

/** Seconds after which a claim that did not change is open to others. */
export const CLAIM_SECONDS = 6
/** How often an owner renews. */
const RENEW_SECONDS = 2

interface Claim {
  /** "" when it was handed back. */
  readonly owner: string
  readonly fence: number
  /** Grows with each renewal. */
  readonly beat: number
  /** Seconds since 1970 by the owner's clock. */
  readonly lastRun: number
}

/** What this process has seen of each claim, and since when that has not changed. */
export type ClaimMemory = Map<string, { readonly state: string; readonly since: number }>

const decode = (value: Uint8Array): Claim => decodeJson(value) as unknown as Claim
const keyOf = (job: string): string => layout.claims + job
const UNCLAIMED: Claim = { owner: "", fence: 0, beat: 0, lastRun: 0 }

const claimIn = async (view: View, job: string): Promise<Claim> => (await view.cached(keyOf(job), decode)) ?? UNCLAIMED

const write = (view: View, job: string, claim: Claim): void =>
  view.put(keyOf(job), encodeJson(claim as unknown as JsonObject))

/** Held by another node now. */
export class ClaimLost extends Error {
  override readonly name = "ClaimLost"
}

/** What a job's transactions call first: their commit is refused if the claim has passed to another node. */
export type Guard = (view: View) => Promise<void>

/** That of a process which shares the store with nobody. */
const FREE: Guard = async () => {}

/**
 * Takes or keeps the claim on a job; undefined when another has it, should rather have it, or when the job is not due:
 * `everySeconds` after the last run.
 */
export async function claim(server: Server, job: string, everySeconds = 0): Promise<Guard | undefined> {
  const { alone, id: owner } = server.members
  const held = await reading(server, view => claimIn(view, job))
  const now = server.now()
  const age = ageOf(server, job, held, now)
  // A last run that lies ahead is one by a clock that was wrong: it must not hold the job up until then.
  if (everySeconds > 0 && held.lastRun <= now && now < held.lastRun + everySeconds) return undefined
  if (alone)
    return everySeconds === 0 || (await replace(server, job, held, { ...held, lastRun: now })) ? FREE : undefined
  const mine = held.owner === owner
  if (!mine && !mayTake(server, job, held, age)) return undefined
  const fence = mine ? held.fence : held.fence + 1
  if (!mine || everySeconds > 0 || age >= RENEW_SECONDS) {
    const next: Claim = { owner, fence, beat: held.beat + 1, lastRun: everySeconds > 0 ? now : held.lastRun }
    if (!(await replace(server, job, held, next))) return undefined
  }
  return async view => {
    const current = await claimIn(view, job)
    if (current.owner !== owner || current.fence !== fence)
      throw new ClaimLost(`the job ${job} has passed to another node`)
  }
}

/** For how long this process has seen the claim as it is. */
function ageOf(server: Server, job: string, { owner, fence, beat }: Claim, now: number): number {
  const state = `${owner} ${fence} ${beat}`
  const known = server.claims.get(job)
  if (known?.state === state) return now - known.since
  server.claims.set(job, { state, since: now })
  return 0
}

/** A free claim goes to the node that the job falls to; to any when that one does not come. */
function mayTake({ members }: Server, job: string, { owner }: Claim, age: number): boolean {
  if (age >= CLAIM_SECONDS) return true
  return (owner === "" || isGone(owner)) && members.preferred(job) === members.id
}

/** This process's own, made once: a claim by the same process id under another name was made by one that ran before. */
const OWN = new Set<string>()

/** `host/pid/…`, unlike that of any other process, now or before. */
export function ownerName(unique: string): string {
  const name = `${hostname()}/${process.pid}/${unique}`
  OWN.add(name)
  return name
}

/** Whether an owner was a process of this machine that is no more: nobody needs to wait for it. */
export function isGone(owner: string): boolean {
  const [host, pid = ""] = owner.split("/")
  if (host !== hostname() || !/^\d+$/.test(pid)) return false
  // In a container each process has the number of the one before.
  if (Number(pid) === process.pid) return !OWN.has(owner)
  try {
    process.kill(Number(pid), 0)
    return false
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "ESRCH"
  }
}

async function replace(server: Server, job: string, held: Claim, next: Claim): Promise<boolean> {
  return transact(server, async view => {
    const current = await claimIn(view, job)
    if (current.fence !== held.fence || current.beat !== held.beat || current.owner !== held.owner) return false
    write(view, job, next)
    return true
  })
}

/** Hands back what this node holds: all of it, or what another node should rather have. */
export async function release(server: Server, which: "all" | "misplaced"): Promise<void> {
  const { members } = server
  await transact(server, async view => {
    for (const job of await view.keys(layout.claims)) {
      const held = await claimIn(view, job)
      if (held.owner !== members.id) continue
      if (which === "misplaced" && (members.preferred(job) ?? members.id) === members.id) continue
      write(view, job, { ...held, owner: "", beat: held.beat + 1 })
    }
  })
}

/** Whether a job ended because its claim was taken: nothing went wrong. */
export const isLost = (error: unknown): boolean => error instanceof ClaimLost || error instanceof Conflict
