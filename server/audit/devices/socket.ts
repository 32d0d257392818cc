/** The socket device: lines over TCP or a unix stream, or one datagram a line over UDP. */

import { type Address, datagramConnection, inetAddress, type Resolve, streamConnection } from "./connection.ts"
import { Invalid, type Options } from "./options.ts"
import type { Sink } from "./sink.ts"

const TYPES = new Map<string, (address: string, resolve: Resolve) => Sink>([
  ["tcp", (address, resolve) => streamConnection(inetAddress("tcp", address), resolve)],
  ["udp", (address, resolve) => datagram(inetAddress("udp", address), resolve)],
  ["unix", (path, resolve) => streamConnection({ kind: "unix", path }, resolve)],
])

export function socketSink(options: Options, resolve: Resolve): Sink {
  const address = options.address
  if (!address) throw new Invalid("address is required")
  const type = options.socket_type ?? "tcp"
  const open = TYPES.get(type)
  if (open === undefined) {
    throw new Invalid(`Cannot use socket_type "${type}": expected one of ${[...TYPES.keys()].join(", ")}`)
  }
  return open(address, resolve)
}

function datagram(address: Address, resolve: Resolve): Sink {
  if (address.kind === "unix") throw new Invalid("datagrams go over udp only")
  return datagramConnection(address, resolve)
}
