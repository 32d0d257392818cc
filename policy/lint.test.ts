import assert from "node:assert/strict"
import { test } from "node:test"
import { DEFAULT_POLICY, type KnownMount, lint, parsePolicy } from "./index.ts"

const mounts: KnownMount[] = [
  { path: "secret/", type: "kv", version: 2 },
  { path: "old/", type: "kv", version: 1 },
  { path: "auth/token/", type: "token" },
  { path: "auth/userpass/", type: "userpass" },
  { path: "sys/", type: "system" },
  { path: "identity/", type: "identity" },
  { path: "cubbyhole/", type: "cubbyhole" },
]

const warnings = (path: string, capability = "read") =>
  lint(parsePolicy(`path "${path}" { capabilities = ["${capability}"] }`).policy, mounts)

test("a path under no mount is told, with the mount that may have been meant", () => {
  assert.deepEqual(warnings("secrets/data/a"), [
    'path "secrets/data/a" in line 1: nothing is mounted there, did you mean "secret/"?',
  ])
  assert.match(warnings("auth/userpas/users/*").join(), /did you mean "auth\/userpass\/"/)
  assert.deepEqual(warnings("zzzzzz/a"), ['path "zzzzzz/a" in line 1: nothing is mounted there'])
})

test("a path of a KV version 2 mount needs one of its prefixes", () => {
  assert.deepEqual(warnings("secret/app/*"), [
    'path "secret/app/*" in line 1: "secret/" is a KV version 2 mount, whose secrets are at "secret/data/app/*" ' +
      'and whose keys are listed at "secret/metadata/app/*"',
  ])
  assert.match(warnings("secret/data/app", "list").join(), /listed at "secret\/metadata\/…"/)
})

test("what is right has no warning", () => {
  for (const path of [
    "secret/*",
    "secret/data/app",
    "secret/+/app",
    "secret/me*",
    "sec*",
    "*",
    "+/data/x",
    "old/app",
    "sys/health",
    "auth/+/login",
  ]) {
    assert.deepEqual(warnings(path), [], path)
  }
  assert.deepEqual(warnings("secret/data/{{identity.entity.id}}/*"), [])
  assert.deepEqual(lint(parsePolicy(DEFAULT_POLICY).policy, mounts), [])
})
