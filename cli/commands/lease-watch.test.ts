import assert from "node:assert/strict"
import { test } from "node:test"
import { changes, overview } from "./lease-watch.ts"

const lease = (id: string, more: Record<string, unknown> = {}) => ({
  id,
  engine: "database",
  mount: "database/",
  role: "app",
  holder: "token-web",
  state: "active",
  expire_time: "2026-01-01T01:00:00.000Z",
  ttl: 3600,
  ...more,
})

test("leases are shown together by engine, role and holder, with the first and the last to end", () => {
  const shown = overview([
    lease("a", { ttl: 65 }),
    lease("b"),
    lease("c", { holder: "token-batch", ttl: 5, state: "revoking" }),
  ])
  assert.deepEqual(
    shown.split("\n").map(line => line.split(/ {2,}/)),
    [
      ["Engine", "Mount", "Role", "Holder", "Leases", "First ends in", "Last ends in", "Ending"],
      ["------", "-----", "----", "------", "------", "-------------", "------------", "------"],
      ["database", "database/", "app", "token-web", "2", "1m5s", "1h", "-"],
      ["database", "database/", "app", "token-batch", "1", "5s", "5s", "1"],
    ],
  )
})

test("without a terminal each lease that comes, is renewed or goes is a line", () => {
  const before = new Map([lease("a"), lease("b")].map(one => [one.id, one]))
  const lines = changes(before, [lease("b", { expire_time: "2026-01-01T02:00:00.000Z" }), lease("c", { holder: "" })])
  assert.deepEqual(lines, [
    "issued c to - until 2026-01-01T01:00:00.000Z",
    "renewed b until 2026-01-01T02:00:00.000Z",
    "ended a",
  ])
})
