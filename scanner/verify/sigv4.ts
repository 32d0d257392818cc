import { createHash, createHmac } from "node:crypto"

export type AwsKeys = { id: string; secret: string; session?: string }

export type AwsRequest = {
  method: string
  host: string
  path: string
  query: string
  headers: Record<string, string>
  body: string
}

/**
 * Signs a request as AWS Signature Version 4 has it (docs.aws.amazon.com, "Create a signed AWS API request"). Time is
 * in seconds. Returns all headers to send but `host`.
 */
export function signed(
  request: AwsRequest,
  keys: AwsKeys,
  region: string,
  service: string,
  now: number,
): Record<string, string> {
  const stamp = `${new Date(now * 1000).toISOString().slice(0, 19).replaceAll(/[-:]/g, "")}Z`
  const day = stamp.slice(0, 8)
  const headers: Record<string, string> = {
    ...request.headers,
    "x-amz-date": stamp,
    ...(keys.session === undefined ? {} : { "x-amz-security-token": keys.session }),
  }
  const all = Object.entries({ ...headers, host: request.host }).map(
    ([name, value]) => [name.toLowerCase(), value.trim()] as const,
  )
  all.sort(([a], [b]) => (a < b ? -1 : 1))
  const names = all.map(([name]) => name).join(";")
  const canonical = [
    request.method,
    request.path,
    request.query,
    ...all.map(([name, value]) => `${name}:${value}`),
    "",
    names,
    sha256(request.body),
  ].join("\n")
  const scope = `${day}/${region}/${service}/aws4_request`
  const text = ["AWS4-HMAC-SHA256", stamp, scope, sha256(canonical)].join("\n")
  const key = [day, region, service, "aws4_request"].reduce<Buffer>(
    (from, part) => hmac(from, part),
    Buffer.from(`AWS4${keys.secret}`),
  )
  const signature = hmac(key, text).toString("hex")
  return {
    ...headers,
    authorization: `AWS4-HMAC-SHA256 Credential=${keys.id}/${scope}, SignedHeaders=${names}, Signature=${signature}`,
  }
}

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex")
const hmac = (key: Buffer, text: string) => createHmac("sha256", key).update(text).digest()

/**
 * The account that an access key belongs to is in its id (base32, then a shift): for keys made since 2019, whose
 * fifth letter is at least Q.
 */
export function accountOfKey(id: string): string | undefined {
  const text = id.slice(4)
  if (!/^[Q-Z2-7][A-Z2-7]{15}$/.test(text)) return undefined
  const bits = [...text].reduce(
    (value, char) => value * 32n + BigInt("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(char)),
    0n,
  )
  // 80 bits; the account is in the first 48, without the top and the lowest bits.
  const account = ((bits >> 32n) & 0x7fffffffff80n) >> 7n
  return account.toString().padStart(12, "0")
}
