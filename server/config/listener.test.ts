import assert from "node:assert/strict"
import { test } from "node:test"
import { parseHcl } from "@arca/hcl"
import { listenerOptions } from "./listener.ts"

const read = (keys: string) => listenerOptions("tcp", parseHcl(`tls_disable = true\n${keys}`))

test("networks of proxies that are none are refused where they are written, not taken for all addresses", () => {
  const behavior = 'proxy_protocol_behavior = "allow_authorized"'
  for (const wrong of [
    "10.0.0.0/",
    "10.0.0.0/33",
    "10.0.0.0/8/8",
    "10.0.0/8",
    "localhost",
    "::1/129",
    "10.0.0.0/1e1",
  ]) {
    const named = new RegExp(`${JSON.stringify(wrong)} is no network.* at line`)
    assert.throws(() => read(`x_forwarded_for_authorized_addrs = "127.0.0.1, ${wrong}"`), named)
    assert.throws(() => read(`${behavior}\nproxy_protocol_authorized_addrs = "127.0.0.1, ${wrong}"`), named)
  }
  const { forwardedFor } = read('x_forwarded_for_authorized_addrs = ["10.0.0.0/8", "::1"]')
  assert.deepEqual(forwardedFor?.authorized, ["10.0.0.0/8", "::1"])
})
