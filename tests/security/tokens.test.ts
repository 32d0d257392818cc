/** Attack class 1.3: tokens, leases, wrapping. */

import assert from "node:assert/strict"
import { generateKeyPairSync, randomBytes, sign } from "node:crypto"
import { test } from "node:test"
import { field, leaseKind, route } from "@arca/api"
import type { AnyEngine } from "../../server/server.ts"
import { testServer } from "../../server/testing.ts"
import { fields } from "../parts/arca.ts"
import { attack, memoryStaysBounded, openHouse } from "./house.ts"

const house = await openHouse()
const put = (path: string, body: unknown, token?: string) =>
  house.ask({ method: "PUT", path, body, ...(token === undefined ? {} : { token }) })
const create = async (body: Record<string, unknown>, token?: string) =>
  house.must({ method: "PUT", path: "auth/token/create", body, ...(token === undefined ? {} : { token }) })
const CREATE = 'path "auth/token/create" { capabilities = ["create", "update"] }'

attack(house, "C02", "orphans, chosen ids and periods need sudo", async () => {
  // Its own path is what guards create-orphan, as in Vault: the capability on auth/token/create does not reach it.
  const token = await house.token(CREATE)
  const { policies } = await house.must({ path: "auth/token/lookup-self", token })
  const answers = await house.refused(async () => [
    await put("auth/token/create", { policies, no_parent: true }, token),
    await put("auth/token/create", { policies, id: "chosen" }, token),
    await put("auth/token/create", { policies, period: "1h" }, token),
    await put("auth/token/create-orphan", { policies }, token),
    await put("auth/token/create", { policies, id: "hvs.forged" }),
    await put("auth/token/create", { policies, id: "a b" }),
    await put("auth/token/create", { policies, id: house.root }),
  ])
  for (const { status } of answers) assert.ok(status === 400 || status === 403)
})

attack(house, "C03", "nobody but root makes a root token, whatever way the name is written", async () => {
  const token = await house.token(`${CREATE} path "auth/token/create/*" { capabilities = ["update"] }`)
  await put("auth/token/roles/any", { allowed_policies_glob: ["*"], orphan: true })
  await put("auth/token/roles/listed", { allowed_policies: ["root", "ROOT"] })
  await house.refused(async () => {
    const answers = []
    for (const name of ["root", "ROOT", " root", "root ", "RoOt", "\troot"]) {
      answers.push(await put("auth/token/create", { policies: [name] }, token))
      answers.push(await put("auth/token/create", { policies: name }, token))
      answers.push(await put("auth/token/create/any", { policies: [name] }, token))
      answers.push(await put("auth/token/create/listed", { policies: [name] }, token))
      answers.push(await put("auth/token/create/any", { policies: [name] }))
    }
    answers.push(await put("auth/token/create", { policies: "default,root" }, token))
    return answers
  })
  const comma = await put("auth/token/create/any", { policies: ["default,root"] }, token)
  assert.ok(!(fields(fields(comma.json).auth).policies as string[]).includes("root"))
  const { client_token: child } = await create({}, token)
  const own = await house.must({ path: "auth/token/lookup-self", token: String(child) })
  assert.ok(!JSON.stringify(own.policies).includes("root"))
})

attack(house, "C05", "a token with one use lets one of fifty requests through", async () => {
  await put("secret/data/once", { data: { a: 1 } })
  const { client_token: token } = await create({ policies: ["default"], num_uses: 1 })
  const path = "auth/token/lookup-self"
  const answers = await house.together(Array.from({ length: 50 }, () => ({ path, token: String(token) })))
  assert.equal(answers.filter(one => one.status === 200).length, 1)
  assert.equal(answers.filter(one => one.status === 403).length, 49)
  const five = String((await create({ policies: ["default"], num_uses: 5 })).client_token)
  const more = await house.together(Array.from({ length: 50 }, () => ({ path, token: five })))
  assert.equal(more.filter(one => one.status === 200).length, 5)
})

