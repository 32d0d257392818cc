import { type Client, parseSecret, type Secret } from "@arca/sdk"

/** Sends a POST, the verb of Vault's own client for these paths. */
export async function post(server: Client, path: string, body?: object): Promise<Secret> {
  const reply = await server.request({ method: "POST", path, ...(body === undefined ? {} : { body }) })
  return parseSecret(await reply.text()) ?? NOTHING
}

/** An empty reply: done, nothing to say. */
export const NOTHING: Secret = {
  request_id: "",
  lease_id: "",
  lease_duration: 0,
  renewable: false,
  data: null,
  warnings: null,
  auth: null,
  wrap_info: null,
}

export const put = async (server: Client, path: string, body: object): Promise<Secret> =>
  (await server.write(path, body)) ?? NOTHING
