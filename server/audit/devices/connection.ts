/** Stream and datagram connections that are made when needed, and made again after a failure. */

import { createSocket, type Socket as DatagramSocket } from "node:dgram"
import { once } from "node:events"
import { connect, isIPv6, type Socket } from "node:net"
import { Invalid } from "./options.ts"
import { linesOf, reasonOf, type Sink, Undelivered } from "./sink.ts"

export type Address =
  | { readonly kind: "unix"; readonly path: string }
  | { readonly kind: "tcp" | "udp"; readonly host: string; readonly port: number }

/** Turns a host into the address to connect to, or throws when connections to it are not permitted. */
export type Resolve = (host: string) => Promise<string>

/** `host:port`, with an IPv6 address in brackets. */
export function inetAddress(kind: "tcp" | "udp", text: string): Address {
  const [, bracketed, plain, port = ""] = /^(?:\[([^\]]+)\]|([^:/\s]+)):(\d{1,5})$/.exec(text) ?? []
  const host = bracketed ?? plain
  if (host === undefined || Number(port) > 65535) throw new Invalid(`Cannot read address "${text}": expected host:port`)
  return { kind, host, port: Number(port) }
}

export const addressText = (address: Address): string =>
  address.kind === "unix" ? address.path : `${address.host}:${address.port}`

/** How the lines of a batch are laid out on the wire. */
export type Framing = (batch: Buffer) => Buffer
/** Sent once at the start of each connection. */
export type Greeting = string | undefined

const unreachable = (address: Address, cause: unknown): Undelivered =>
  new Undelivered(`cannot connect to ${address.kind} "${addressText(address)}": ${reasonOf(cause)}`, {
    untouched: true,
    cause,
  })

/** A TCP or unix stream. */
export function streamConnection(
  address: Extract<Address, { kind: "unix" | "tcp" }> | Address,
  resolve: Resolve,
  frame: Framing = batch => batch,
  greeting?: Greeting,
): Sink {
  let socket: Socket | undefined
  const dropped = (): void => {
    // With an error, so that whoever waits for the connection or a write hears of it.
    socket?.destroy(new Error("the connection was given up"))
    socket = undefined
  }
  const connected = async (): Promise<Socket> => {
    // A peer that has hung up says so before the next write: what would be written to it now would be lost.
    if (socket?.writable && !socket.readableEnded) return socket
    dropped()
    const fresh =
      address.kind === "unix"
        ? connect({ path: address.path })
        : connect({ host: await resolve(address.host), port: address.port, noDelay: true })
    socket = fresh
    fresh.on("error", () => {})
    fresh.unref()
    await once(fresh, "connect")
    fresh.resume()
    if (greeting !== undefined) fresh.write(greeting)
    return fresh
  }
  const connectedOrSaid = (): Promise<Socket> =>
    connected().catch(error => {
      dropped()
      throw unreachable(address, error)
    })

  return {
    async write(lines) {
      const bytes = frame(lines)
      const failure = await sent(await connectedOrSaid(), bytes)
      if (failure === undefined) return
      dropped()
      // The peer went away since the last write: once more to its successor, as Vault does.
      const again = GONE.has(reasonOf(failure)) ? await sent(await connectedOrSaid(), bytes) : failure
      if (again === undefined) return
      dropped()
      throw new Undelivered(`cannot write to ${address.kind} "${addressText(address)}": ${reasonOf(again)}`, {
        untouched: false,
        cause: again,
      })
    },
    interrupt: dropped,
    async reload() {
      dropped()
      await connectedOrSaid()
    },
    async close() {
      socket?.end()
      socket = undefined
    },
  }
}

const GONE = new Set(["EPIPE", "ECONNRESET"])

const sent = (socket: Socket, bytes: Buffer): Promise<Error | undefined> =>
  new Promise(resolve => {
    const closed = (): void => resolve(new Error("the connection was closed"))
    socket.once("close", closed)
    socket.write(bytes, error => {
      socket.off("close", closed)
      resolve(error ?? undefined)
    })
  })

/** UDP: one datagram a line. Nobody says whether it arrived; only a refusal by the host is noticed. */
export function datagramConnection(
  address: Extract<Address, { kind: "tcp" | "udp" }>,
  resolve: Resolve,
  frame: (line: Buffer) => Buffer = line => line,
): Sink {
  let socket: DatagramSocket | undefined
  const dropped = (): void => {
    socket?.close()
    socket = undefined
  }
  const connected = async (): Promise<DatagramSocket> => {
    if (socket !== undefined) return socket
    const host = await resolve(address.host)
    const fresh = createSocket(isIPv6(host) ? "udp6" : "udp4")
    fresh.unref()
    fresh.connect(address.port, host)
    await once(fresh, "connect")
    fresh.on("error", () => {
      if (socket === fresh) dropped()
    })
    socket = fresh
    return fresh
  }
  return {
    async write(lines) {
      const open = await connected().catch(error => {
        throw unreachable(address, error)
      })
      let taken = 0
      for (const line of linesOf(lines)) {
        const failure = await datagramSent(open, frame(line))
        if (failure === undefined) {
          taken++
          continue
        }
        const message = `cannot send to udp "${addressText(address)}": ${reasonOf(failure)}`
        throw new Undelivered(message, { untouched: taken === 0, cause: failure })
      }
    },
    interrupt: dropped,
    async reload() {
      dropped()
      await connected()
    },
    close: async () => dropped(),
  }
}

const datagramSent = (socket: DatagramSocket, line: Buffer): Promise<Error | undefined> =>
  new Promise(resolve => {
    socket.send(line, error => resolve(error ?? undefined))
  })
