import { routesOf } from "@arca/api"
import type { ServerContext } from "../server.ts"

/** Declares a route of the server itself: its handler sees the server's parts. */
export const sysRoute = routesOf<ServerContext>()
