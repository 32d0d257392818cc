/** Policies, capabilities, password policies. */

import type { GoldenRequest } from "../requests.ts"
import { get, list, post, remove } from "./verbs.ts"

const reader = 'path "secret/data/app" {\n  capabilities = ["read"]\n}\n'

const acl: GoldenRequest[] = [
  post("write", "sys/policies/acl/reader", { policy: reader }),
  get("read", "sys/policies/acl/reader"),
  get("read by the old path", "sys/policy/reader"),
  post("write by the old path with rules", "sys/policy/older", { rules: reader }),
  post("write of mixed case", "sys/policies/acl/Mixed", { policy: reader }),
  post("write in base64", "sys/policies/acl/encoded", { policy: Buffer.from(reader).toString("base64") }),
  get("read what was in base64", "sys/policies/acl/encoded"),
  post("write in JSON", "sys/policies/acl/json", { policy: '{"path":{"a":{"capabilities":["read"]}}}' }),
  list("list", "sys/policies/acl"),
  get("list by the old path", "sys/policy"),
  post("write without a policy", "sys/policies/acl/none", {}),
  post("write of an empty policy", "sys/policies/acl/none", { policy: "" }),
  post("an unknown capability", "sys/policies/acl/bad", { policy: 'path "a" { capabilities = ["fly"] }' }),
  post("an unknown key", "sys/policies/acl/bad", { policy: 'path "a" { colour = "red" }' }),
  post("an unknown top key", "sys/policies/acl/bad", { policy: 'colour = "red"' }),
  post("text that is no HCL", "sys/policies/acl/bad", { policy: "path {{{" }),
  post("a wildcard in the wrong place", "sys/policies/acl/bad", { policy: 'path "a/+*" { capabilities = ["read"] }' }),
  post("write of root", "sys/policies/acl/root", { policy: reader }),
  remove("delete of root", "sys/policies/acl/root"),
  remove("delete of default", "sys/policies/acl/default"),
  post("write of response-wrapping", "sys/policies/acl/response-wrapping", { policy: reader }),
  post("write by the new path with rules", "sys/policies/acl/none", { rules: reader }),
  post("write of nothing and rules", "sys/policy/older", { policy: "", rules: reader }),
  post("parameters that are a list", "sys/policies/acl/bad", {
    policy: 'path "a" { capabilities = ["create"] allowed_parameters = [] }',
  }),
  post("write below a folder", "sys/policies/acl/team/app", { policy: reader }),
  get("read below a folder", "sys/policies/acl/team/app"),
  list("list with a folder", "sys/policies/acl"),
  remove("delete below a folder", "sys/policies/acl/team/app"),
  get("read of nothing", "sys/policies/acl/none"),
  get("read of nothing by the old path", "sys/policy/none"),
  remove("delete", "sys/policies/acl/json"),
  remove("delete again", "sys/policies/acl/json"),
  post(
    "a token of the reader",
    "auth/token/create",
    { policies: ["reader"] },
    { keep: { reader: "auth.client_token", readerAccessor: "auth.accessor" } },
  ),
  get("allowed", "secret/data/app", { token: "$reader" }),
  post("denied to write", "secret/data/app", { data: { a: "b" } }, { token: "$reader" }),
  get("denied to read elsewhere", "secret/data/dir/leaf", { token: "$reader" }),
  get("denied where nothing is", "nowhere/at/all", { token: "$reader" }),
  list("denied to list", "sys/policies/acl", { token: "$reader" }),
]

const capabilities: GoldenRequest[] = [
  post("self of root", "sys/capabilities-self", { paths: ["secret/data/app"] }),
  post("self of the reader", "sys/capabilities-self", { paths: ["secret/data/app", "sys/seal"] }, { token: "$reader" }),
  post("self with path", "sys/capabilities-self", { path: "secret/data/app" }, { token: "$reader" }),
  post("self without paths", "sys/capabilities-self", {}),
  post("of a token", "sys/capabilities", { token: "$reader", paths: "secret/data/app" }),
  post("of an unknown token", "sys/capabilities", { token: "hvs.unknown", paths: ["a"] }),
  post("of an accessor", "sys/capabilities-accessor", { accessor: "$readerAccessor", paths: ["secret/data/app"] }),
  post("of no accessor", "sys/capabilities-accessor", { paths: ["a"] }),
  post("by both names", "sys/capabilities-self", { paths: ["/secret/data/app"], path: ["a"] }, { token: "$reader" }),
  post("of an unknown accessor", "sys/capabilities-accessor", { accessor: "unknown", paths: ["a"] }),
]

const sixDigits = 'length = 6\nrule "charset" {\n  charset = "0123456789"\n}\n'

const passwords: GoldenRequest[] = [
  post("write", "sys/policies/password/pin", { policy: sixDigits }),
  get("read", "sys/policies/password/pin"),
  list("list", "sys/policies/password"),
  post("write without a policy", "sys/policies/password/none", {}),
  post("too short", "sys/policies/password/short", { policy: 'length = 3\nrule "charset" { charset = "ab" }' }),
  post("impossible", "sys/policies/password/odd", {
    policy: 'length = 4\nrule "charset" { charset = "ab" min-chars = 5 }',
  }),
  post("text that is no HCL", "sys/policies/password/odd", { policy: "length = = 4" }),
  get("read of nothing", "sys/policies/password/none"),
  get("generate from nothing", "sys/policies/password/none/generate"),
  remove("delete", "sys/policies/password/pin"),
  post("write a name with blanks", "sys/policies/password/a%20b", { policy: sixDigits }),
  get("read a name with blanks", "sys/policies/password/a%20b"),
  remove("delete a name with blanks", "sys/policies/password/a%20b"),
]

export const policies = { policies: acl, capabilities, "password-policies": passwords }
