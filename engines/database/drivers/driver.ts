/**
 * A driver is a value: the names it is configured by, what it takes, and how to open a connection to its kind of database.
 * Client libraries are imported when a connection is opened, not before.
 */

import {
  type Field,
  type Fields,
  field,
  type JsonObject,
  type Outbound,
  readFields,
  refuse,
  type Values,
} from "@arca/api"
import { library as optionalLibrary } from "../../library.ts"

export type CredentialType = "password" | "rsa_private_key" | "client_certificate"

/** What a user proves itself with, as the database is told. */
export type Secret =
  | { readonly type: "password"; readonly password: string }
  /** SubjectPublicKeyInfo in base64: PEM without its first and last line. */
  | { readonly type: "rsa_private_key"; readonly publicKey: string }
  /** The certificate's subject: `CN=app`. */
  | { readonly type: "client_certificate"; readonly subject: string; readonly commonName: string }

export interface NewUser {
  readonly username: string
  readonly secret: Secret
  /** Seconds since 1970, a little after the lease's end. */
  readonly expiresAt: number
  readonly statements: readonly string[]
}

/** A connection, or a pool of them. Failures are thrown as the client library words them; the engine takes the secrets out. */
export interface Connection {
  /** Talks to the database, to see that it is there and the credentials are right. */
  verify(): Promise<void>
  /** Makes the user, all or nothing where the database can. */
  create(user: NewUser): Promise<void>
  /** Undefined: nothing in the database depends on the lease's end. */
  readonly prolong?: (username: string, expiresAt: number, statements: readonly string[]) => Promise<void>
  /** Changes what an existing user proves itself with; setting the same again is no error. */
  change(username: string, secret: Secret, statements: readonly string[]): Promise<void>
  /** Whether the user is there; drivers that cannot tell leave it out. */
  readonly exists?: (username: string) => Promise<boolean>
  /** Removes the user. It is called again until it succeeds: a user that is gone is no error. */
  drop(username: string, statements: readonly string[]): Promise<void>
  /** Lets what goes on end, then closes. */
  close(): Promise<void>
}

export interface World {
  readonly outbound: Outbound
  /** Seconds since 1970. */
  readonly clock: () => number
}

export interface Driver {
  /** Vault's plugin names; the first is the one to write. */
  readonly names: readonly string[]
  readonly summary: string
  readonly fields: Fields
  /** Settings of which one must be given: where the database is. */
  readonly needs: readonly string[]
  readonly usernameTemplate: string
  /** What the database itself knows. */
  readonly credentials: readonly CredentialType[]
  /** Values are put into its statements, which may take what the database itself does not know. */
  readonly fills: boolean
  /** The database knows users by the common names of their certificates. */
  readonly namedByCertificate: boolean
  /** `create` throws `NameTaken` where there is somebody of that name. */
  readonly tellsTaken: boolean
  /** Without creation statements a role makes no user. */
  readonly needsCreation: boolean
  readonly open: (details: JsonObject, world: World) => Promise<Connection>
}

/** What is the same for most drivers. */
type Usual = "needs" | "credentials" | "fills" | "namedByCertificate" | "tellsTaken"

interface Declared<F extends Fields> extends Omit<Driver, "fields" | "open" | Usual>, Partial<Pick<Driver, Usual>> {
  readonly fields: F
  readonly open: (settings: Values<F>, world: World) => Promise<Connection>
}

/** Declares a driver; its settings are typed by its fields. */
export const driver = <const F extends Fields>(declared: Declared<F>): Driver => ({
  needs: ["connection_url"],
  credentials: ["password"],
  fills: false,
  namedByCertificate: false,
  tellsTaken: false,
  ...declared,
  open: (details, world) => declared.open(readFields(declared.fields, details), world),
})

/** What nearly every driver takes. */
export const account = {
  username: field.string("The user that manages others: `{{username}}` in the connection's address.", {
    default: "",
    plain: true,
  }),
  password: field.string("Its password: `{{password}}` in the connection's address.", { default: "", secret: true }),
  username_template: field.string("How names of users are made.", { default: "", plain: true }),
} as const satisfies Fields

export const pooled = {
  connection_url: field.string("Where the database is.", { default: "", plain: true }),
  max_open_connections: field.int("Connections open at the same time.", { default: 4 }),
  max_idle_connections: field.int("Connections kept open without use; as many as may be open when 0.", { default: 0 }),
  max_connection_lifetime: field.duration("How long a connection is used; 0 is for ever.", { default: 0 }),
  disable_escaping: field.bool("Put username and password into the address as they are.", { default: false }),
} as const satisfies Fields

export const tls = {
  tls_ca: field.string("PEM of the authorities that the server's certificate must be signed by.", { default: "" }),
  tls_certificate_key: field.string("PEM of the client's certificate and its key.", { default: "", secret: true }),
  tls_server_name: field.string("The name that the server's certificate must be for.", { default: "" }),
  tls_skip_verify: field.bool("Accept any certificate.", { default: false }),
} as const satisfies Record<string, Field<unknown>>

/** A client library that may be left out of an installation; refuses with what to do when it is. */
export const library = <T>(name: string, load: () => Promise<T>): Promise<T> =>
  optionalLibrary(name, load, "this database needs")

/** Vault's form of a time in statements: `2026-11-24 07:00:00+0000`. */
export const expirationText = (seconds: number): string =>
  new Date(seconds * 1000)
    .toISOString()
    .replace("T", " ")
    .replace(/\.\d+Z$/, "+0000")

/** Values for statements about a user. */
export function valuesOf(username: string, secret?: Secret, expiresAt?: number): Record<string, string> {
  const values: Record<string, string> = { name: username, username }
  if (expiresAt !== undefined) values.expiration = expirationText(expiresAt)
  if (secret?.type === "password") values.password = secret.password
  if (secret?.type === "rsa_private_key") values.public_key = secret.publicKey
  if (secret?.type !== "client_certificate") return values
  return { ...values, subject: secret.subject, common_name: secret.commonName }
}

/** There is somebody of that name already, so nothing was made. */
export class NameTaken extends Error {
  override readonly name = "NameTaken"
}

/** The password of a user; refuses other kinds of secret, which the engine has refused before. */
export function passwordOf(secret: Secret): string {
  if (secret.type === "password") return secret.password
  throw refuse.invalid(`unsupported credential_type: ${JSON.stringify(secret.type)}`)
}
