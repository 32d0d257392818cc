import type { Outgoing } from "./verifier.ts"

/** A request for people to read, with every form of the secrets in it hidden. */
export function mask({ method, url, headers, body, hide = [] }: Outgoing, secrets: readonly string[]): string {
  const lines = [
    `${method} ${url}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    ...(body === undefined ? [] : ["", body]),
  ]
  return [...formsOf([...secrets, ...hide])].reduce(
    (text, [form, shown]) => text.replaceAll(form, shown),
    lines.join("\n"),
  )
}

/** Each form with what stands for it; longest first, so that no part of a longer one is left over. */
function formsOf(secrets: readonly string[]): [string, string][] {
  const forms = secrets.flatMap(secret =>
    [
      secret,
      encodeURIComponent(secret),
      JSON.stringify(secret).slice(1, -1),
      new URLSearchParams([["", secret]]).toString().slice(1),
      Buffer.from(secret).toString("base64"),
    ].map((form): [string, string] => [form, startOf(secret)]),
  )
  return [...new Map(forms)].filter(([form]) => form !== "").sort(([a], [b]) => b.length - a.length)
}

/** The start of a long secret tells its kind and not its value. */
const startOf = (secret: string) => (secret.length >= 24 ? `${secret.slice(0, 4)}…` : "…")
