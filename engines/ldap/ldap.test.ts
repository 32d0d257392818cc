/** The engine against a real slapd. */

import assert from "node:assert/strict"
import { once } from "node:events"
import { connect, createServer } from "node:net"
import { after, before, test } from "node:test"
import { type TestServer, testServer } from "@arca/server/testing"
import { Client } from "ldapts"
import { type DirectoryServer, MANAGER, MANAGER_PASSWORD, missing, SUFFIX, start } from "../../tests/parts/slapd.ts"

const skip = missing() ?? false
const PEOPLE = `ou=people,${SUFFIX}`

let directory: DirectoryServer
before(async () => {
  if (skip === false) directory = await start()
})
after(async () => directory?.stop())

/** Whether someone may enter with a password. */
async function enters(dn: string, password: unknown): Promise<boolean> {
  const client = new Client({ url: directory.url })
  return await client
    .bind(dn, String(password))
    .then(
      () => true,
      () => false,
    )
    .finally(() => client.unbind())
}

async function search(filter: string, ...attributes: string[]) {
  const client = new Client({ url: directory.url })
  await client.bind(MANAGER, MANAGER_PASSWORD)
  const options = { filter, attributes, explicitBufferAttributes: ["unicodePwd"] }
  const { searchEntries } = await client.search(SUFFIX, options).finally(() => client.unbind())
  return searchEntries
}

async function withLdap(config: Record<string, string | boolean | number> = {}): Promise<TestServer> {
  const vault = await testServer()
  await vault.write("sys/mounts/ldap", { type: "ldap" })
  const given = { url: directory.url, binddn: MANAGER, bindpass: MANAGER_PASSWORD, userdn: PEOPLE, ...config }
  const written = await vault.write("ldap/config", given)
  assert.deepEqual([written.status, written.errors], [204, []])
  return vault
}

const alice = `cn=alice,${PEOPLE}`

test("a static role's password changes when it is written, when it is asked for, and by its plan", {
  skip,
}, async () => {
  const vault = await withLdap()
  const role = { username: "alice", dn: alice, rotation_period: "24h" }
  assert.deepEqual((await vault.write("ldap/static-role/team/app", role)).errors, [])
  const first = (await vault.read("ldap/static-cred/team/app")).data
  assert.match(String(first.password), /^[0-9A-Za-z]{64}$/)
  assert.deepEqual([first.username, first.dn, first.last_password, first.ttl], ["alice", alice, "", 86400])
  assert.deepEqual([await enters(alice, first.password), await enters(alice, "alice-first")], [true, false])
  assert.equal((await vault.write("ldap/rotate-role/team/app")).status, 204)
  const second = (await vault.read("ldap/static-cred/team/app")).data
  assert.equal(second.last_password, first.password)
  assert.deepEqual([await enters(alice, second.password), await enters(alice, first.password)], [true, false])
  vault.clock.advance("24h")
  await vault.runJobs()
  const third = (await vault.read("ldap/static-cred/team/app")).data
  assert.equal(third.last_password, second.password)
  assert.ok(await enters(alice, third.password))
  assert.deepEqual((await vault.list("ldap/static-role")).data.keys, ["team/"])
  assert.deepEqual((await vault.list("ldap/static-role/team")).data.keys, ["app"])
  assert.deepEqual((await vault.read("ldap/static-role/team/app")).data.rotation_period, 86400)
})

test("an account is found by its name, whatever stands in it, and must be one", { skip }, async () => {
  const vault = await withLdap()
  const strange = { username: "star*(", rotation_period: 60, dn: "" }
  assert.deepEqual((await vault.write("ldap/static-role/strange", strange)).errors, [])
  const { data } = await vault.read("ldap/static-cred/strange")
  assert.ok(await enters(`cn=star*(,${PEOPLE}`, data.password))
  for (const username of ["nobody", "*", "alice)(cn=*"]) {
    const answer = await vault.write("ldap/static-role/lost", { username, rotation_period: 60 })
    assert.equal(answer.status, 400)
    assert.match(answer.errors[0] ?? "", /^expected one matching entry, but received 0 for cn/)
  }
  assert.equal((await vault.read("ldap/static-role/lost")).status, 404)
})