attack(house, "C06", "after a revocation is answered no request of the token is", async () => {
  for (let round = 0; round < 5; round++) {
    const { client_token: token, accessor } = await create({ policies: ["default"] })
    let over = false
    const late: number[] = []
    const client = async () => {
      for (let nth = 0; nth < 10; nth++) {
        const startedAfter = over
        const { status } = await house.ask({ path: "auth/token/lookup-self", token: String(token) })
        if (startedAfter) late.push(status)
      }
    }
    const clients = Array.from({ length: 5 }, client)
    await house.must({ method: "PUT", path: "auth/token/revoke-accessor", body: { accessor } })
    over = true
    await Promise.all(clients)
    late.push((await house.ask({ path: "auth/token/lookup-self", token: String(token) })).status)
    assert.ok(
      late.every(status => status === 403),
      late.join(),
    )
  }
})

attack(house, "C06", "a revoked parent takes its children along, also those that were being made", async () => {
  const parent = await create({ policies: ["root"] })
  const token = String(parent.client_token)
  const make = { method: "PUT", path: "auth/token/create", token, body: { policies: ["default"] } }
  const asks = [...Array.from({ length: 10 }, () => make), { method: "PUT", path: "auth/token/revoke-self", token }]
  const answers = await house.together([...asks, ...Array.from({ length: 10 }, () => make)])
  for (const answer of answers) {
    const child = fields(fields(answer.json).auth).client_token
    if (child === undefined) continue
    assert.equal((await house.ask({ path: "auth/token/lookup-self", token: String(child) })).status, 403)
  }
})

attack(house, "C11", "an accessor is of no use in another namespace", async () => {
  await put("sys/namespaces/one", {})
  await put("sys/namespaces/two", {})
  const admin = async (namespace: string) => {
    await house.ask({
      method: "PUT",
      path: "sys/policies/acl/admin",
      namespace,
      body: { policy: 'path "*" { capabilities = ["create", "read", "update", "delete", "list", "sudo"] }' },
    })
    return house.must({
      method: "PUT",
      path: "auth/token/create",
      namespace,
      body: { policies: ["admin"], no_parent: true },
    })
  }
  const [one, two] = [await admin("one"), await admin("two")]
  await house.refused(async () => {
    const answers = []
    for (const verb of ["lookup-accessor", "renew-accessor"]) {
      for (const namespace of ["one", "two", ""]) {
        if (namespace === "two") continue
        const body = { accessor: two.accessor }
        answers.push(
          await house.ask({
            method: "PUT",
            path: `auth/token/${verb}`,
            namespace,
            token: String(one.client_token),
            body,
          }),
        )
      }
      answers.push(
        await house.ask({
          method: "PUT",
          path: `auth/token/${verb.replace("-accessor", "")}`,
          namespace: "one",
          token: String(one.client_token),
          body: { token: two.client_token },
        }),
      )
    }
    return answers
  })
  for (const path of ["auth/token/revoke-accessor", "auth/token/revoke"]) {
    const body = { accessor: two.accessor, token: two.client_token }
    await house.ask({ method: "PUT", path, namespace: "one", token: String(one.client_token), body })
    await house.ask({ method: "PUT", path, namespace: "two", token: String(one.client_token), body })
  }
  const alive = await house.ask({ path: "auth/token/lookup-self", namespace: "two", token: String(two.client_token) })
  assert.equal(alive.status, 200)
})

attack(house, "C17", "what the server asks its engines among itself is no request", async () => {
  for (const verb of [
    "RENEW",
    "REVOKE",
    "ROLLBACK",
    "ALIAS-LOOKAHEAD",
    "HELP",
    "CREATE",
    "UPDATE",
    "LINK",
    "LOCK",
    "TRACE",
    "OPTIONS",
  ]) {
    const answers = await house.raw(
      `${verb} /v1/secret/data/x HTTP/1.1\r\nHost: x\r\nX-Vault-Token: ${house.root}\r\nConnection: close\r\n\r\n`,
    )
    for (const { status } of answers) assert.ok(status >= 400 && status < 500, `${verb}: ${status}`)
  }
  for (const query of ["operation=renew", "op=revoke", "_method=DELETE"]) {
    await house.ask({ path: `secret/data/x?${query}` })
  }
  const override = { "X-HTTP-Method-Override": "DELETE", "X-Vault-Operation": "revoke" }
  await put("secret/data/kept", { data: { a: 1 } })
  assert.equal((await house.ask({ path: "secret/data/kept", headers: override })).status, 200)
  assert.equal((await house.ask({ path: "secret/data/kept" })).status, 200)
})

