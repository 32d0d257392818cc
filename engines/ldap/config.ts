/** `config`: the directory, the account that manages it, and how passwords are made. */

import { createPrivateKey, X509Certificate } from "node:crypto"
import {
  type Context,
  field,
  type JsonObject,
  optional,
  refuse,
  singleRecord,
  singleRoute,
  type Values,
} from "@arca/api"
import { randomName } from "../username-template.ts"

export const SCHEMAS = ["openldap", "ad", "racf"] as const
export type Schema = (typeof SCHEMAS)[number]

const USER_ATTRIBUTE: Readonly<Record<Schema, string>> = {
  openldap: "cn",
  ad: "userPrincipalName",
  racf: "racfid",
}

const TLS_VERSIONS = ["tls10", "tls11", "tls12", "tls13"]
const group = "Group search"
/** Taken and shown for the sake of configurations that are shared with the auth method. */
const searchFields = {
  anonymous_group_search: field.bool("Not used here.", { default: false, group }),
  case_sensitive_names: field.bool("Not used here.", { default: false, group }),
  deny_null_bind: field.bool("Not used here: an empty password is never sent.", { default: true, group }),
  dereference_aliases: field.string("Not used here.", { default: "never", plain: true, group }),
  discoverdn: field.bool("Not used here.", { default: false, group }),
  enable_samaccountname_login: field.bool("Not used here.", { default: false, group }),
  groupattr: field.string("Not used here.", { default: "cn", plain: true, group }),
  groupdn: field.string("Not used here.", { default: "", plain: true, group }),
  groupfilter: field.string("Not used here.", {
    default: "(|(memberUid={{.Username}})(member={{.UserDN}})(uniqueMember={{.UserDN}}))",
    plain: true,
    group,
  }),
  max_page_size: field.int("Not used here.", { default: 0, group }),
  use_pre111_group_cn_behavior: field.bool("Not used here.", { group }),
  use_token_groups: field.bool("Not used here.", { default: false, group }),
  userfilter: field.string("Not used here.", { default: "({{.UserAttr}}={{.Username}})", plain: true, group }),
  username_as_alias: field.bool("Not used here.", { default: false, group }),
}

export const config = singleRecord("configuration", "config", {
  url: field.string("The directory: `ldaps://host`, or several with commas, tried in order.", {
    default: "ldap://127.0.0.1",
    plain: true,
  }),
  binddn: field.string("The account that manages passwords.", { default: "", plain: true }),
  bindpass: field.string("Its password.", { default: "", secret: true }),
  userdn: field.string("Below which accounts are searched.", { default: "", plain: true }),
  userattr: field.string("The attribute that holds an account's name; `cn`, or what the schema has.", {
    default: "",
    plain: true,
  }),
  upndomain: field.string("The domain behind `binddn`, to bind as `binddn@upndomain`.", { default: "", plain: true }),
  schema: field.string("How a password is set: `openldap`, `ad` or `racf`.", { default: "openldap", plain: true }),
  credential_type: field.string("With `racf`: `password`, or `phrase`.", { default: "password", plain: true }),
  password_policy: field.string("The password policy of new passwords; 64 letters and digits without one.", {
    default: "",
    plain: true,
  }),
  length: field.int("How long new passwords are.", { default: 0, deprecated: "use password_policy" }),
  skip_static_role_import_rotation: field.bool("New static roles keep the password there is.", { default: false }),
  certificate: field.string("The authority to trust, in PEM; the system's without one.", { default: "", plain: true }),
  client_tls_cert: field.string("A certificate to show to the directory, in PEM.", { default: "", plain: true }),
  client_tls_key: field.string("The key of that certificate, in PEM.", { default: "", secret: true }),
  starttls: field.bool("Begin TLS on an ldap:// connection.", { default: false }),
  insecure_tls: field.bool("Trust any certificate. Unsafe.", { default: false }),
  tls_min_version: field.string("The lowest version of TLS.", { default: "tls12", choices: TLS_VERSIONS, plain: true }),
  tls_max_version: field.string("The highest version of TLS.", {
    default: "tls12",
    choices: TLS_VERSIONS,
    plain: true,
  }),
  connection_timeout: field.duration("How long a connection may take before the next address is tried.", {
    default: 30,
  }),
  request_timeout: field.duration("How long an answer may take.", { default: 90 }),
  ttl: field.duration("Accepted for compatibility.", { default: 0 }),
  max_ttl: field.duration("Accepted for compatibility.", { default: 0 }),
  ...searchFields,
  last_bind_password_rotation: field.time("When `bindpass` was rotated.", { default: 0 }),
  /** Not a parameter: a password that the directory may have been given already, while a rotation is not settled. */
  pending: field.string("Kept while `bindpass` is rotated.", { default: "", secret: true }),
})

export type Config = Values<typeof config.fields>

export const schemaOf = ({ schema }: Config): Schema => SCHEMAS.find(one => one === schema) ?? "openldap"

/** The attribute that names an account: it goes into searches, so it is one. */
export const userAttribute = (given: Config): string => given.userattr || USER_ATTRIBUTE[schemaOf(given)]

