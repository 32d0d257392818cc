/** Attack class 1.1: what HTTP, paths and bodies can be made to say. */

import assert from "node:assert/strict"
import { test } from "node:test"
import { fields } from "../parts/arca.ts"
import { attack, memoryStaysBounded, openHouse } from "./house.ts"

const house = await openHouse()
const get = (path: string, token?: string) => house.ask({ path, ...(token === undefined ? {} : { token }) })
const put = (path: string, body: unknown, token?: string) =>
  house.ask({ method: "PUT", path, body, ...(token === undefined ? {} : { token }) })
const secret = async (path: string): Promise<unknown> =>
  fields(fields(fields((await get(`secret/data/${path}`)).json).data).data).value

/** The bytes of a request line and headers, as they are. */
const lines = (...all: string[]): string => `${all.join("\r\n")}\r\n\r\n`
const onlyA = 'path "secret/data/a/*" { capabilities = ["read", "create", "update", "delete"] }'

attack(house, "A01", "dot segments never reach a path that the policy does not name", async () => {
  await put("secret/data/b", { data: { value: house.canary() } })
  await put("secret/data/a/inside", { data: { value: 1 } })
  const token = await house.token(onlyA)
  const literal = ["a/../b", "a/./../b", "a/../../data/b"]
  const escaped = ["a/%2e%2e/b", "a/%2E%2E/b", "a/.%2e/b", "a/%2e./b", "a%2f..%2fb", "a/..%2fb", "a/%2e%2e%2fb"]
  await house.refused(async () => {
    const answers = []
    for (const path of [...literal, ...escaped]) answers.push(await get(`secret/data/${path}`, token))
    for (const one of answers) assert.equal(one.status, 400, one.text)
    return answers
  })
  // Decoded once and only once: this is a name with percent signs in it.
  assert.equal((await get("secret/data/a/%252e%252e/b", token)).status, 404)
})

attack(house, "A02", "writes through dot segments leave the target alone", async () => {
  await put("secret/data/b", { data: { value: "stays" } })
  const rules = ["data", "metadata", "destroy", "delete", "undelete"]
    .map(prefix => `path "secret/${prefix}/a/*" { capabilities = ["create", "read", "update", "delete", "list"] }`)
    .join("\n")
  const token = await house.token(rules)
  await house.refused(async () => [
    await house.ask({ method: "DELETE", path: "secret/data/a/%2e%2e/b", token }),
    await house.ask({ method: "DELETE", path: "secret/metadata/a/%2e%2e/b", token }),
    await put("secret/destroy/a/%2e%2e/b", { versions: [1] }, token),
    await put("secret/delete/a/..%2fb", { versions: [1] }, token),
    await put("secret/data/a/../b", { data: { value: "changed" } }, token),
  ])
  assert.equal(await secret("b"), "stays")
})

attack(house, "A04", "the policy sees the same decoded path as the router", async () => {
  await put("secret/data/a/deep", { data: { value: "deep" } })
  await put("secret/data/other", { data: { value: "other" } })
  const one = await house.token('path "secret/data/a" { capabilities = ["read"] }')
  // An escaped slash is a slash, for the policy and for the router alike.
  assert.equal((await get("secret/data/a%2fdeep", one)).status, 403)
  const deep = await house.token('path "secret/data/a/deep" { capabilities = ["read"] }')
  assert.equal((await get("secret/data/a%2Fdeep", deep)).status, 200)
  for (const tail of ["%5cdeep", ";x=y", ".", "%20", "%09", "%2e"]) {
    const answer = await get(`secret/data/a${tail}`, one)
    assert.ok(answer.status === 403 || answer.status === 400, `${tail}: ${answer.status}`)
  }
  // A name that ends in a blank is another name, and is kept apart.
  await put("secret/data/name%20", { data: { value: "blank" } })
  assert.equal((await get("secret/data/name")).status, 404)
  assert.equal(await secret("name%20"), "blank")
})