const wrapping = async (format?: "jwt"): Promise<string> => {
  const headers = { "X-Vault-Wrap-TTL": "60s", ...(format === undefined ? {} : { "X-Vault-Wrap-Format": format }) }
  const answer = await house.ask({ method: "PUT", path: "sys/wrapping/wrap", headers, body: { value: house.canary() } })
  return String(fields(fields(answer.json).wrap_info).token)
}

for (const [how, ask] of [
  ["in the body", (token: string) => ({ method: "PUT", path: "sys/wrapping/unwrap", body: { token } })],
  ["as the caller's own", (token: string) => ({ method: "PUT", path: "sys/wrapping/unwrap", token })],
  ["as the caller's own, from the cubbyhole", (token: string) => ({ path: "cubbyhole/response", token })],
  ["rewrapped", (token: string) => ({ method: "PUT", path: "sys/wrapping/rewrap", body: { token } })],
] as const) {
  attack(house, "C18", `fifty at once unwrap one token, given ${how}: one gets it`, async () => {
    for (let round = 0; round < 3; round++) {
      const token = await wrapping()
      const answers = await house.together(Array.from({ length: 50 }, () => ask(token)))
      assert.equal(answers.filter(one => one.status === 200).length, 1, answers.map(one => one.status).join())
      const again = await house.ask(ask(token))
      assert.ok(again.status === 400 || again.status === 403, again.text)
      if (again.status === 400) assert.match(again.text, /wrapping token is not valid or does not exist/)
    }
  })
}

attack(house, "C18", "who has no token, or may not, opens nothing with a wrapping token in the body", async () => {
  const body = { token: await wrapping() }
  const denied = String((await create({ policies: ["none"], no_default_policy: true })).client_token)
  for (const token of ["", "hvs.nobody", denied]) {
    for (const act of ["unwrap", "rewrap"]) {
      assert.equal((await house.ask({ method: "PUT", path: `sys/wrapping/${act}`, token, body })).status, 403)
    }
  }
  assert.equal((await put("sys/wrapping/unwrap", body)).status, 200)
})

attack(house, "C20", "a wrapping token in JWT form cannot be edited", async () => {
  const jwt = await wrapping("jwt")
  const [head = "", body = "", signature = ""] = jwt.split(".")
  const claims = JSON.parse(Buffer.from(body, "base64url").toString()) as Record<string, unknown>
  const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url")
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-521" })
  const edited = encode({ ...claims, addr: "https://evil.example" })
  const resigned = sign("sha512", Buffer.from(`${head}.${edited}`), { key: privateKey, dsaEncoding: "ieee-p1363" })
  const none = encode({ alg: "none", typ: "JWT" })
  const forged = [
    `${head}.${edited}.${signature}`,
    `${none}.${body}.`,
    `${none}.${edited}.${signature}`,
    `${encode({ alg: "HS256", typ: "JWT" })}.${body}.${signature}`,
    `${head}.${edited}.${resigned.toString("base64url")}`,
    `${head}.${body}.`,
    `${head}.${body}`,
    `${head}.${body}.${signature.slice(0, -4)}`,
    `${jwt}.x`,
    "eyJ.eyJ.eyJ",
  ]
  await house.refused(async () => {
    const answers = []
    for (const token of forged) {
      answers.push(await put("sys/wrapping/unwrap", { token }))
      answers.push(await put("sys/wrapping/lookup", { token }))
    }
    return answers
  })
  assert.equal((await put("sys/wrapping/unwrap", { token: jwt })).status, 200)
})

