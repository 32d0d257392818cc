/** Attack class 1.8, as far as the engines exist: key/value and the tools. */

import assert from "node:assert/strict"
import { fields } from "../parts/arca.ts"
import { attack, memoryStaysBounded, openHouse } from "./house.ts"

const house = await openHouse()
const put = (path: string, body: unknown, token?: string) =>
  house.ask({ method: "PUT", path, body, ...(token === undefined ? {} : { token }) })
const keysOf = (json: unknown): unknown => fields(fields(json).data).keys

attack(house, "H01", "of a hundred that replace the same version one does, and no version is left out", async () => {
  await put("secret/metadata/cas", { max_versions: 1000 })
  for (let cas = 0; cas < 5; cas++) {
    const asks = Array.from({ length: 100 }, (_, nth) => ({
      method: "PUT",
      path: "secret/data/cas",
      body: { options: { cas }, data: { nth } },
    }))
    const answers = await house.together(asks)
    assert.equal(answers.filter(one => one.status === 200).length, 1)
    assert.ok(answers.every(one => one.status === 200 || one.status === 400))
  }
  const meta = await house.must({ path: "secret/metadata/cas" })
  assert.deepEqual(Object.keys(fields(meta.versions)), ["1", "2", "3", "4", "5"])
})

attack(house, "H01", "writes without a condition all count, densely", async () => {
  await put("secret/metadata/dense", { max_versions: 1000 })
  const asks = Array.from({ length: 60 }, (_, nth) => ({
    method: "PUT",
    path: "secret/data/dense",
    body: { data: { nth } },
  }))
  const versions = (await house.together(asks)).map(one => fields(fields(one.json).data).version)
  assert.deepEqual(
    versions.sort((a, b) => Number(a) - Number(b)),
    Array.from({ length: 60 }, (_, nth) => nth + 1),
  )
})

attack(house, "H03", "a malformed payload is refused without a word of what was in it", async () => {
  const value = house.canary()
  const text = JSON.stringify(value)
  const bodies = [
    `{"data":${text}}`,
    `{"data":[${text}]}`,
    `{"data":{"a":${text}}`,
    `{"data":{"a":${text},}}`,
    `{"data":{"a":${text} "b"}}`,
    `{"data":{"a":${text.slice(0, -1)}`,
    `{"options":{"cas":${text}},"data":{"a":1}}`,
    `{"options":${text},"data":{"a":1}}`,
    `${text}`,
    `[${text}]`,
    `{"dat":{"a":${text}}}`,
    `{"data":{"a":${text}}} trailing`,
    `{"data":{${text}:1 2}}`,
  ]
  const answers = await house.refused(async () => {
    const all = []
    for (const body of bodies) all.push(await put("secret/data/h03", body))
    for (const body of bodies)
      all.push(
        await house.ask({
          method: "PATCH",
          path: "secret/data/h03",
          body,
          headers: { "Content-Type": "application/merge-patch+json" },
        }),
      )
    for (const body of [
      `{"custom_metadata":{"k":[${text}]}}`,
      `{"custom_metadata":${text}}`,
      `{"max_versions":${text}}`,
      `{"cas_required":${text}}`,
      `{"delete_version_after":${text}}`,
    ])
      all.push(await put("secret/metadata/h03", body))
    return all
  })
  for (const { text: said } of answers) assert.ok(!said.includes(value.slice(8, -1)), said)
})

attack(house, "H04", "a list names the children of its folder and no others", async () => {
  for (const name of ["ab/c", "a/x", "a/y/z", "a"]) await put(`kv1/l/${name}`, { v: 1 })
  const list = async (path: string, how = "LIST") => (await house.ask({ method: how, path })).json
  assert.deepEqual(keysOf(await list("kv1/l")), ["a", "a/", "ab/"])
  assert.deepEqual(keysOf(await list("kv1/l/")), ["a", "a/", "ab/"])
  assert.deepEqual(keysOf(await list("kv1/l/a")), ["x", "y/"])
  assert.deepEqual(keysOf(await list("kv1/l/a/")), ["x", "y/"])
  assert.equal((await house.ask({ method: "LIST", path: "kv1/l/b" })).status, 404)
  await house.refused(async () => [
    await house.ask({ method: "LIST", path: "kv1/l/%2e%2e/" }),
    await house.ask({ method: "LIST", path: "kv1/../secret/" }),
    await house.ask({ path: "kv1/l/a/../?list=true" }),
  ])
  const token = await house.token('path "kv1/l/a/" { capabilities = ["list"] }')
  assert.equal((await house.ask({ method: "LIST", path: "kv1/l/a", token })).status, 200)
  for (const path of ["kv1/l", "kv1/l/ab", "kv1/l/a/y"])
    assert.equal((await house.ask({ method: "LIST", path, token })).status, 403, path)
})

attack(house, "H16", "nobody draws more chance than anyone needs", async () => {
  await house.refused(async () => {
    const answers = []
    for (const count of ["1000000000", "-1", "0", "1e9", "abc", "9007199254740993", "131073"]) {
      answers.push(await put(`sys/tools/random/${count}`, {}))
      answers.push(await put("sys/tools/random", `{"bytes":"${count}"}`))
    }
    answers.push(await put("sys/tools/random/32", { format: "rot13" }))
    answers.push(await put("sys/tools/hash", { input: "not base64!" }))
    answers.push(await put("sys/tools/hash/md5", { input: "YQ==" }))
    return answers
  })
})

attack(house, "K07", "metadata has bounds, and versions beyond the limit go", async () => {
  const many = Object.fromEntries(Array.from({ length: 65 }, (_, at) => [`k${at}`, "v"]))
  await house.refused(async () => [
    await put("secret/metadata/k07", { custom_metadata: many }),
    await put("secret/metadata/k07", { custom_metadata: { k: "v".repeat(513) } }),
    await put("secret/metadata/k07", { custom_metadata: { ["k".repeat(129)]: "v" } }),
    await put("secret/metadata/k07", { custom_metadata: { k: "a\u0000b" } }),
    await put("secret/metadata/k07", { max_versions: -1 }),
    await put("secret/metadata/k07", { max_versions: "1e99" }),
  ])
  await put("secret/metadata/k07", { max_versions: 3 })
  for (let nth = 0; nth < 8; nth++) await put("secret/data/k07", { data: { nth } })
  const meta = await house.must({ path: "secret/metadata/k07" })
  assert.deepEqual(Object.keys(fields(meta.versions)), ["6", "7", "8"])
  assert.equal((await house.ask({ path: "secret/data/k07?version=5" })).status, 404)
})

attack(house, "A04", "a name that no store can keep is refused, with a sentence", async () => {
  const long = "x".repeat(2000)
  const answers = await house.refused(async () => [
    await put(`secret/data/${long}`, { data: { a: 1 } }),
    await put(`kv1/${long}`, { a: 1 }),
    await house.ask({ path: `kv1/${long}` }),
    await put(`sys/policies/acl/${long}`, { policy: 'path "x" { capabilities = ["read"] }' }),
    await put(`auth/token/roles/${long}`, {}),
  ])
  for (const { status } of answers) assert.equal(status, 400)
})

memoryStaysBounded(house)