test("a role may keep the password there is, and an account has one manager", { skip }, async () => {
  const vault = await withLdap()
  const role = { username: "bob", rotation_period: 60, skip_import_rotation: true }
  await vault.write("ldap/static-role/bob", role)
  assert.ok(await enters(`cn=bob,${PEOPLE}`, "bob-first"))
  const { password, last_vault_rotation } = (await vault.read("ldap/static-cred/bob")).data
  assert.deepEqual([password, last_vault_rotation], ["", "0001-01-01T00:00:00Z"])
  const twin = await vault.write("ldap/static-role/twin", { username: "BOB", rotation_period: 60 })
  assert.match(twin.errors[0] ?? "", /^"BOB" is already managed by the secrets engine/)
  const lent = await vault.write("ldap/library/set", { service_account_names: "bob" })
  assert.match(lent.errors[0] ?? "", /^"bob" is already managed by the secrets engine/)
  assert.match((await vault.write("ldap/static-role/bob", role)).errors[0] ?? "", /no effect on updates/)
  await vault.delete("ldap/static-role/bob")
  assert.equal((await vault.write("ldap/static-role/twin", { username: "bob", rotation_period: 60 })).status, 204)
})

const CREATION = `dn: cn={{.Username}},${PEOPLE}
objectClass: inetOrgPerson
cn: {{.Username}}
sn: {{.Password | sha256 | truncate 8}}
description: until {{.ExpirationTime}}
userPassword:: {{.Password | base64}}

dn: cn={{.Username}},${PEOPLE}
changetype: modify
add: title
title: {{.RoleName}}
-
replace: sn
sn: short
-`

const DELETION = `dn: cn={{.Username}},${PEOPLE}\nchangetype: delete\n`

test("a dynamic role makes an entry by LDIF, which is gone when its lease is over", { skip }, async () => {
  const vault = await withLdap()
  const role = { creation_ldif: CREATION, deletion_ldif: DELETION, default_ttl: "1h", max_ttl: "24h" }
  assert.deepEqual((await vault.write("ldap/role/app", role)).errors, [])
  const issued = await vault.read("ldap/creds/app")
  const { username, password, distinguished_names } = issued.data
  const dn = `cn=${username},${PEOPLE}`
  assert.match(String(username), /^v_root_app_[0-9A-Za-z]{10}_\d+$/)
  assert.deepEqual(distinguished_names, [dn, dn])
  assert.equal(issued.body.lease_duration, 3600)
  assert.ok(await enters(dn, password))
  const [found] = await search(`(cn=${username})`, "title", "sn", "description")
  assert.deepEqual([found?.title, found?.sn, found?.description], ["app", "short", "until 2026-01-01T01:00:00Z"])
  vault.clock.advance("61m")
  await vault.runJobs()
  assert.deepEqual(await search(`(cn=${username})`), [])
})

test("an entry that is made by halves does not stay, and one that is gone already is no failure", {
  skip,
}, async () => {
  const vault = await withLdap()
  const broken = CREATION.replace("add: title", "add: noSuchAttribute").replace("title: ", "noSuchAttribute: ")
  await vault.write("ldap/role/broken", { creation_ldif: broken, deletion_ldif: DELETION })
  const failed = await vault.read("ldap/creds/broken")
  assert.equal(failed.status, 502)
  assert.match(failed.errors[0] ?? "", /^failed to modify cn=v_root_broken_/)
  assert.deepEqual(await search("(cn=v_root_broken*)"), [])
  await vault.write("ldap/role/app", { creation_ldif: CREATION, deletion_ldif: DELETION })
  const { body, data } = await vault.read("ldap/creds/app")
  const client = new Client({ url: directory.url })
  await client.bind(MANAGER, MANAGER_PASSWORD)
  await client.del(`cn=${data.username},${PEOPLE}`)
  await client.unbind()
  assert.equal((await vault.write("sys/leases/revoke", { lease_id: body.lease_id ?? "" })).status, 204)
})

test("an entry that is there already is not touched", { skip }, async () => {
  const vault = await withLdap()
  const role = { creation_ldif: CREATION, deletion_ldif: DELETION, username_template: "alice" }
  await vault.write("ldap/role/taken", role)
  assert.match((await vault.read("ldap/creds/taken")).errors[0] ?? "", /cn=alice,.* is there already/)
  vault.clock.advance("1h")
  await vault.runJobs()
  assert.equal((await search("(cn=alice)")).length, 1)
})

