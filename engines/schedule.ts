/** When an account is rotated next: after a period, or by a schedule with a window. Times are seconds since 1970. */

import { type JsonObject, refuse } from "@arca/api"
import { Cron } from "croner"

export interface Plan {
  /** Seconds; 0 with a schedule. */
  readonly rotation_period: number
  /** Five fields as cron has them, in UTC; "" with a period. */
  readonly rotation_schedule: string
  /** Seconds after a scheduled time in which a rotation may begin; 0 is no bound. */
  readonly rotation_window: number
}

/** A plan of nothing but a period. */
export const every = (seconds: number): Plan => ({
  rotation_period: seconds,
  rotation_schedule: "",
  rotation_window: 0,
})

const SHORTEST_PERIOD = 5
const SHORTEST_WINDOW = 3600

/** The plan that a request makes of one that is stored, if any. Refuses what contradicts itself, in Vault's words. */
export function planned(body: JsonObject, merged: Plan, isNew: boolean): Plan {
  const gives = (name: keyof Plan): boolean => (body[name] ?? null) !== null
  const { rotation_period, rotation_schedule, rotation_window } = merged
  if (gives("rotation_period") && gives("rotation_schedule"))
    throw refuse.invalid(
      "mutually exclusive fields rotation_period and rotation_schedule were both specified; only one of them can be provided",
    )
  if (isNew && !gives("rotation_period") && !gives("rotation_schedule"))
    throw refuse.invalid("one of rotation_schedule or rotation_period must be provided to create a static account")
  if (gives("rotation_period") && rotation_period < SHORTEST_PERIOD)
    throw refuse.invalid(`rotation_period must be ${SHORTEST_PERIOD} seconds or more`)
  const isScheduled = gives("rotation_schedule") || (!gives("rotation_period") && rotation_schedule !== "")
  if (!isScheduled && gives("rotation_window"))
    throw refuse.invalid("rotation_window is invalid with use of rotation_period")
  // One takes the place of the other.
  if (!isScheduled) return every(rotation_period)
  cronOf(rotation_schedule)
  if (gives("rotation_window") && rotation_window < SHORTEST_WINDOW)
    throw refuse.invalid(`rotation_window must be ${SHORTEST_WINDOW} seconds or more`)
  return { rotation_period: 0, rotation_schedule, rotation_window }
}

function cronOf(schedule: string): Cron {
  try {
    return new Cron(schedule, { timezone: "UTC", paused: true, mode: "5-part" })
  } catch (error) {
    throw refuse.invalid(`could not parse rotation_schedule: ${error instanceof Error ? error.message : String(error)}`)
  }
}

const nextBySchedule = (schedule: string, after: number): number => {
  const next = cronOf(schedule).nextRun(new Date(after * 1000))
  if (next === null) throw refuse.invalid(`rotation_schedule ${JSON.stringify(schedule)} names no time to come`)
  return next.getTime() / 1000
}

/** The next rotation after one that was asked for at `now`: periods begin anew, schedules stay. */
export const nextAfter = (plan: Plan, now: number): number =>
  plan.rotation_schedule === "" ? now + plan.rotation_period : nextBySchedule(plan.rotation_schedule, now)

/** The next rotation after one that was due at `due` and is done by `now`: a late one delays none of those to come. */
export function nextAfterDue(plan: Plan, due: number, now: number): number {
  if (plan.rotation_schedule !== "") return nextBySchedule(plan.rotation_schedule, now)
  const missed = Math.max(0, Math.floor((now - due) / plan.rotation_period))
  return due + (missed + 1) * plan.rotation_period
}

/** Whether the window of a scheduled time is over: the rotation then waits for the next time. */
export const isMissed = (plan: Plan, due: number, now: number): boolean =>
  plan.rotation_window > 0 && now > due + plan.rotation_window
