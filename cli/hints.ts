import { ApiError, ConnectionError } from "@arca/sdk"
import { variable } from "@arca/sdk/variable"
import type { Failure } from "./failure.ts"
import type { Io } from "./io.ts"

/** What a person may do next about a failure; nothing when we cannot tell. */
export function nextSteps({ cause }: Failure, io: Io): string[] {
  if (cause instanceof ConnectionError) return connectionSteps(cause, io)
  if (cause instanceof ApiError) return refusalSteps(cause, io)
  return []
}

function connectionSteps({ code, url }: ConnectionError, io: Io): string[] {
  const { origin, protocol, host } = new URL(url)
  const fromEnvironment = variable(io.env, "ADDR") !== undefined
  if (code === "ECONNREFUSED") {
    const set = fromEnvironment ? "ADDR names another server" : "no address is set"
    return [
      `Nothing answers at ${origin} (${set}). Is the server running?`,
      `    ${io.program} server -dev                      # start one to try things out`,
      `    export ${prefix(io)}_ADDR=http://127.0.0.1:8200    # or say where it is`,
    ].map((line, index) =>
      index === 0 && fromEnvironment ? `Nothing answers at ${origin}. Is the server running there?` : line,
    )
  }
  if (code === "EPROTO" || code.startsWith("ERR_SSL")) {
    return protocol === "https:"
      ? [`The server speaks plain HTTP. Use its address with http:`, `    export ${prefix(io)}_ADDR=http://${host}`]
      : []
  }
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID") {
    return [
      "The server's certificate is for another name. Use an address that it names, or say which name to expect:",
      `    export ${prefix(io)}_TLS_SERVER_NAME=name.in.the.certificate`,
    ]
  }
  if (CERTIFICATE.test(code)) {
    return [
      "No authority that this machine trusts has signed the server's certificate. Name the file with the one that did:",
      `    export ${prefix(io)}_CACERT=/path/to/ca.pem`,
    ]
  }
  return code === "TIMEOUT" ? [`The server took longer than ${prefix(io)}_CLIENT_TIMEOUT allows (60s unless set).`] : []
}

const CERTIFICATE = /^(DEPTH_ZERO_)?SELF_SIGNED_CERT|UNABLE_TO_(VERIFY|GET_ISSUER)/
const prefix = ({ program }: Io): string => program.toUpperCase()

function refusalSteps(error: ApiError, io: Io): string[] {
  const { status, errors, url, method, requestId } = error
  const said = errors.join("\n")
  if (/Client sent an HTTP request to an HTTPS server/.test(said)) {
    return [
      "The server wants TLS. Use its address with https:",
      `    export ${prefix(io)}_ADDR=https://${new URL(url).host}`,
    ]
  }
  if (status === 503 && /sealed/.test(said)) {
    return [
      "The server is sealed: it cannot read its own store yet. Give it the key shares:",
      `    ${io.program} operator unseal`,
    ]
  }
  if (status === 403) return deniedSteps(pathOf(url), operationOf(method, url), io)
  if (status >= 500 && requestId !== undefined) return [`The server's log says more under request id ${requestId}.`]
  return []
}

function deniedSteps(path: string, operation: string, { program }: Io): string[] {
  const title = "The token may not do this, or is no longer valid. To see which, and which rule decides:"
  const lookup = `    ${program} token lookup`
  const asked = path.replace(/^sys\/internal\/ui\/mounts\//, "")
  if (path === "sys/policies/explain" || program !== "arca")
    return [title, lookup, `    ${program} token capabilities PATH`]
  const explain = `    arca policy explain ${asked} ${operation}`
  if (asked === path) return [title, lookup, explain]
  // The engine could not even be found: the token has no rights below its mount.
  const [mount = "", ...key] = asked.split("/")
  const versioned = `    arca policy explain ${[mount, "data", ...key].join("/")} ${operation}    # where versions are kept`
  return [title, lookup, explain, ...(key.length > 0 ? [versioned] : [])]
}

const pathOf = (url: string): string => decodeURIComponent(new URL(url).pathname.replace(/^.*?\/v1\//, ""))

const OPERATIONS = new Map([
  ["GET", "read"],
  ["PUT", "update"],
  ["POST", "update"],
  ["PATCH", "patch"],
  ["DELETE", "delete"],
])

function operationOf(method: string, url: string): string {
  const query = new URL(url).searchParams
  const verb = ["list", "scan"].find(name => query.get(name) === "true")
  return verb ?? OPERATIONS.get(method) ?? "read"
}
