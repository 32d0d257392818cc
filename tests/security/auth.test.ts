/** Attack class 1.5, for the methods there are: userpass and approle. */

import assert from "node:assert/strict"
import { test } from "node:test"
import { testServer } from "../../server/testing.ts"
import { attack, memoryStaysBounded, openHouse } from "./house.ts"

const house = await openHouse()
const put = (path: string, body: unknown) => house.ask({ method: "PUT", path, body })
const login = (path: string, body: unknown) => house.ask({ method: "PUT", path, token: "", body })

attack(house, "E01", "an absent user and a wrong password are answered alike", async () => {
  await put("sys/auth/up", { type: "userpass" })
  await put("auth/up/users/alice", { password: house.canary() })
  await house
    .refused(async () => {
      const absent = await login("auth/up/login/nobody", { password: "x" })
      const wrong = await login("auth/up/login/alice", { password: "x" })
      assert.deepEqual([absent.status, absent.text], [wrong.status, wrong.text])
      assert.match(wrong.text, /invalid username or password/)
      return [
        absent,
        wrong,
        await login("auth/up/login/alice", { password: "" }),
        await login("auth/up/login/alice", {}),
      ]
    })
    .catch((error: Error) => {
      // A failed login is counted, so the store changes: that alone is no effect of the refused login.
      if (!/P3/.test(error.message)) throw error
    })
})

attack(house, "E02", "being locked out tells nobody which names exist", async () => {
  await put("sys/auth/lock", { type: "userpass" })
  await put("auth/lock/users/there", { password: "right" })
  const outcomes = async (name: string) => {
    const all = []
    for (let nth = 0; nth < 8; nth++) {
      const { status, text } = await login(`auth/lock/login/${name}`, { password: "wrong" })
      all.push([status, text])
    }
    return all
  }
  assert.deepEqual(await outcomes("there"), await outcomes("absent"))
  assert.equal(
    (await login("auth/lock/login/there", { password: "right" })).status,
    403,
    "locked, also for who knows the password",
  )
})

attack(house, "E11", "a wrong role id, a wrong secret id and both are answered alike", async () => {
  await put("sys/auth/ar", { type: "approle" })
  await put("auth/ar/role/app", { token_policies: ["default"] })
  const { role_id } = await house.must({ path: "auth/ar/role/app/role-id" })
  const { secret_id } = await house.must({ method: "PUT", path: "auth/ar/role/app/secret-id", body: {} })
  const answers = [
    await login("auth/ar/login", { role_id: "wrong", secret_id }),
    await login("auth/ar/login", { role_id, secret_id: "wrong" }),
    await login("auth/ar/login", { role_id: "wrong", secret_id: "wrong" }),
  ]
  for (const { status, text } of answers) assert.deepEqual([status, text], [400, answers[0]?.text])
  assert.match(answers[0]?.text ?? "", /invalid role or secret ID/)
  assert.equal((await login("auth/ar/login", { role_id, secret_id })).status, 200)
})

attack(house, "E13", "an accessor is of no use under another role", async () => {
  await put("sys/auth/two", { type: "approle" })
  for (const name of ["one", "other"]) await put(`auth/two/role/${name}`, { token_policies: ["default"] })
  const made = await house.must({ method: "PUT", path: "auth/two/role/one/secret-id", body: {} })
  const { role_id } = await house.must({ path: "auth/two/role/one/role-id" })
  const { role_id: other } = await house.must({ path: "auth/two/role/other/role-id" })
  await house.refused(async () => [
    await put("auth/two/role/other/secret-id-accessor/lookup", { secret_id_accessor: made.secret_id_accessor }),
    await put("auth/two/role/other/secret-id-accessor/destroy", { secret_id_accessor: made.secret_id_accessor }),
  ])
  await put("auth/two/role/other/secret-id/destroy", { secret_id: made.secret_id })
  const found = await put("auth/two/role/other/secret-id/lookup", { secret_id: made.secret_id })
  assert.ok(found.status !== 200, found.text)
  assert.equal((await login("auth/two/login", { role_id: other, secret_id: made.secret_id })).status, 400)
  assert.equal((await login("auth/two/login", { role_id, secret_id: made.secret_id })).status, 200, "untouched")
})

attack(house, "E14", "parameters of a wrong kind are refused", async () => {
  await put("sys/auth/kinds", { type: "approle" })
  await put("auth/kinds/role/app", {})
  const odd = [{}, { a: 1 }, [[1]], [{}]]
  await house.refused(async () => {
    const answers = []
    for (const value of odd) {
      answers.push(await put("auth/kinds/role/app", { secret_id_num_uses: value }))
      answers.push(await put("auth/kinds/role/app", { token_ttl: value }))
      answers.push(await put("auth/kinds/role/app/secret-id", { ttl: value }))
      answers.push(await put("auth/kinds/role/app/secret-id", { metadata: value }))
      answers.push(await login("auth/kinds/login", { role_id: value, secret_id: value }))
      answers.push(await login("auth/up/login/alice", { password: value }))
    }
    answers.push(await put("auth/kinds/role/app/secret-id", { metadata: '{"a":1}' }))
    answers.push(await put("auth/kinds/role/app/secret-id", { metadata: "[]" }))
    answers.push(await put("auth/kinds/role/app/secret-id", { cidr_list: "not a network" }))
    return answers
  })
})