attack(house, "A05", "bytes that are no text are refused", async () => {
  const bad = [
    "%00",
    "%0d%0a",
    "%e2%80%ae",
    "%ed%a0%80",
    "%c0%ae",
    "%ff",
    "%e2%82",
    "%u002e",
    "%",
    "%2",
    "%zz",
    "%c2%85",
  ]
  const answers = await house.refused(async () => {
    const all = []
    for (const piece of bad) all.push(await get(`secret/data/x${piece}y`))
    return all
  })
  for (const [at, { status, text }] of answers.entries()) assert.equal(status, 400, `${bad[at]}: ${text}`)
  for (const bytes of ["\xff\xfe", "\xc0\xae", "\xe2\x80\xae"]) {
    const request = lines(
      `GET /v1/secret/data/x${bytes} HTTP/1.1`,
      "Host: x",
      `X-Vault-Token: ${house.root}`,
      "Connection: close",
    )
    for (const { status } of await house.raw(request)) assert.equal(status, 400, JSON.stringify(bytes))
  }
})

const LANGUAGE = ["__proto__", "constructor", "toString", "hasOwnProperty", "valueOf", "then"]

attack(house, "A07", "names of the language are ordinary names", async () => {
  await house.must({ method: "PUT", path: "sys/auth/names", body: { type: "userpass" } })
  for (const name of LANGUAGE) {
    assert.equal((await get(`secret/data/${name}`)).status, 404, name)
    assert.equal((await get(`sys/policies/acl/${name}`)).status, 404, name)
    assert.equal((await get(`sys/mounts/${name}`)).status, 400, name)
    assert.equal((await get(`auth/names/users/${name}`)).status, 404, name)
    assert.equal((await put(`auth/names/login/${name}`, { password: "x" })).status, 400, name)
    assert.equal((await get(`auth/token/roles/${name}`)).status, 404, name)
    assert.equal((await get(`${name}/x`)).status, 404, name)
    await house.must({ method: "PUT", path: `secret/data/${name}`, body: { data: { value: name } } })
    assert.equal(await secret(name), name)
    const custom = { custom_metadata: { [`${name}`]: "kept" } }
    await house.must({ method: "PUT", path: `secret/metadata/${name}`, body: JSON.stringify(custom) })
    await house.must({
      method: "PUT",
      path: `sys/policies/acl/${name}`,
      body: { policy: 'path "x" { capabilities = ["read"] }' },
    })
    await house.must({ method: "PUT", path: `auth/names/users/${name}`, body: { password: "p", policies: [name] } })
    const login = await house.must({
      method: "PUT",
      path: `auth/names/login/${name}`,
      token: "",
      body: { password: "p" },
    })
    assert.deepEqual(login.policies, [name.toLowerCase(), "default"].sort())
    await house.must({ method: "PUT", path: `sys/mounts/m-${name}`, body: { type: "kv" } })
    await house.must({ method: "PUT", path: `sys/mounts/${name}`, body: { type: "kv" } })
    await house.must({ method: "PUT", path: `${name}/x`, body: { [name]: "v" } })
    await house.must({ method: "DELETE", path: `sys/mounts/${name}` })
  }
})

attack(house, "A08", "a body cannot reach the prototype of anything", async () => {
  const bodies = ['{"__proto__":{"policies":["root"]}}', '{"constructor":{"prototype":{"policies":["root"]}}}']
  const weak = await house.token('path "auth/token/create" { capabilities = ["update"] }')
  for (const body of bodies) {
    const made = await house.must({ method: "PUT", path: "auth/token/create", body, token: weak })
    assert.ok(!JSON.stringify(made.policies).includes("root"))
    await house.must({ method: "PUT", path: "auth/token/roles/polluted", body })
    const role = await house.must({ path: "auth/token/roles/polluted" })
    assert.ok(!JSON.stringify(role).includes("root"))
    const next = await house.must({ method: "PUT", path: "auth/token/create", body: {}, token: weak })
    assert.ok(!JSON.stringify(next.policies).includes("root"))
  }
  const data = '{"__proto__":{"a":1},"constructor":{"prototype":{"b":2}}}'
  await house.must({ method: "PUT", path: "secret/data/proto", body: `{"data":${data}}` })
  const { text } = await get("secret/data/proto")
  assert.ok(text.includes(`"data":${data}`), text)
  await house.must({ method: "PUT", path: "kv1/proto", body: data })
  assert.ok((await get("kv1/proto")).text.includes(`"data":${data}`))
})

