import type { Outgoing } from "./verifier.ts"

/** A request for people to read, with every form of the secrets in it hidden. */
export function mask({ method, url, headers, body, hide = [] }: Outgoing, secrets: readonly string[]): string {
  const lines = [
    `${method} ${url}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    ...(body === undefined ? [] : ["", body]),
  ]
  return formsOf([...secrets, ...hide]).reduce((text, form) => text.replaceAll(form, hidden(form)), lines.join("\n"))
}

/** Longest first, so that no part of a longer one is left over. */
function formsOf(secrets: readonly string[]): string[] {
  const forms = secrets.flatMap(secret => [
    secret,
    encodeURIComponent(secret),
    JSON.stringify(secret).slice(1, -1),
    new URLSearchParams([["", secret]]).toString().slice(1),
    Buffer.from(secret).toString("base64"),
  ])
  return [...new Set(forms)].filter(form => form !== "").sort((a, b) => b.length - a.length)
}

/** The start of a long secret tells its kind and not its value. */
const hidden = (secret: string) => (secret.length >= 24 ? `${secret.slice(0, 4)}…` : "…")
