/** AWS keys against moto (PyPI `moto[server]`), which checks signatures; skipped where it is not installed. */

import assert from "node:assert/strict"
import { type ChildProcess, spawn, spawnSync } from "node:child_process"
import { request } from "node:http"
import { test } from "node:test"
import { setTimeout as wait } from "node:timers/promises"
import { freePort } from "../../tests/parts/port.ts"
import { signed } from "./sigv4.ts"
import { type Answer, fakeInternet, findingOf } from "./testing.ts"
import { verify } from "./verify.ts"

const program = process.env.ARCA_MOTO ?? "moto_server"
const isThere = spawnSync(program, ["--help"], { stdio: "ignore" }).status === 0

test("AWS tells a live key's owner, and a wrong or unknown key is dead", async t => {
  if (!isThere) return t.skip("moto is not installed (pip install 'moto[server]', ARCA_MOTO=path/to/moto_server)")
  const port = await freePort()
  // After the two calls that make the user and the key, every signature is checked.
  const env = { ...process.env, INITIAL_NO_AUTH_ACTION_COUNT: "2" }
  const moto: ChildProcess = spawn(program, ["-p", String(port)], { env, stdio: "ignore" })
  t.after(() => void moto.kill())
  const iam = (query: string) => ask(port, "iam.amazonaws.com", `${query}&Version=2010-05-08`, "iam")
  await answering(() => forward(port, { method: "GET", host: "127.0.0.1", path: "/moto-api/", headers: {}, body: "" }))
  await iam("Action=CreateUser&UserName=leaky")
  const made = (await iam("Action=CreateAccessKey&UserName=leaky")).body
  const text = String(made)
  const id = /<AccessKeyId>(.*?)</.exec(text)?.[1] ?? ""
  const secret = /<SecretAccessKey>(.*?)</.exec(text)?.[1] ?? ""
  const host = "sts.us-east-1.amazonaws.com"
  const sts = await fakeInternet([host], seen => forward(port, seen))
  t.after(() => sts.stop())
  const verdict = async (keySecret: string, keyId: string) => {
    const finding = findingOf("aws-secret-access-key", keySecret, { parts: { "aws-access-token": keyId } })
    const [judged] = await verify([finding, findingOf("aws-access-token", keyId)], { ...sts.options, perSecond: 1000 })
    return judged?.verification
  }
  const live = await verdict(secret, id)
  assert.equal(live?.status, "verified", live?.reason ?? "")
  assert.deepEqual(live?.facts, { account: "123456789012", identity: "arn:aws:iam::123456789012:user/leaky" })
  assert.equal((await verdict(`${secret.slice(0, -1)}x`, id))?.facts.code, "SignatureDoesNotMatch")
  assert.equal((await verdict(secret, "AKIAQQQQQQQQQQQQQQQQ"))?.status, "dead")
})

async function answering(attempt: () => Promise<unknown>): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    const answered = await attempt().then(
      () => true,
      () => false,
    )
    if (answered) return
    await wait(100)
  }
  throw new Error("moto does not answer")
}

function ask(port: number, host: string, body: string, service: string): Promise<Answer> {
  const headers = { "content-type": "application/x-www-form-urlencoded" }
  const unsigned = { method: "POST", host, path: "/", query: "", headers, body }
  const keys = { id: "AKIDEXAMPLE", secret: "none" }
  return forward(port, {
    ...unsigned,
    headers: signed(unsigned, keys, "us-east-1", service, Math.floor(Date.now() / 1000)),
  })
}

type Passed = {
  method: string
  host: string
  path: string
  headers: Record<string, string | string[] | undefined>
  body: string
}

function forward(port: number, { method, host, path, headers, body }: Passed): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request({ port, host: "127.0.0.1", method, path, headers: { ...headers, host } }, answer => {
      const chunks: Buffer[] = []
      answer.on("data", chunk => chunks.push(chunk))
      answer.on("end", () =>
        resolve({
          status: answer.statusCode ?? 0,
          body: Buffer.concat(chunks).toString(),
          headers: { "content-type": answer.headers["content-type"] ?? "text/xml" },
        }),
      )
    })
    sent.on("error", reject)
    sent.end(body)
  })
}
