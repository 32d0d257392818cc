import assert from "node:assert/strict"
import { test } from "node:test"
import type { JsonObject } from "@arca/api"
import { every, isMissed, nextAfter, nextAfterDue, type Plan, planned } from "./schedule.ts"

const at = (text: string): number => Date.parse(text) / 1000
const schedule = (text: string, window = 0): Plan => ({
  rotation_period: 0,
  rotation_schedule: text,
  rotation_window: window,
})

test("a period counts from when a rotation was due, so that late ones shift none", () => {
  assert.equal(nextAfter(every(3600), 1000), 4600)
  assert.equal(nextAfterDue(every(3600), 1000, 1007), 4600)
  assert.equal(nextAfterDue(every(3600), 1000, 1000 + 3 * 3600 + 5), 1000 + 4 * 3600)
})

test("a schedule is cron's, in UTC; day of month and weekday are alternatives when both are given", () => {
  const next = (text: string, now: string) => new Date(nextAfter(schedule(text), at(now)) * 1000).toISOString()
  assert.equal(next("0 0 * * *", "2026-11-24T07:00:00Z"), "2026-11-25T00:00:00.000Z")
  assert.equal(next("30 */6 * * *", "2026-11-24T07:00:00Z"), "2026-11-24T12:30:00.000Z")
  assert.equal(next("0 12 13 * FRI", "2026-11-24T07:00:00Z"), "2026-11-27T12:00:00.000Z")
  assert.equal(next("0 12 30 * FRI", "2026-11-28T07:00:00Z"), "2026-11-30T12:00:00.000Z")
  assert.equal(next("0 0 29 2 *", "2026-11-24T07:00:00Z"), "2028-02-29T00:00:00.000Z")
})

test("a window bounds how late a scheduled rotation may begin", () => {
  assert.equal(isMissed(schedule("0 0 * * *", 3600), 1000, 4600), false)
  assert.equal(isMissed(schedule("0 0 * * *", 3600), 1000, 4601), true)
  assert.equal(isMissed(schedule("0 0 * * *"), 1000, 10 ** 9), false)
})

test("plans that contradict themselves are refused", () => {
  const wrong: readonly (readonly [JsonObject, RegExp])[] = [
    [{}, /one of rotation_schedule or rotation_period must be provided/],
    [{ rotation_period: 0 }, /rotation_period must be 5 seconds or more/],
    [{ rotation_period: 4 }, /must be 5 seconds or more/],
    [{ rotation_period: 0, rotation_schedule: "* * * * *" }, /mutually exclusive/],
    [{ rotation_period: 60, rotation_window: 3600 }, /rotation_window is invalid/],
    [{ rotation_schedule: "* * * * *", rotation_window: 60 }, /rotation_window must be 3600/],
    [{ rotation_schedule: "* * * * *", rotation_window: 0 }, /rotation_window must be 3600/],
    [{ rotation_schedule: "" }, /could not parse rotation_schedule/],
    [{ rotation_schedule: "never" }, /could not parse rotation_schedule/],
    [{ rotation_schedule: "0 0 1 1 1 1" }, /could not parse rotation_schedule/],
  ]
  const asked = (body: JsonObject, before?: Plan): Plan =>
    planned(body, { ...every(0), ...before, ...body } as Plan, before === undefined)
  for (const [body, expected] of wrong) assert.throws(() => asked(body), expected, JSON.stringify(body))
  assert.deepEqual(asked({ rotation_period: 5 }), every(5))
  const saturdays = asked({ rotation_schedule: "0 0 * * SAT", rotation_window: 3600 }, every(60))
  assert.deepEqual(saturdays, schedule("0 0 * * SAT", 3600))
  assert.deepEqual(asked({}, saturdays), saturdays)
  assert.deepEqual(asked({ rotation_period: 7 }, saturdays), every(7))
})