attack(
  house,
  "A10",
  "of a key that stands twice both readers see the same one, or the request is refused",
  async () => {
    const rules = `path "auth/token/create" { capabilities = ["update"] allowed_parameters = { "policies" = [["default"]] "*" = [] } }`
    const token = await house.token(rules)
    await house.refused(() => put("auth/token/create", '{"policies":["default"],"policies":["root"]}', token))
    const made = await put("auth/token/create", '{"policies":["root"],"policies":["default"]}', token)
    assert.deepEqual(fields(fields(made.json).auth).policies, ["default"])
  },
)

attack(house, "A11", "huge and deep bodies without a token are refused quickly and cheaply", async () => {
  const bodies = {
    deep: `{"a":${"[".repeat(100_000)}${"]".repeat(100_000)}}`,
    keys: `{${Array.from({ length: 200_000 }, (_, at) => `"k${at}":1`).join(",")}}`,
    array: `{"a":[${"1,".repeat(400_000)}1]}`,
    text: `{"a":"${"x".repeat(30_000_000)}"}`,
    beyond: `{"a":"${"x".repeat(40_000_000)}"}`,
  }
  for (const [name, body] of Object.entries(bodies)) {
    const { status, text } = await house.ask({ method: "PUT", path: "secret/data/x", body, token: "" })
    assert.ok([400, 403, 413].includes(status), `${name}: ${status} ${text}`)
  }
})

attack(house, "A13", "numbers keep their text", async () => {
  const texts = ["9007199254740993", "1e400", "-0", "1.0", "0.1e1", "123456789012345678901234567890", "1E5", "-1.50"]
  const data = `{${texts.map((text, at) => `"n${at}":${text}`).join(",")}}`
  await house.must({ method: "PUT", path: "secret/data/numbers", body: `{"data":${data}}` })
  assert.ok((await get("secret/data/numbers")).text.includes(`"data":${data}`))
  await house.refused(async () => {
    const answers = []
    for (const ttl of ["1e400", "9007199254740993", "-1", '"NaN"', '"-5s"', '"1e9h"', '"9999999999999h"', '"Infinity"'])
      answers.push(await put("auth/token/create", `{"ttl":${ttl}}`))
    return answers
  })
})

/** Requests whose end is in doubt. Behind each stands one that must never be answered. */
const SMUGGLED = "GET /v1/sys/seal-status HTTP/1.1\r\nHost: smuggled\r\n\r\n"
const post = (...headers: string[]): string => lines("POST /v1/secret/data/x HTTP/1.1", "Host: x", ...headers)
const DOUBTFUL: Readonly<Record<string, string>> = {
  "length and chunks": `${post("Content-Length: 3", "Transfer-Encoding: chunked")}0\r\n\r\n`,
  "two lengths": `${post("Content-Length: 3", "Content-Length: 4")}abc`,
  "two equal lengths": `${post("Content-Length: 2", "Content-Length: 2")}{}`,
  "a list of lengths": `${post("Content-Length: 2, 2")}{}`,
  "two encodings": `${post("Transfer-Encoding: chunked", "Transfer-Encoding: identity")}0\r\n\r\n`,
  "chunked, then identity": `${post("Transfer-Encoding: chunked, identity")}0\r\n\r\n`,
  "an unknown encoding": `${post("Transfer-Encoding: xchunked")}0\r\n\r\n`,
  "a blank before the colon": `${post("Transfer-Encoding : chunked")}0\r\n\r\n`,
  "a folded header": `${post("X-A: b\r\n c: d", "Content-Length: 0")}`,
  "a bare line feed": "POST /v1/secret/data/x HTTP/1.1\nHost: x\nContent-Length: 0\n\n",
  "a bare carriage return": "POST /v1/secret/data/x HTTP/1.1\rHost: x\r\r",
  "a carriage return in the headers":
    "POST /v1/secret/data/x HTTP/1.1\r\nHost: x\r\nX-A: b\rTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
  "a bare line feed after a header": "POST /v1/secret/data/x HTTP/1.1\r\nHost: x\r\nX: y\nContent-Length: 2\r\n\r\n{}",
  "something behind the empty line": "POST /v1/secret/data/x HTTP/1.1\r\nHost: x\r\n\r\rX",
  "a length with a sign": `${post("Content-Length: +2")}{}`,
  "a length in hex": `${post("Content-Length: 0x2")}{}`,
  "a negative length": `${post("Content-Length: -1")}`,
  "a chunk size with a sign": `${post("Transfer-Encoding: chunked")}+1\r\na\r\n0\r\n\r\n`,
  "a chunk size with a prefix": `${post("Transfer-Encoding: chunked")}0x1\r\na\r\n0\r\n\r\n`,
  "a chunk that is longer than it says": `${post("Transfer-Encoding: chunked")}1\r\nabc\r\n0\r\n\r\n`,
  "a chunk that ends in a line feed": `${post("Transfer-Encoding: chunked")}1\na\n0\n\n`,
  "a null in a header": post("X-A: b\0c", "Content-Length: 0"),
  "no host": lines("GET /v1/sys/health HTTP/1.1"),
  "two hosts": lines("GET /v1/sys/health HTTP/1.1", "Host: a", "Host: b"),
  "an unknown version": lines("GET /v1/sys/health HTTP/3.7", "Host: x"),
}

