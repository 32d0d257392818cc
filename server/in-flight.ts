import type { JsonObject, Operation } from "@arca/api"
import type { Begun, InFlight } from "./server.ts"

/** Keeps count of the requests being answered. `now` is seconds since 1970. */
export function inFlightRequests(now: () => number): InFlight {
  const all = new Set<Begun>()
  return {
    all,
    shown: () => Object.fromEntries([...all].map(begun => [begun.request.id, shown(begun)])),
    begin: request => {
      const begun = { request, startedAt: now() }
      all.add(begun)
      return begun
    },
    end: begun => void all.delete(begun),
  }
}

const METHODS: Readonly<Record<Operation, string>> = {
  read: "GET",
  list: "LIST",
  scan: "SCAN",
  create: "POST",
  update: "POST",
  patch: "PATCH",
  delete: "DELETE",
  help: "HELP",
}

const shown = ({ request: { remoteAddress, path, operation }, startedAt }: Begun): JsonObject => ({
  start_time: new Date(startedAt * 1000).toISOString(),
  client_remote_address: remoteAddress,
  request_path: `/v1/${path}`,
  request_method: METHODS[operation],
  client_id: "",
})
