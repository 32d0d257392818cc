import assert from "node:assert/strict"
import { test } from "node:test"
import { escapeDn, parseLdif } from "./ldif.ts"

const FIELDS = ["Username", "Password"]
const world = (fields: Record<string, string>) => ({
  now: 0,
  random: (bytes: number) => new Uint8Array(bytes),
  fields,
})

/** As the documentation of the field has it for Active Directory. */
const ACTIVE_DIRECTORY = `dn: CN={{.Username}},OU=HashiVault,DC=adtesting,DC=lab
changetype: add
objectClass: top
objectClass: person
objectClass: organizationalPerson
objectClass: user
userPrincipalName: {{.Username}}@adtesting.lab
sAMAccountName: {{.Username}}

dn: CN={{.Username}},OU=HashiVault,DC=adtesting,DC=lab
changetype: modify
replace: unicodePwd
unicodePwd::{{ printf "%q" .Password | utf16le | base64 }}
-
replace: userAccountControl
userAccountControl: 66048
-

dn: CN=test-group,OU=HashiVault,DC=adtesting,DC=lab
changetype: modify
add: member
member: CN={{.Username}},OU=HashiVault,DC=adtesting,DC=lab
-`

test("an account of Active Directory is made as its documentation says", () => {
  const [add, password, group] = parseLdif(ACTIVE_DIRECTORY, FIELDS)(world({ Username: "v_a", Password: "s3cret" }))
  assert.equal(add?.dn, "CN=v_a,OU=HashiVault,DC=adtesting,DC=lab")
  assert.ok(add?.kind === "add" && password?.kind === "modify" && group?.kind === "modify")
  const classes = add.attributes.find(attribute => attribute.type === "objectClass")?.values.map(String)
  assert.deepEqual(classes, ["top", "person", "organizationalPerson", "user"])
  const [secret, control] = password.changes
  assert.deepEqual([secret?.operation, secret?.type], ["replace", "unicodePwd"])
  assert.deepEqual(secret?.values, [Buffer.from('"s3cret"', "utf16le")])
  assert.deepEqual([control?.type, control?.values.map(String)], ["userAccountControl", ["66048"]])
  assert.deepEqual(group.changes[0]?.values.map(String), ["CN=v_a,OU=HashiVault,DC=adtesting,DC=lab"])
})

test("a password stays what it is, whatever stands in it", () => {
  const read = parseLdif("dn: cn=x\nuserPassword: {{.Password}}\ndescription: last", FIELDS)
  for (const password of [
    " leading",
    "trailing ",
    ": colon",
    "< less",
    "{{.Username}}",
    "a\nchangetype: delete",
    "#",
    "é$&",
  ]) {
    const [entry] = read(world({ Password: password, Username: "u" }))
    assert.ok(entry?.kind === "add")
    assert.deepEqual(
      entry.attributes.map(({ type, values }) => [type, values.map(String)]),
      [
        ["userPassword", [password]],
        ["description", ["last"]],
      ],
    )
  }
})

test("a value cannot leave its place in a distinguished name", () => {
  const vectors = {
    "a,b": "a\\,b",
    "a+b=c": "a\\+b\\=c",
    '"x"': '\\"x\\"',
    " x ": "\\ x\\ ",
    "#x": "\\#x",
    "a\\b": "a\\\\b",
  }
  for (const [plain, escaped] of Object.entries(vectors)) {
    assert.equal(escapeDn(plain), escaped)
    const [entry] = parseLdif("dn: cn={{.Username}},dc=x\nchangetype: delete", FIELDS)(world({ Username: plain }))
    assert.equal(entry?.dn, `cn=${escaped},dc=x`)
  }
  assert.equal(escapeDn("a\0b"), "a\\00b")
})

test("lines are folded and commented as RFC 2849 says", () => {
  const text =
    "version: 1\n# a comment\ndn: cn=x,\n dc=y\ndescription: one\n  two\ncn:: eA==\n\n\n# only a comment\n\ndn: cn=z\nchangetype: delete\n"
  const [first, second, ...more] = parseLdif(text, FIELDS)(world({}))
  assert.ok(first?.kind === "add")
  assert.deepEqual([first.dn, second?.dn, second?.kind, more], ["cn=x,dc=y", "cn=z", "delete", []])
  assert.deepEqual(
    first.attributes.map(({ values }) => values.map(String)),
    [["one two"], ["x"]],
  )
})