for (const [what, bytes] of Object.entries(DOUBTFUL)) {
  attack(house, "A14", `${what}: refused, and nothing behind it is answered`, async () => {
    const answers = await house.raw(bytes + SMUGGLED, 200)
    assert.ok(answers.length <= 1, JSON.stringify(answers))
    for (const { status } of answers) assert.equal(status, 400)
  })
}

attack(house, "A14", "the verbs that Node does not know are no way around", async () => {
  for (const verb of ["LIST", "SCAN"]) {
    for (const [what, bytes] of Object.entries(DOUBTFUL)) {
      const answers = await house.raw(bytes.replace(/^(POST|GET)/, verb) + SMUGGLED, 150)
      assert.ok(answers.length <= 1, `${verb}, ${what}: ${JSON.stringify(answers)}`)
      for (const { status } of answers) assert.ok(status === 400 || status === 404, `${verb}, ${what}: ${status}`)
    }
    // A body makes no request of its own, and one that is cut in two pieces is still one.
    const list = `${verb} /v1/secret/metadata/a HTTP/1.1\r\nHost: x\r\nX-Vault-Token: ${house.root}\r\n`
    const inside = await house.raw(
      `${list}Content-Length: ${SMUGGLED.length}\r\nConnection: close\r\n\r\n${SMUGGLED}`,
      200,
    )
    assert.equal(inside.length, 1)
    const pieces = [...`${list}Connection: close\r\n\r\n`].map(one => Buffer.from(one, "latin1"))
    const [whole] = await house.raw(
      [Buffer.concat(pieces.slice(0, 3)), Buffer.concat(pieces.slice(3, 20)), Buffer.concat(pieces.slice(20))],
      300,
    )
    assert.ok(whole === undefined || [200, 400, 404].includes(whole.status), JSON.stringify(whole))
  }
})

attack(house, "A14", "endless chunk extensions are cut off", async () => {
  const head = Buffer.from(post("Transfer-Encoding: chunked"))
  const extension = Buffer.concat([Buffer.from("1;"), Buffer.alloc(200_000, "x")])
  const answers = await house.raw([head, extension, Buffer.alloc(200_000, "x")], 300)
  assert.ok(answers.length <= 1)
  for (const { status } of answers) assert.ok(status === 400 || status === 413, String(status))
})

attack(house, "A16", "a token is said once, and is one", async () => {
  const raw = (...headers: string[]) =>
    house.raw(lines("GET /v1/auth/token/lookup-self HTTP/1.1", "Host: x", "Connection: close", ...headers))
  const other = await house.token(onlyA)
  const bad = [
    [`X-Vault-Token: ${"x".repeat(9000)}`],
    [`X-Vault-Token: ${house.root}`, `X-Vault-Token: ${other}`],
    [`X-Vault-Token: ${house.root}`, `Authorization: Bearer ${other}`],
    [`Authorization: Bearer ${house.root}`, `Authorization: Bearer ${other}`],
    [`X-Vault-Token: ${house.root}\x7f`],
    [`X-Vault-Token: ${house.root}\x01`],
    [`X-Vault-Token: a b`],
    [`X-Vault-Token: t\xe9`],
  ]
  for (const headers of bad) {
    const answers = await raw(...headers)
    assert.equal(answers.length, 1)
    assert.equal(answers[0]?.status, 400, headers.join())
  }
  const [same] = await raw(`X-Vault-Token: ${house.root}`, `Authorization: Bearer ${house.root}`)
  assert.equal(same?.status, 200)
})

