/** The pod that this server runs in, if it runs in one. Tokens are read anew each time: kubelet replaces them. */

import { readFile } from "node:fs/promises"
import type { Pod } from "./config.ts"

const FOLDER = "/var/run/secrets/kubernetes.io/serviceaccount"

const read = (file: string): Promise<string | undefined> =>
  readFile(`${FOLDER}/${file}`, "utf8").then(
    text => (text.trim() === "" ? undefined : text),
    () => undefined,
  )

export const ownPod: Pod = {
  host: () => {
    const { KUBERNETES_SERVICE_HOST: host = "", KUBERNETES_SERVICE_PORT_HTTPS: port = "" } = process.env
    if (host === "" || port === "") return undefined
    return `https://${host.includes(":") ? `[${host}]` : host}:${port}`
  },
  certificate: () => read("ca.crt"),
  token: () => read("token"),
}
