/** Service accounts and their keys, as Google's IAM API has them. */

import { refuse } from "@arca/api"
import { objectOf, textOf } from "../answer.ts"
import type { Google } from "./google.ts"

const IAM = "iam.googleapis.com"

/** The project of a service account, as far as its address tells. `-` lets Google find it. */
const resourceOf = (email: string): string => `/v1/projects/-/serviceAccounts/${email}`

/** Refuses (400) what is no address of a service account: it becomes part of paths. */
export function checkEmail(email: string): void {
  if (!/^[a-z0-9._-]+@[a-z0-9.-]+$/i.test(email))
    throw refuse.invalid(`${JSON.stringify(email)} is no email address of a service account`)
}

export function checkProject(project: string): void {
  if (!/^[a-z0-9.:-]+$/.test(project)) throw refuse.invalid(`${JSON.stringify(project)} is no id of a project`)
}

/** Makes a service account of a name that we chose; one that is there already is the one of an earlier try. */
export async function createAccount(cloud: Google, project: string, name: string, displayName: string): Promise<void> {
  const body = { accountId: name, serviceAccount: { displayName: displayName.slice(0, 100) } }
  await cloud.call("POST", IAM, `/v1/projects/${project}/serviceAccounts`, body)
}

/** The project of an account. Refuses (502) when there is none. */
export async function projectOf(cloud: Google, email: string): Promise<string> {
  const { json } = await cloud.call("GET", IAM, resourceOf(email))
  return textOf(json.projectId)
}

export async function deleteAccount(cloud: Google, email: string): Promise<void> {
  await cloud.call("DELETE", IAM, resourceOf(email), undefined, [404])
}

export interface MadeKey {
  /** `projects/…/serviceAccounts/…/keys/…` */
  readonly name: string
  /** The credentials file, in Base64. */
  readonly data: string
  readonly algorithm: string
  readonly type: string
}

export const KEY_ALGORITHM = "KEY_ALG_RSA_2048"
export const KEY_TYPE = "TYPE_GOOGLE_CREDENTIALS_FILE"

export async function createKey(
  cloud: Google,
  email: string,
  { algorithm = KEY_ALGORITHM, type = KEY_TYPE } = {},
): Promise<MadeKey> {
  const body = { keyAlgorithm: algorithm, privateKeyType: type }
  const { json } = await cloud.call("POST", IAM, `${resourceOf(email)}/keys`, body)
  const { name, privateKeyData, keyAlgorithm, privateKeyType } = objectOf(json)
  return {
    name: textOf(name),
    data: textOf(privateKeyData),
    algorithm: textOf(keyAlgorithm) || algorithm,
    type: textOf(privateKeyType) || type,
  }
}

/** Deletes a key. Google answers 403 or 404 for one that is gone, or whose account is. */
export async function deleteKey(cloud: Google, name: string): Promise<void> {
  if (name !== "") await cloud.call("DELETE", IAM, `/v1/${name}`, undefined, [403, 404])
}