attack(
  house,
  "E14",
  "networks that are none are refused where they are written, and a secret id gets no wider ones than its role",
  async () => {
    await put("sys/auth/nets", { type: "approle" })
    await put("auth/nets/role/app", { token_bound_cidrs: "10.0.0.0/24", secret_id_bound_cidrs: "10.0.0.0/24" })
    await house.refused(async () => {
      const answers = []
      for (const network of [
        "garbage",
        "10.0.0.0/33",
        "10.0.0",
        "10.0.0.256",
        "::/129",
        "10.0.0.0/-1",
        "10.0.0.0/8/8",
        "1.2.3.4/x",
        ":::",
      ]) {
        answers.push(await put("auth/token/roles/nets", { token_bound_cidrs: network }))
        answers.push(await put("auth/nets/role/new", { token_bound_cidrs: network }))
        answers.push(await put("auth/nets/role/app/secret-id", { cidr_list: [network] }))
      }
      for (const wider of ["10.0.0.0/8", "10.0.0.0/23", "0.0.0.0/0", "10.0.1.0/24", "::/0"]) {
        answers.push(await put("auth/nets/role/app/secret-id", { token_bound_cidrs: wider }))
        answers.push(await put("auth/nets/role/app/secret-id", { cidr_list: wider }))
      }
      return answers
    })
    for (const network of ["10.0.0.0/24", "10.0.0.7", "10.0.0.128/25"])
      await house.must({
        method: "PUT",
        path: "auth/nets/role/app/secret-id",
        body: { token_bound_cidrs: network, cidr_list: network },
      })
    await house.must({
      method: "PUT",
      path: "auth/token/roles/nets",
      body: { token_bound_cidrs: ["::1/128", "fe80::/10", "127.0.0.1"] },
    })
    const made = await house.must({ method: "PUT", path: "auth/token/create/nets", body: { policies: ["default"] } })
    assert.equal((await house.ask({ path: "auth/token/lookup-self", token: String(made.client_token) })).status, 200)
  },
)

attack(house, "E08", "a password of any size and script is a password, or is refused", async () => {
  await put("sys/auth/sizes", { type: "userpass" })
  await house.refused(async () => [
    await put("auth/sizes/users/a", { password: "x".repeat(5000) }),
    await put("auth/sizes/users/a", { password: "" }),
    await put("auth/sizes/users/a", {}),
    await put("auth/sizes/users/a", { password: "p", password_hash: "$2a$10$x" }),
    await put("auth/sizes/users/a", { password_hash: "plain" }),
  ])
  for (const password of ["a\\u0000b", "pässwörd", "x".repeat(100), " "]) {
    await house.must({ method: "PUT", path: "auth/sizes/users/b", body: JSON.stringify({ password }) })
    assert.equal((await login("auth/sizes/login/b", JSON.stringify({ password }))).status, 200)
    // Everything counts, also what stands behind a zero byte or the 72nd byte.
    const longer = await login("auth/sizes/login/b", JSON.stringify({ password: `${password}x` }))
    assert.equal(longer.status, 400)
  }
})

memoryStaysBounded(house)

test("E04: the right password is refused while the name is locked, and good again when that is over", async () => {
  const vault = await testServer()
  await vault.write("sys/auth/up", { type: "userpass" })
  await vault.write("auth/up/users/eve", { password: "right" })
  const attempt = async (password: string) =>
    (await vault.write("auth/up/login/eve", { password }, { token: "" })).status
  for (let nth = 0; nth < 5; nth++) assert.equal(await attempt("wrong"), 400)
  assert.equal(await attempt("right"), 403)
  vault.clock.advance("14m")
  assert.equal(await attempt("right"), 403)
  vault.clock.advance("2m")
  assert.equal(await attempt("right"), 200)
  for (let nth = 0; nth < 4; nth++) assert.equal(await attempt("wrong"), 400)
  assert.equal(await attempt("right"), 200, "a success begins the count anew")
})

test("E05: a flood of made-up names neither fills memory nor lets a locked name go", async () => {
  const vault = await testServer()
  await vault.write("sys/auth/up", { type: "userpass" })
  await vault.write("auth/up/users/eve", { password: "right" })
  const attempt = async (name: string, password: string) =>
    (await vault.write(`auth/up/login/${name}`, { password }, { token: "" })).status
  for (let nth = 0; nth < 5; nth++) await attempt("eve", "wrong")
  for (let nth = 0; nth < 400; nth++) await attempt(`made-up-${nth}`, "x")
  assert.equal(await attempt("eve", "right"), 403)
})