export async function needConfig(ctx: Context): Promise<Config> {
  const found = await config.get(ctx.store)
  if (found === undefined) throw refuse.invalid("missing LDAP configuration: write config first")
  return found
}

const DEFAULT_LENGTH = 64

export const newPassword = async (ctx: Context, { password_policy, length }: Config): Promise<string> =>
  password_policy === "" ? randomName(length || DEFAULT_LENGTH, ctx.random) : ctx.password(password_policy)

function check(given: Config, ctx: Context): void {
  checkUrls(given.url)
  const schema = SCHEMAS.find(one => one === given.schema)
  if (schema === undefined) {
    throw refuse.invalid(
      `the configured schema ${given.schema} is not valid. Supported schemas: [${[...SCHEMAS].join(" ")}]`,
    )
  }
  if (given.credential_type !== "password" && (schema !== "racf" || given.credential_type !== "phrase"))
    throw refuse.invalid("credential_type must be password, or phrase with the schema racf")
  if (given.binddn === "") throw refuse.invalid("missing binddn: the account that manages passwords")
  if (given.bindpass === "") throw refuse.invalid("missing bindpass: the password of binddn")
  if (given.userattr !== "" && !/^[A-Za-z][A-Za-z0-9.-]*$/.test(given.userattr))
    throw refuse.invalid(`unsupported userattr ${JSON.stringify(given.userattr)}: it is not the name of an attribute`)
  if (given.password_policy !== "" && ctx.body.length !== undefined)
    throw refuse.invalid("cannot set both 'password_policy' and 'length'")
  if (given.length < 0 || given.length > 256) throw refuse.invalid("length must be from 1 to 256, or 0 for 64")
  if (TLS_VERSIONS.indexOf(given.tls_max_version) < TLS_VERSIONS.indexOf(given.tls_min_version))
    throw refuse.invalid("'tls_max_version' must be greater than or equal to 'tls_min_version'")
  if ((given.client_tls_cert === "") !== (given.client_tls_key === ""))
    throw refuse.invalid("both client_tls_cert and client_tls_key must be set")
  if (given.client_tls_cert !== "" && !isPair(given))
    throw refuse.invalid("failed to parse client X509 key pair: client_tls_cert and client_tls_key are no pair in PEM")
  if (given.certificate !== "" && !isCertificate(given.certificate))
    throw refuse.invalid("failed to parse server tls cert: certificate is no X.509 certificate in PEM")
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0
  } catch {
    return false
  }
}

function isPair({ client_tls_cert: cert, client_tls_key: key }: Config): boolean {
  try {
    return new X509Certificate(cert).checkPrivateKey(createPrivateKey(key))
  } catch {
    return false
  }
}

/** One address after the other. Refuses (400) what is no LDAP address. */
export function urlsOf(text: string): URL[] {
  return text.split(",").map(one => {
    const url = URL.parse(one.trim())
    if (url === null || !/^ldaps?:$/.test(url.protocol) || url.hostname === "")
      throw refuse.invalid("url must be an ldap:// or ldaps:// address, or several with commas")
    if (url.username !== "" || url.password !== "")
      throw refuse.invalid("url must not hold a user or password: give them as binddn and bindpass")
    return url
  })
}

const checkUrls = (text: string): void => void urlsOf(text)

function shown(given: Config): JsonObject {
  const { last_bind_password_rotation, length, password_policy, use_pre111_group_cn_behavior, ...rest } =
    config.shown(given)
  const { client_tls_cert: _c, ttl: _t, max_ttl: _m, ...always } = rest
  return {
    ...always,
    userattr: userAttribute(given),
    ...(given.use_pre111_group_cn_behavior === undefined
      ? {}
      : { use_pre111_group_cn_behavior: use_pre111_group_cn_behavior ?? null }),
    ...(given.length > 0 ? { length: length ?? 0 } : {}),
    ...(given.password_policy === "" ? {} : { password_policy: password_policy ?? "" }),
    ...(given.last_bind_password_rotation > 0
      ? { last_bind_password_rotation: new Date(given.last_bind_password_rotation * 1000).toISOString() }
      : {}),
  }
}

const {
  bindpass: _password,
  client_tls_key: _key,
  pending: _pending,
  client_tls_cert: _certificate,
  ttl: _ttl,
  max_ttl: _maxTtl,
  length,
  password_policy,
  use_pre111_group_cn_behavior,
  last_bind_password_rotation,
  ...always
} = config.fields

export const configRoute = singleRoute("config", config, {
  summary: "The directory, and the account that manages it.",
  operation: { read: "read-configuration", write: "configure", delete: "delete-configuration" },
  kept: ["last_bind_password_rotation", "pending"],
  check: (given, ctx) => {
    check(given, ctx)
    // Who gives a password says what it is: a rotation that was not settled is moot.
    return "bindpass" in ctx.body ? { ...given, pending: "" } : given
  },
  show: shown,
  replies: {
    ...always,
    ...optional({ length, password_policy, use_pre111_group_cn_behavior, last_bind_password_rotation }),
  },
  creates: true,
  deletes: true,
})
