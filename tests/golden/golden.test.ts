/**
 * Plays the requests of requests.ts against a server and compares each reply, status and body, with what the reference
 * server answered (replies/) or, where ours is meant to differ, with overrides.json, which gives the reason.
 *
 * `UPDATE=1 ARCA_CONFORMANCE_SERVER=/path/to/bao node --test tests/golden/golden.test.ts` records replies/ anew.
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

const update = process.env.UPDATE === "1"
if (update && reference === undefined)
  throw new Error("Golden replies are recorded from the reference: set ARCA_CONFORMANCE_SERVER")

const overrides = fields(await read("overrides.json"))

test("the replies are the reference server's", async t => {
  const server = await startUnsealed({ plain: true })
  try {
    const kept = new Map([["root", server.token]])
    for (const [group, requests] of Object.entries(groups)) {
      const file = `replies/${group}.json`
      const golden = update ? {} : fields(await read(file))
      const replies: Record<string, GoldenReply> = {}
      await t.test(group, async t => {
        for (const request of requests) {
          assert.ok(!(request.name in replies), `Two requests of ${group} have the name "${request.name}"`)
          const reply = await answer(server, request, kept)
          replies[request.name] = reply
          if (update) continue
          const want = expected(`${group}/${request.name}`) ?? golden[request.name]
          await t.test(request.name, () => assert.deepEqual(reply, want))
        }
      })
      if (update) await writeFile(join(import.meta.dirname, file), `${JSON.stringify(replies, null, 2)}\n`)
    }
  } finally {
    await server.stop()
  }
})

test("each override names a request and gives a reason", () => {
  const names = Object.entries(groups).flatMap(([group, requests]) => requests.map(({ name }) => `${group}/${name}`))
  for (const [name, entry] of Object.entries(overrides)) {
    assert.ok(names.includes(name), `overrides.json has "${name}", which is no request`)
    assert.ok(String(fields(entry).reason ?? "").length > 20, `overrides.json gives no reason for "${name}"`)
  }
})

/** What ours is meant to answer where that differs from the reference; nothing when the reference itself is tested. */
function expected(name: string): GoldenReply | undefined {
  if (reference !== undefined || !(name in overrides)) return undefined
  const { status, body } = fields(overrides[name])
  return { status: Number(status), body: body ?? null }
}

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

async function read(file: string): Promise<unknown> {
  return JSON.parse(await readFile(join(import.meta.dirname, file), "utf8"))
}
