import { type JsonObject, parseJson } from "@arca/api/json"

/** The envelope of a reply (Vault's `logical.Response`). Numbers that a double cannot hold keep their text. */
export interface Secret<T = JsonObject> {
  readonly request_id: string
  readonly lease_id: string
  /** Seconds. */
  readonly lease_duration: number
  readonly renewable: boolean
  readonly data: T | null
  readonly warnings: readonly string[] | null
  readonly auth: Auth | null
  readonly wrap_info: WrapInfo | null
  readonly mount_type?: string
}

export interface Auth {
  readonly client_token: string
  readonly accessor: string
  readonly policies: readonly string[]
  readonly token_policies: readonly string[] | null
  readonly identity_policies: readonly string[] | null
  readonly metadata: Readonly<Record<string, string>> | null
  readonly orphan: boolean
  readonly entity_id: string
  /** Seconds; 0 for a token that does not expire. */
  readonly lease_duration: number
  readonly renewable: boolean
  readonly mfa_requirement: MfaRequirement | null
  readonly token_type: string
  readonly num_uses: number
}

export interface MfaRequirement {
  readonly mfa_request_id: string
  readonly mfa_constraints: Readonly<
    Record<string, { readonly any: readonly { id: string; type: string; uses_passcode: boolean; name?: string }[] }>
  >
}

export interface WrapInfo {
  readonly token: string
  readonly accessor: string
  /** Seconds. */
  readonly ttl: number
  readonly creation_time: string
  readonly creation_path: string
  readonly wrapped_accessor?: string
}

const EMPTY: Secret = {
  request_id: "",
  lease_id: "",
  lease_duration: 0,
  renewable: false,
  data: null,
  warnings: null,
  auth: null,
  wrap_info: null,
}

/**
 * The envelope in a reply's text; undefined when there is none (an empty body). Fields the server left out are empty.
 * Throws SyntaxError when the text is no JSON object.
 */
export function parseSecret<T = JsonObject>(text: string): Secret<T> | undefined {
  if (text.trim() === "") return undefined
  const value = parseJson(text)
  if (!isObject(value)) throw new SyntaxError("The reply is not a JSON object")
  // Some paths answer without an envelope (`sys/health`): all of it is the data, as Vault's clients have it.
  const bare = Object.keys(value).length > 0 && !Object.keys(EMPTY).some(name => Object.hasOwn(value, name))
  // The one place where the server's promise becomes a type.
  return { ...EMPTY, ...(bare ? { data: value } : value) } as Secret<T>
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}
