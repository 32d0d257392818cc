import type { InFlight, Request } from "./server.ts"

/** Keeps count of the requests being answered. `now` is seconds since 1970. */
export function inFlightRequests(now: () => number): InFlight {
  const all = new Map<string, { readonly request: Request; readonly startedAt: number }>()
  return {
    all,
    begin: request => {
      all.set(request.id, { request, startedAt: now() })
      return () => all.delete(request.id)
    },
  }
}
