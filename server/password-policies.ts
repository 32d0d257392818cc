/** Password policies of a namespace: how generated passwords look. */

import { decodeJson, encodeJson, refuse } from "@arca/api"
import { DEFAULT_PASSWORD_POLICY, generatePassword, type PasswordPolicy, parsePasswordPolicy } from "@arca/policy"
import type { Maybe, View } from "@arca/storage"
import { layout } from "./layout.ts"
import type { RandomBytes } from "./random.ts"

export interface StoredPasswordPolicy {
  readonly text: string
  readonly policy: PasswordPolicy
}

const decode = (value: Uint8Array): StoredPasswordPolicy => {
  const { text } = decodeJson(value) as { text: string }
  return { text, policy: parsePasswordPolicy(text) }
}

const keyOf = (namespaceId: string, name: string): string =>
  layout.namespace(namespaceId) + layout.passwordPolicy + name

export const readPasswordPolicy = (
  view: View,
  namespaceId: string,
  name: string,
): Maybe<StoredPasswordPolicy | undefined> => view.cached(keyOf(namespaceId, name), decode)

export const writePasswordPolicy = (view: View, namespaceId: string, name: string, text: string): void =>
  view.put(keyOf(namespaceId, name), encodeJson({ text }))

export const deletePasswordPolicy = (view: View, namespaceId: string, name: string): void =>
  view.delete(keyOf(namespaceId, name))

const usual = parsePasswordPolicy(DEFAULT_PASSWORD_POLICY)

/** A password by the named policy. Refuses (400) a policy that does not exist. */
export async function passwordBy(
  view: View,
  namespaceId: string,
  name: string | undefined,
  random: RandomBytes,
): Promise<string> {
  if (name === undefined || name === "") return generatePassword(usual, random)
  const stored = await readPasswordPolicy(view, namespaceId, name)
  if (stored === undefined) throw refuse.invalid(`no password policy ${JSON.stringify(name)}`)
  return generatePassword(stored.policy, random)
}