test("a name that is filled in cannot leave its place in a distinguished name or a line", { skip }, async () => {
  const vault = await withLdap()
  const username_template = 'x,ou=other+{{ decode_base64 "Cg==" | truncate 1 | replace "\\n" "" }}{{ random 4 }} '
  const role = { creation_ldif: CREATION, deletion_ldif: DELETION, username_template }
  assert.deepEqual((await vault.write("ldap/role/sly", role)).errors, [])
  const { data, body } = await vault.read("ldap/creds/sly")
  assert.match(String(data.distinguished_names), /^cn=x\\,ou\\=other\\\+\w{4}\\ ,ou=people/)
  const [found] = await search("(title=sly)", "cn")
  assert.equal(found?.cn, data.username)
  await vault.write("sys/leases/revoke", { lease_id: body.lease_id ?? "" })
  assert.deepEqual(await search("(title=sly)"), [])
})

test("an account is lent to one at a time, and has another password for the next", { skip }, async () => {
  const vault = await withLdap()
  const set = { service_account_names: "svc1,svc2", ttl: "1h", max_ttl: "2h" }
  assert.deepEqual((await vault.write("ldap/library/ops/admins", set)).errors, [])
  await vault.policy("borrow", 'path "ldap/library/*" { capabilities = ["read", "update"] }')
  const [one, two] = [await vault.token(["borrow"]), await vault.token(["borrow"])]
  const out = "ldap/library/ops/admins/check-out"
  const both = await Promise.all([one, two].map(token => vault.write(out, {}, { token })))
  const names = both.map(answer => answer.data.service_account_name)
  assert.deepEqual([...names].sort(), ["svc1", "svc2"])
  for (const { data } of both) assert.ok(await enters(`cn=${data.service_account_name},${PEOPLE}`, data.password))
  assert.deepEqual((await vault.write(out)).errors, ["No service accounts available for check-out."])
  const foreign = { service_account_names: names[1] ?? "" }
  const stolen = await vault.write("ldap/library/ops/admins/check-in", foreign, { token: one })
  assert.match(stolen.errors[0] ?? "", /can't be checked in because it wasn't checked out by the caller$/)
  const back = await vault.write("ldap/library/ops/admins/check-in", {}, { token: one })
  assert.deepEqual(back.data.check_ins, [names[0]])
  const again = await vault.write(out, { ttl: "10m" }, { token: two })
  assert.equal(again.data.service_account_name, names[0])
  assert.notEqual(again.data.password, both[0]?.data.password)
  assert.equal(again.body.lease_duration, 600)
  assert.match((await vault.delete("ldap/library/ops/admins")).errors[0] ?? "", /currently checked out'$/)
  const status = (await vault.read("ldap/library/ops/admins/status")).data
  assert.deepEqual(Object.keys(status), ["svc1", "svc2"])
})

test("a loan that was given back early does not end the next one, and one that is over ends itself", {
  skip,
}, async () => {
  const vault = await withLdap()
  await vault.write("ldap/library/set", { service_account_names: "svc1", ttl: "1h" })
  const first = await vault.write("ldap/library/set/check-out")
  await vault.write("ldap/library/manage/set/check-in")
  vault.clock.advance("30m")
  const second = await vault.write("ldap/library/set/check-out")
  const late = await vault.write("sys/leases/renew", { lease_id: first.body.lease_id ?? "" })
  assert.match(late.errors[0] ?? "", /svc1 is already checked in, please call check-out to regain it/)
  vault.clock.advance("31m")
  await vault.runJobs()
  assert.ok(await enters(`cn=svc1,${PEOPLE}`, second.data.password))
  assert.deepEqual(((await vault.read("ldap/library/set/status")).data.svc1 as { available: boolean }).available, false)
  vault.clock.advance("30m")
  await vault.runJobs()
  assert.equal(await enters(`cn=svc1,${PEOPLE}`, second.data.password), false)
  assert.deepEqual((await vault.read("ldap/library/set/status")).data, { svc1: { available: true } })
})

test("what is sent follows the schema", { skip }, async () => {
  const ad = await withLdap({ schema: "ad", userattr: "cn" })
  await ad.write("ldap/static-role/a", { username: "alice", rotation_period: 60 })
  const { password } = (await ad.read("ldap/static-cred/a")).data
  const [windows] = await search("(cn=alice)", "unicodePwd")
  assert.deepEqual(windows?.unicodePwd, Buffer.from(`"${password}"`, "utf16le"))
  const racf = await withLdap({ schema: "racf", length: 8 })
  assert.equal((await racf.read("ldap/config")).data.userattr, "racfid")
  await racf.write("ldap/static-role/r", { username: "alice", rotation_period: 60 })
  const short = (await racf.read("ldap/static-cred/r")).data.password
  const [host] = await search("(cn=alice)", "racfPassword", "racfAttributes")
  assert.deepEqual([host?.racfPassword, host?.racfAttributes], [short, "noexpired"])
})

test("TLS is spoken with those who prove themselves, from the start or by StartTLS", { skip }, async () => {
  const { secureUrl: url, certificate } = directory
  const role = { username: "bob", rotation_period: 60 }
  const trusted = await withLdap({ url, certificate })
  assert.deepEqual((await trusted.write("ldap/static-role/b", role)).errors, [])
  const upgraded = await withLdap({ starttls: true, certificate, tls_max_version: "tls13" })
  assert.deepEqual((await upgraded.write("ldap/static-role/b", role)).errors, [])
  const unknown = await withLdap({ url })
  const refused = await unknown.write("ldap/static-role/b", role)
  assert.match(refused.errors[0] ?? "", /^cannot connect to the directory: .*certificate/)
  const named = await withLdap({ url: url.replace("127.0.0.1", "localhost"), certificate })
  assert.deepEqual((await named.write("ldap/static-role/b", role)).errors, [])
  const second = await withLdap({ url: `ldap://127.0.0.1:1,${directory.url}` })
  assert.deepEqual((await second.write("ldap/static-role/b", role)).errors, [])
})

/** A way to the directory that breaks once, when the directory has taken a password and is about to say so. */
async function breakingOnce(): Promise<{ url: string; close: () => void }> {
  const target = Number(new URL(directory.url).port)
  let broken = false
  const proxy = createServer(near => {
    const far = connect(target, "127.0.0.1")
    let cut = false
    near.on("data", data => {
      if (!broken && data.includes("userPassword")) broken = cut = true
      far.write(data)
    })
    far.on("data", data => (cut ? near.destroy() : near.write(data)))
    for (const [one, other] of [[near, far] as const, [far, near] as const]) {
      one.on("close", () => other.destroy()).on("error", () => other.destroy())
    }
  }).listen(0, "127.0.0.1")
  await once(proxy, "listening")
  const address = proxy.address()
  const port = typeof address === "object" ? address?.port : 0
  return { url: `ldap://127.0.0.1:${port}`, close: () => proxy.close() }
}

test("a password that the directory took without our hearing of it is not lost", { skip }, async () => {
  const { url, close } = await breakingOnce()
  const vault = await withLdap({ url })
  await vault.write("ldap/static-role/a", { username: "alice", rotation_period: 60, skip_import_rotation: true })
  assert.equal((await vault.write("ldap/rotate-role/a")).status, 502)
  assert.equal((await vault.read("ldap/static-cred/a")).data.password, "")
  vault.clock.advance("1m")
  await vault.runJobs()
  assert.ok(await enters(alice, (await vault.read("ldap/static-cred/a")).data.password))
  close()
})

test("the managing account gets a password that nobody else knows, also after a crash in between", {
  skip,
}, async () => {
  const { url, close } = await breakingOnce()
  const vault = await withLdap({ url })
  assert.equal((await vault.write("ldap/rotate-root")).status, 502)
  assert.equal(await enters(MANAGER, MANAGER_PASSWORD), false)
  vault.clock.advance("20.25s")
  await vault.runJobs()
  const shown = (await vault.read("ldap/config")).data
  assert.equal(shown.last_bind_password_rotation, "2026-01-01T00:00:20.250Z")
  assert.ok(!("bindpass" in shown) && !("pending" in shown))
  assert.deepEqual((await vault.write("ldap/rotate-root")).errors, [])
  assert.deepEqual((await vault.write("ldap/static-role/b", { username: "bob", rotation_period: 60 })).errors, [])
  close()
})

test("a configuration that makes no sense, and a directory that is away, are told without a password", async () => {
  const vault = await testServer()
  await vault.write("sys/mounts/ldap", { type: "ldap" })
  const right = { url: "ldap://127.0.0.1:1", binddn: "cn=a", bindpass: "hunter2-s3cret" }
  const table: [Record<string, string | number | boolean>, RegExp][] = [
    [{ ...right, url: "http://127.0.0.1" }, /^url must be an ldap:\/\/ or ldaps:\/\/ address/],
    [{ ...right, url: "ldap://a:hunter2@host" }, /^url must not hold a user or password/],
    [{ ...right, binddn: "" }, /^missing binddn/],
    [{ ...right, bindpass: "" }, /^missing bindpass/],
    [{ ...right, schema: "novell" }, /^the configured schema novell is not valid/],
    [{ ...right, userattr: "cn)(x" }, /^unsupported userattr/],
    [{ ...right, password_policy: "p", length: 8 }, /^cannot set both/],
    [{ ...right, tls_min_version: "tls13" }, /^'tls_max_version' must be greater/],
    [{ ...right, certificate: "x" }, /^failed to parse server tls cert/],
    [{ ...right, client_tls_cert: "x" }, /^both client_tls_cert and client_tls_key must be set$/],
    [{ ...right, client_tls_cert: "x", client_tls_key: "y" }, /^failed to parse client X509 key pair/],
  ]
  for (const [body, text] of table) {
    const answer = await vault.write("ldap/config", body)
    assert.equal(answer.status, 400)
    assert.match(answer.errors[0] ?? "", text)
  }
  assert.match((await vault.write("ldap/rotate-root")).errors[0] ?? "", /^missing LDAP configuration/)
  assert.equal((await vault.write("ldap/config", { ...right, ttl: 5, enable_samaccountname_login: true })).status, 204)
  const { data: shown } = await vault.read("ldap/config")
  assert.equal(shown.enable_samaccountname_login, true)
  for (const hidden of ["ttl", "max_ttl", "client_tls_cert", "use_pre111_group_cn_behavior"])
    assert.ok(!(hidden in shown), hidden)
  const said = async (path: string, body: Record<string, string>) => (await vault.write(`ldap/${path}`, body)).errors[0]
  assert.equal(await said("library/l", { ttl: "1h" }), '"service_account_names" must be provided')
  assert.equal(await said("static-role/a", { username: "" }), "username must not be empty")
  assert.match((await said("static-role/a", {})) ?? "", /^username is a required field/)
  const away = await vault.write("ldap/static-role/a", { username: "a", rotation_period: 60 })
  assert.equal(away.status, 502)
  assert.match(away.errors[0] ?? "", /^cannot connect to the directory: .*ECONNREFUSED/)
  assert.doesNotMatch(JSON.stringify(away.body), /hunter2/)
  assert.equal((await vault.read("ldap/static-role/a")).status, 404)
})

test("LDIF that cannot be read is refused when the role is written", async () => {
  const vault = await testServer()
  await vault.write("sys/mounts/ldap", { type: "ldap" })
  const write = (creation_ldif: string, deletion_ldif = DELETION) =>
    vault.write("ldap/role/r", { creation_ldif, deletion_ldif })
  const table: [string, RegExp][] = [
    ["", /^missing creation_ldif$/],
    ["x", /is no "attribute: value"/],
    ["cn: x", /an entry must begin with "dn:"/],
    ["dn: cn=x", /an entry that is added needs attributes/],
    ["dn: cn=x\nno colon", /is no "attribute: value"/],
    ["dn: cn=x\ncn:< file:///etc/passwd", /addresses are not read/],
    ["dn: cn=x\nchangetype: moddn\nnewrdn: cn=y", /changetype "moddn" is not known/],
    ["dn: cn=x\nchangetype: modify\nreplace: cn\nsn: y", /sn stands in the change of cn/],
    ["dn: cn=x\nchangetype: modify\nfoo: cn", /"foo" is no change/],
    ["dn: cn=x\ncn: {{.Secret}}", /there is no field .Secret/],
    ["dn: cn=x\ncn:: not base64!", /the value of cn is not Base64/],
  ]
  for (const [text, expected] of table) assert.match((await write(text)).errors[0] ?? "", expected, text)
  assert.match((await write("dn: cn=x\ncn: x", "dn: cn=x\ncn: {{.Password}}")).errors[0] ?? "", /no field .Password/)
  const encoded = Buffer.from("# made by hand\nversion: 1\ndn: cn=x\ncn: x\ndescription: a\n  b\n").toString("base64")
  assert.deepEqual((await write(encoded)).errors, [])
})