attack(house, "C21", "what is nearly a token is none", async () => {
  const { client_token: text } = await create({ policies: ["default"] })
  const token = String(text)
  const batch = String((await create({ policies: ["default"], type: "batch" })).client_token)
  const flipped = `${batch.slice(0, -3)}${batch.at(-3) === "A" ? "B" : "A"}${batch.slice(-2)}`
  const near = [
    token.slice(0, -1),
    `${token}x`,
    token.slice(4),
    token.toLowerCase(),
    `s.${token.slice(4)}`,
    token.replace("hvs.", "hvb."),
  ]
  const batches = [
    flipped,
    batch.slice(0, -1),
    `${batch}A`,
    `${batch}=`,
    batch.replace("hvb.", "hvs."),
    `${batch}.root`,
    `${batch}.abcdef`,
  ]
  const made = Array.from({ length: 200 }, () => `hvs.${randomBytes(18).toString("base64url")}`)
  await house.refused(async () => {
    const answers = []
    for (const one of [...near, ...batches, ...made])
      answers.push(await house.ask({ path: "auth/token/lookup-self", token: one }))
    for (const { status } of answers) assert.equal(status, 403)
    return answers
  })
  assert.equal((await house.ask({ path: "auth/token/lookup-self", token: batch })).status, 200)
})

memoryStaysBounded(house)

// What follows needs a clock in the test's hand.

test("C08: a renewal never takes a token beyond its longest life, however late or often", async () => {
  for (const body of [{ ttl: "1h", explicit_max_ttl: "2h" }, { ttl: "1h" }]) {
    const vault = await testServer()
    const { auth } = await vault.write("auth/token/create", { policies: ["default"], ...body })
    const token = String(auth.client_token)
    const longest = "explicit_max_ttl" in body ? 2 * 3600 : 768 * 3600
    const issued = vault.clock.now()
    for (let nth = 0; nth < 100; nth++) {
      await vault.write("auth/token/renew-self", { increment: "9999h" }, { token })
      const { data } = await vault.read("auth/token/lookup-self", { token })
      if (data.ttl === undefined) break
      assert.ok(Number(data.ttl) > 0 && vault.clock.now() + Number(data.ttl) <= issued + longest + 1)
      assert.notEqual(data.expire_time, null)
      vault.clock.advance(`${Math.max(1, Math.floor(Number(data.ttl) / 2))}s`)
    }
    vault.clock.advance(`${longest}s`)
    assert.equal((await vault.write("auth/token/renew-self", {}, { token })).status, 403)
  }
})

/** An engine that leases a name. */
function leasing(): AnyEngine {
  const kind = leaseKind<{ name: string }>({ name: "name", revoke: async () => {}, renew: async () => {} })
  return {
    kind: "secret",
    type: "leasing",
    summary: "Leases a name.",
    leases: [kind],
    routes: [
      route("creds/:name", {
        summary: "A lease.",
        fields: { name: field.name("The name.") },
        read: async ({ name }, ctx) => ({ data: { name }, lease: (await ctx.prepare(kind, { name })).until(3600, 0) }),
      }),
    ],
  }
}

test("C09: what a batch token leases ends with the batch token", async () => {
  const vault = await testServer({ engines: [leasing()] })
  await vault.write("sys/mounts/l", { type: "leasing" })
  await vault.policy("l", 'path "l/*" { capabilities = ["read"] } path "sys/leases/*" { capabilities = ["update"] }')
  const { auth } = await vault.write("auth/token/create", { policies: ["l"], type: "batch", ttl: "10m" })
  const token = String(auth.client_token)
  const lease = await vault.read("l/creds/a", { token })
  assert.ok(Number(lease.body.lease_duration) <= 600, JSON.stringify(lease.body))
  const renewed = await vault.write(
    "sys/leases/renew",
    { lease_id: lease.body.lease_id as string, increment: "5h" },
    { token },
  )
  assert.ok(renewed.status >= 400 || Number(renewed.body.lease_duration) <= 600, JSON.stringify(renewed.body))
  vault.clock.advance("11m")
  await vault.runJobs()
  assert.equal((await vault.write("sys/leases/lookup", { lease_id: lease.body.lease_id as string })).status, 400)
})

