/** The SDK's clients, which load when the first call is made, and go out by `ctx.outbound` alone. */

import { awsRequestHandler, type Context, Refusal } from "@arca/api"
import type { IAMClient } from "@aws-sdk/client-iam"
import type { STSClient } from "@aws-sdk/client-sts"
import { library } from "../library.ts"
import { NoAccount, ownAccount } from "./own-account.ts"
import { endpointOf, type Root, root } from "./root.ts"

export const iamLibrary = () => library("@aws-sdk/client-iam", () => import("@aws-sdk/client-iam"))
export const stsLibrary = () => library("@aws-sdk/client-sts", () => import("@aws-sdk/client-sts"))

const DEFAULT_REGION = "us-east-1"

function settings(ctx: Context, given: Root | undefined, endpoint: string) {
  const { access_key: accessKeyId = "", secret_key: secretAccessKey = "", region = "", max_retries = -1 } = given ?? {}
  return {
    region: region || DEFAULT_REGION,
    requestHandler: awsRequestHandler(ctx.outbound),
    ...(endpoint === "" ? {} : { endpoint: endpointOf(endpoint) }),
    ...(max_retries < 0 ? {} : { maxAttempts: max_retries + 1 }),
    credentials:
      accessKeyId === ""
        ? ownAccount(ctx.outbound, region || process.env.AWS_REGION || DEFAULT_REGION)
        : { accessKeyId, secretAccessKey },
  }
}

export async function iamClient(ctx: Context, given?: Root): Promise<IAMClient> {
  const { IAMClient } = await iamLibrary()
  const config = given ?? (await root.get(ctx.store))
  return new IAMClient(settings(ctx, config, config?.iam_endpoint ?? ""))
}

export async function stsClient(ctx: Context): Promise<STSClient> {
  const { STSClient } = await stsLibrary()
  const config = await root.get(ctx.store)
  const regional = config && { ...config, region: config.sts_region || config.region }
  return new STSClient(settings(ctx, regional, config?.sts_endpoint ?? ""))
}

/** What AWS calls a failure: `NoSuchEntityException`; undefined when it is not AWS's. */
export function awsCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("$metadata" in error)) return undefined
  return error.name
}

export const isMissing = (error: unknown): boolean => /^NoSuchEntity/.test(awsCode(error) ?? "")
export const isTaken = (error: unknown): boolean => /^EntityAlreadyExists/.test(awsCode(error) ?? "")

/** Whether nothing was made for sure: AWS said no, or was not asked. */
export const madeNothing = (error: unknown): boolean => awsCode(error) !== undefined || error instanceof NoAccount

/** AWS's failure as a sentence: its name and the first line of its words. (Later lines may repeat what was signed.) */
export function told(error: unknown, doing: string): unknown {
  const code = awsCode(error)
  if (error instanceof NoAccount) return error.refusal
  if (error instanceof Refusal || code === undefined || !(error instanceof Error)) return error
  const [first = ""] = error.message.split("\n")
  const { httpStatusCode = 500 } = (error as { $metadata?: { httpStatusCode?: number } }).$metadata ?? {}
  const isOurs = httpStatusCode >= 400 && httpStatusCode < 500 && httpStatusCode !== 429 && code !== "Throttling"
  return new Refusal(isOurs ? 400 : 502, [`${doing}: ${code}: ${first.slice(0, 400)}`])
}

/** Runs a call of the SDK, and words its failure. */
export async function doing<T>(what: string, call: Promise<T>): Promise<T> {
  return call.catch((error: unknown) => {
    throw told(error, what)
  })
}