attack(house, "A19", "a certificate in a header is nobody's certificate", async () => {
  const headers = {
    "X-Forwarded-Client-Cert": "Hash=ab;Cert=cd",
    "ssl-client-cert": "pem",
    "X-Forwarded-For": "10.9.9.9",
  }
  const answer = await house.ask({ path: "auth/token/lookup-self", headers })
  assert.equal(answer.status, 200)
  await house.must({ method: "PUT", path: "auth/token/roles/far", body: { token_bound_cidrs: ["10.9.9.9/32"] } })
  const far = await house.must({ method: "PUT", path: "auth/token/create/far", body: { policies: ["default"] } })
  const token = String(far.client_token)
  assert.equal((await house.ask({ path: "auth/token/lookup-self", token, headers })).status, 403)
})

attack(house, "A20", "no reply quotes the host that the request made up", async () => {
  for (const path of ["/", "/ui", "/ui/", "/v1/sys/leader", "/v1/sys/health", "/v2/x", "/v1"]) {
    const answers = await house.raw(lines(`GET ${path} HTTP/1.1`, "Host: evil.example", "Connection: close"))
    for (const { text, headers } of answers) {
      assert.ok(!text.includes("evil.example"), text)
      assert.ok(!(headers.get("location") ?? "").includes("evil.example"))
    }
  }
})

attack(house, "A22", "lists are bounded by the policy, and nonsense in the query is refused", async () => {
  for (const name of ["p1", "p2", "p3", "p4"]) await put(`kv1/page/${name}`, { a: 1 })
  const token = await house.token('path "kv1/page/" { capabilities = ["list"] pagination_limit = 2 }')
  const keys = (json: unknown) => fields(fields(json).data).keys
  await house.refused(async () => [
    await get("kv1/page/?list=bogus"),
    await get("kv1/page/?list=true&scan=true"),
    await get("kv1/page/?list=true&limit=x"),
    await get("kv1/page/?list=true&limit=-1", token),
  ])
  for (const query of ["", "&limit=0", "&limit=1000"]) {
    const answer = await get(`kv1/page/?list=true${query}`, token)
    assert.ok(
      answer.status === 403 || (Array.isArray(keys(answer.json)) && (keys(answer.json) as unknown[]).length <= 2),
      answer.text,
    )
  }
  const posted = await put("kv1/page2?list=true", { a: 1 }, token)
  assert.equal(posted.status, 403)
})

attack(house, "A17", "an engine never sees the server's token, whatever headers it was given", async () => {
  await house.must({
    method: "POST",
    path: "sys/mounts/kv1/tune",
    body: { passthrough_request_headers: ["Authorization", "X-Vault-Token"] },
  })
  const answer = await house.ask({ path: "kv1/page/p1", token: "", headers: { Authorization: `Bearer ${house.root}` } })
  assert.equal(answer.status, 200)
  assert.ok(!answer.text.includes(house.root))
})

attack(house, "A26", "keys that collide cost no more than others", async () => {
  const keys = Array.from({ length: 60_000 }, (_, at) => String(at * 65_536))
  const body = `{${keys.map(key => `"${key}":1`).join(",")}}`
  assert.equal((await put("secret/data/x", body, "")).status, 403)
  const query = keys
    .slice(0, 200)
    .map(key => `${key}=1`)
    .join("&")
  assert.equal((await get(`secret/data/x?${query}`, "")).status, 403)
  assert.equal((await get(`secret/data/x?${query}&${query}`, "")).status, 400)
})

memoryStaysBounded(house)

test("every connection of this file has been answered or closed", async () => {
  assert.equal((await get("sys/health")).status, 200)
})
