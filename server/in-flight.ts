import type { JsonObject, Operation } from "@arca/api"
import type { InFlight, Request } from "./server.ts"

/** Keeps count of the requests being answered. `now` is seconds since 1970. */
export function inFlightRequests(now: () => number): InFlight {
  const all = new Map<string, { readonly request: Request; readonly startedAt: number }>()
  return {
    all,
    shown: () => Object.fromEntries([...all].map(([id, { request, startedAt }]) => [id, shown(request, startedAt)])),
    begin: request => {
      all.set(request.id, { request, startedAt: now() })
      return () => all.delete(request.id)
    },
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

const shown = ({ remoteAddress, path, operation }: Request, startedAt: number): JsonObject => ({
  start_time: new Date(startedAt * 1000).toISOString(),
  client_remote_address: remoteAddress,
  request_path: `/v1/${path}`,
  request_method: METHODS[operation],
  client_id: "",
})