test("C12: a lease of another namespace can be neither renewed nor revoked, by no door", async () => {
  const vault = await testServer({ engines: [leasing()] })
  for (const name of ["one", "two"]) {
    await vault.write(`sys/namespaces/${name}`, {})
    await vault.write("sys/mounts/l", { type: "leasing" }, { namespace: name })
    await vault.write(
      "sys/policies/acl/all",
      { policy: 'path "*" { capabilities = ["create","read","update","delete","list","sudo"] }' },
      { namespace: name },
    )
  }
  const token = async (namespace: string) =>
    String(
      (await vault.write("auth/token/create", { policies: ["all"], no_parent: true }, { namespace })).auth.client_token,
    )
  const [one, two] = [await token("one"), await token("two")]
  const { body } = await vault.read("l/creds/a", { namespace: "two", token: two })
  const id = String(body.lease_id)
  for (const namespace of ["one", "two", ""]) {
    for (const door of ["sys/leases/renew", "sys/leases/revoke", "sys/renew", "sys/revoke", "sys/leases/lookup"]) {
      for (const [path, input] of [
        [door, { lease_id: id }],
        [`${door}/${id}`, {}],
      ] as const) {
        const { status } = await vault.write(path, input, { namespace, token: one })
        assert.ok(status >= 400 || (namespace === "one" && status === 204), `${namespace} ${path}: ${status}`)
      }
    }
    for (const door of ["sys/leases/revoke-prefix/l", "sys/leases/revoke-force/l"]) {
      await vault.write(door, {}, { namespace: namespace === "one" ? "one" : "two", token: one })
    }
  }
  assert.equal((await vault.write("sys/leases/lookup", { lease_id: id }, { namespace: "two", token: two })).status, 200)
})

test("C15: a renewal asks whether the login would still succeed, and with the same rights", async () => {
  const vault = await testServer()
  await vault.write("sys/auth/userpass", { type: "userpass" })
  await vault.write("sys/auth/approle", { type: "approle" })
  const user = async () => {
    await vault.write("auth/userpass/users/eve", { password: "p", token_policies: ["default"], token_ttl: "1h" })
    return String((await vault.write("auth/userpass/login/eve", { password: "p" })).auth.client_token)
  }
  const renew = async (token: string) => (await vault.write("auth/token/renew-self", {}, { token })).status
  const deleted = await user()
  assert.equal(await renew(deleted), 200)
  await vault.delete("auth/userpass/users/eve")
  assert.equal(await renew(deleted), 400)
  const changed = await user()
  await vault.write("auth/userpass/users/eve", { token_policies: ["default", "more"] })
  assert.equal(await renew(changed), 400)
  await vault.write("auth/approle/role/app", { token_policies: ["default"], token_ttl: "1h" })
  const { data: role } = await vault.read("auth/approle/role/app/role-id")
  const { data: secret } = await vault.write("auth/approle/role/app/secret-id", {})
  const login = { role_id: role.role_id as string, secret_id: secret.secret_id as string }
  const machine = String((await vault.write("auth/approle/login", login)).auth.client_token)
  assert.equal(await renew(machine), 200)
  await vault.delete("auth/approle/role/app")
  assert.equal(await renew(machine), 400)
  const gone = await user()
  await vault.delete("sys/auth/userpass")
  assert.ok((await renew(gone)) >= 400)
})

test("C23: a clock that jumps extends nothing for good, and ends nothing before its time", async () => {
  const vault = await testServer()
  const short = await vault.token(["default"], { ttl: "30m" })
  const long = await vault.token(["default"], { ttl: "10h" })
  const alive = async (token: string) => (await vault.read("auth/token/lookup-self", { token })).status === 200
  vault.clock.advance("-1h")
  await vault.runJobs()
  assert.deepEqual([await alive(short), await alive(long)], [true, true])
  const { data } = await vault.read("auth/token/lookup-self", { token: short })
  assert.ok(Number(data.ttl) <= 30 * 60 + 3600, "as long as the clock is wrong, no longer")
  vault.clock.advance("1h")
  vault.clock.advance("31m")
  await vault.runJobs()
  assert.deepEqual([await alive(short), await alive(long)], [false, true])
})
