import { readFile } from "node:fs/promises"
import { Failure } from "./failure.ts"

/**
 * Public PGP keys in the files named in `list` (separated by commas), as base64 of the binary key, which the API takes. A
 * file may be binary, armored, or base64 already. Names of Keybase users (`keybase:name`) are looked up there.
 */
export async function pgpKeys(list: string): Promise<string[]> {
  const names = list
    .split(",")
    .map(one => one.trim())
    .filter(one => one !== "")
  return Promise.all(names.map(name => (name.startsWith("keybase:") ? fromKeybase(name.slice(8)) : fromFile(name))))
}

async function fromFile(path: string): Promise<string> {
  const bytes = await readFile(path).catch(error => {
    throw new Failure(`Error reading PGP key "${path}": ${error.message}`, 1)
  })
  const text = bytes.toString("latin1").trim()
  if (text.startsWith("-----BEGIN PGP")) return dearmored(text, path)
  return /^[A-Za-z0-9+/\s]+=*$/.test(text) ? text.replace(/\s/g, "") : bytes.toString("base64")
}

async function fromKeybase(user: string): Promise<string> {
  const url = `https://keybase.io/${encodeURIComponent(user)}/pgp_keys.asc`
  const reply = await fetch(url).catch(error => {
    throw new Failure(`Error fetching the key of Keybase user "${user}": ${error.message}`, 1)
  })
  if (!reply.ok) throw new Failure(`Keybase has no key of user "${user}" (status ${reply.status})`, 1)
  return dearmored(await reply.text(), url)
}

/** What is between the headers and the checksum (RFC 9580 section 6.2). */
function dearmored(text: string, source: string): string {
  const body =
    /-----BEGIN PGP PUBLIC KEY BLOCK-----\r?\n(?:[^\r\n]+:[^\r\n]*\r?\n)*\r?\n([A-Za-z0-9+/=\s]+?)(?:\r?\n=[A-Za-z0-9+/]{4})?\s*-----END/.exec(
      text,
    )?.[1]
  if (body === undefined) throw new Failure(`"${source}" holds no armored public PGP key`, 1)
  return body.replace(/\s/g, "")
}
