/**
 * Plays the requests of requests.ts against a server and compares each reply, status and body, with what the reference
 * server answered (replies/) or, where ours is meant to differ, with overrides.json, which gives the reason.
 *
 * `UPDATE=1 ARCA_CONFORMANCE_SERVER=/path/to/bao node --test tests/golden/golden.test.ts` records replies/ anew;
 * `UPDATE=overrides` fills the replies in overrides.json from our server: to allow a difference, add its name with null.
 */

import assert from "node:assert/strict"
import { readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { test } from "node:test"
import { call, fields, reference, startUnsealed } from "../parts/arca.ts"
import { normalised } from "./normalise.ts"
import { type GoldenRequest, groups } from "./requests.ts"

interface GoldenReply {
  status: number
  body: unknown
}

/** Differences that have one reason, each with what ours answers. */
interface Override {
  reason: string
  replies: Record<string, GoldenReply | null>
}

const update = process.env.UPDATE === "1"
if (update && reference === undefined)
  throw new Error("The golden replies are the reference's: set ARCA_CONFORMANCE_SERVER")
const refresh = process.env.UPDATE === "overrides" && reference === undefined

const overrides: Override[] = JSON.parse(await readFile(file("overrides.json"), "utf8"))

test("the replies are the reference server's", async t => {
  const server = await startUnsealed({ plain: true })
  try {
    const kept = new Map([["root", server.token]])
    for (const [group, requests] of Object.entries(groups)) {
      const recorded = file(`replies/${group}.json`)
      const golden = update ? {} : fields(JSON.parse(await readFile(recorded, "utf8")))
      const replies: Record<string, GoldenReply> = {}
      await t.test(group, async t => {
        for (const request of requests) {
          assert.ok(!(request.name in replies), `Two requests of ${group} have the name "${request.name}"`)
          const reply = await answer(server, request, kept)
          replies[request.name] = reply
          const override = overrides.find(({ replies }) => `${group}/${request.name}` in replies)
          if (refresh && override !== undefined) override.replies[`${group}/${request.name}`] = reply
          if (update) continue
          const own = reference === undefined ? override?.replies[`${group}/${request.name}`] : undefined
          const want = own ?? golden[request.name]
          await t.test(request.name, () => assert.deepEqual(reply, want))
        }
      })
      if (update) await writeFile(recorded, `${JSON.stringify(replies, null, 2)}\n`)
    }
    if (refresh) await writeFile(file("overrides.json"), `${JSON.stringify(overrides, null, 2)}\n`)
  } finally {
    await server.stop()
  }
})

test("each override names a request and gives a reason, and differs from the reference", async () => {
  const names = Object.entries(groups).flatMap(([group, requests]) => requests.map(({ name }) => `${group}/${name}`))
  for (const { reason, replies } of overrides) {
    assert.ok(reason.length > 20, `"${reason}" is no reason`)
    for (const [name, reply] of Object.entries(replies)) {
      assert.ok(names.includes(name), `overrides.json has "${name}", which is no request`)
      const [group = "", request = ""] = name.split(/\/(.*)/)
      const golden = fields(JSON.parse(await readFile(file(`replies/${group}.json`), "utf8")))
      assert.notDeepEqual(reply, golden[request], `"${name}" does not differ any more: take it out of overrides.json`)
    }
  }
})

async function answer(
  server: { url: string; caFile: string },
  request: GoldenRequest,
  kept: Map<string, string>,
): Promise<GoldenReply> {
  const { method, path, headers = {}, body, token = "$root" } = request
  const filled = (text: string) => text.replace(/\$([a-zA-Z]+)/g, (whole, name: string) => kept.get(name) ?? whole)
  const reply = await call(server, {
    method,
    path: filled(path),
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, filled(value)])),
    ...(token !== "" && { token: filled(token) }),
    ...(body !== undefined && { body: filled(typeof body === "string" ? body : JSON.stringify(body)) }),
  })
  for (const [name, at] of Object.entries(request.keep ?? {})) {
    const found = at.split(".").reduce<unknown>((inner, key) => fields(inner)[key], reply.json)
    if (found !== undefined) kept.set(name, String(found))
  }
  return { status: reply.status, body: normalised(withoutNews(reply.json ?? (reply.text === "" ? null : reply.text))) }
}

/** Vault's envelope has had `mount_type` since 1.17; OpenBao's has not, so that no recorded reply can show it. */
function withoutNews(body: unknown): unknown {
  if (typeof body !== "object" || body === null || !("request_id" in body)) return body
  const { mount_type: _, ...rest } = fields(body)
  return rest
}

function file(name: string): string {
  return join(import.meta.dirname, name)
}
