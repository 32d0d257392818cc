/** A TCP proxy between a program and its server, which fails on demand. */

import { once } from "node:events"
import { connect, createServer, type Socket } from "node:net"

export interface Proxy {
  readonly port: number
  /** Ends all connections now; new ones are accepted. */
  cut(): void
  /** Nothing passes in either direction, and nobody is told, until `release`. */
  hold(): void
  release(): void
  /** From now on every `nth` piece that the server answers is lost, together with its connection; 0: none. */
  loseAnswers(nth: number): void
  stop(): Promise<void>
}

export async function startProxy(host: string, port: number): Promise<Proxy> {
  const sockets = new Set<Socket>()
  let held = false
  let losing = 0
  let pieces = 0
  const server = createServer(near => {
    const far = connect(port, host)
    const both = [near, far]
    for (const one of both) {
      sockets.add(one)
      one.on("error", () => undefined)
      one.on("close", () => {
        sockets.delete(one)
        for (const other of both) other.destroy()
      })
      if (held) one.pause()
    }
    near.on("data", data => void far.write(data))
    far.on("data", data => {
      if (losing > 0 && ++pieces % losing === 0) near.destroy()
      else near.write(data)
    })
  })
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  const address = server.address()
  if (address === null || typeof address === "string") throw new Error("No port")
  const each = (act: (socket: Socket) => void) => {
    for (const socket of sockets) act(socket)
  }
  return {
    port: address.port,
    cut: () => each(socket => socket.destroy()),
    hold: () => {
      held = true
      each(socket => socket.pause())
    },
    release: () => {
      held = false
      each(socket => socket.resume())
    },
    loseAnswers: nth => {
      losing = nth
    },
    stop: async () => {
      each(socket => socket.destroy())
      server.close()
      await once(server, "close")
    },
  }
}
