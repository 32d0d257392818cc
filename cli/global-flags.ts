import { bool, type FlagTable, list, pairs, text, type Values, valuesOf } from "./flags.ts"

/** How to reach the server: flags of every command that speaks to one. */
export const httpFlags = {
  address: text("Address of the server; https://127.0.0.1:8200 unless told.", { env: "ADDR" }),
  "agent-address": text("Address of an agent to go through.", { env: "AGENT_ADDR" }),
  "ca-cert": text("File with the certificate authority (PEM) that signed the server's certificate.", {
    env: "CACERT",
    shown: "file",
  }),
  "ca-path": text("Directory of such files.", { env: "CAPATH", shown: "directory" }),
  "client-cert": text("File with a certificate (PEM) to show to the server.", { env: "CLIENT_CERT", shown: "file" }),
  "client-key": text("File with that certificate's private key (PEM).", { env: "CLIENT_KEY", shown: "file" }),
  "tls-server-name": text("Name to expect in the server's certificate.", { env: "TLS_SERVER_NAME" }),
  "tls-skip-verify": bool("Accept any certificate. Whoever sits on the line can then read everything.", {
    env: "SKIP_VERIFY",
  }),
  "disable-redirects": bool("Do not follow the one redirect that is followed otherwise.", { env: "DISABLE_REDIRECTS" }),
  namespace: text("Namespace that paths are relative to.", { env: "NAMESPACE", alias: "ns" }),
  header: pairs("Header to send along; not one that starts with X-Vault-.", { shown: "name=value" }),
  mfa: list("Second factor, as method or method:passcode.", { env: "MFA" }),
  "wrap-ttl": text('Get the reply wrapped in a single-use token that lives this long ("30s", "5m").', {
    env: "WRAP_TTL",
    shown: "duration",
  }),
  "unlock-key": text("Key that unlocks a locked namespace."),
  "policy-override": bool("Accepted for Vault Enterprise's scripts; without effect here."),
  "output-curl-string": bool("Print the request as a curl command instead of sending it."),
  "output-policy": bool("Print the policy that the request needs instead of sending it."),
  "non-interactive": bool("Never ask; fail where an answer would be needed."),
} satisfies FlagTable

/** How to show what came back. */
export const outputFlags = {
  format: text("How to print: table, json, yaml, pretty or raw.", {
    env: "FORMAT",
    choices: ["table", "json", "yaml", "pretty", "raw"],
  }),
  json: bool("Short for -format=json."),
  field: text("Print only this field, without a newline when stdout is not a terminal."),
  detailed: bool("Print more about each item, where there is more.", { env: "DETAILED" }),
} satisfies FlagTable

const all = { ...httpFlags, ...outputFlags }
export type GlobalValues = Values<typeof all>

export const globals = (given: ReadonlyMap<string, unknown>, env: (name: string) => string | undefined): GlobalValues =>
  valuesOf(all, given, env)

/** Whether a word before the command's name is one of these flags that takes the next word as its value. */
export function takesNextWord(word: string): boolean {
  const name = word.replace(/^--?/, "")
  const table: FlagTable = all
  const flag = Object.hasOwn(table, name) ? table[name] : Object.values(table).find(({ alias }) => alias === name)
  return flag !== undefined && flag.kind !== "bool"
}
