/** Sockets: TCP with and without TLS, and Unix sockets; limits before any work is done. */

import { chmod, chown, rm } from "node:fs/promises"
import { createServer as createHttp, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import { createServer as createHttps } from "node:https"
import {
  type AddressInfo,
  type BlockList,
  createServer as createDoor,
  isIP,
  type Server as NetServer,
  type Socket,
} from "node:net"
import type { TLSSocket } from "node:tls"
import { blockListOf, isListed, unmapped } from "@arca/auth/cidr"
import type { Peer } from "../wire.ts"
import { limitArrival } from "./deadline.ts"
import { badCertificate, cannotListen } from "./failure.ts"
import type { ListenerOptions, ProxyProtocol } from "./options.ts"
import { type Header, type Origin, readHeader } from "./proxy-protocol.ts"
import { tlsContext } from "./tls.ts"
import { answerUnderWay, rescue, verbOf } from "./verbs.ts"

/** Answers one request. It must not reject. */
export type Handler = (message: IncomingMessage, response: ServerResponse, verb: string, peer: Peer) => Promise<void>

export interface Listener {
  /** Where it can be reached: `http://127.0.0.1:8200`, or the path of a Unix socket. */
  readonly address: string
  /** Reads the certificate files anew. Connections that are open keep theirs. */
  reload(): Promise<void>
  /** Takes no new connections, waits for the requests being answered, at most `seconds`. */
  close(seconds: number): Promise<void>
}

// Node lets a second Host pass and answers a missing one without a body: `hasOneHost` refuses both.
const REQUEST_LIMITS = { maxHeaderSize: 32 * 1024, requireHostHeader: false, keepAliveTimeout: 65_000 } as const

export async function listen(options: ListenerOptions, handler: Handler): Promise<Listener> {
  const tls = options.tls === undefined ? undefined : await tlsContext(options.tls)
  const limits = {
    ...REQUEST_LIMITS,
    headersTimeout: options.readHeaderTimeout * 1000,
    // Of the head alone; for the body see `deadline.ts`.
    requestTimeout: 0,
    keepAliveTimeout: options.idleTimeout * 1000,
  }
  const server: Server = tls === undefined ? createHttp(limits) : secured({ ...limits, ...tls }, options)
  server.maxHeadersCount = 128
  server.maxConnections = options.maxConnections
  const forwarders = blockListOf(options.forwardedFor?.authorized ?? [])
  server.on("request", (message: IncomingMessage, response: ServerResponse) => {
    for (const [name, value] of options.headers) response.setHeader(name, value)
    const verb = verbOf(message)
    const peer = peerOf(message, options, forwarders)
    if (!hasOneHost(message)) return refuseAtOnce(response, 400, "the request must name its host once")
    if (verb === undefined) return refuseAtOnce(response, 405, "unsupported operation")
    if (typeof peer === "string") return refuseAtOnce(response, 400, peer)
    limitArrival(message, response, options.readTimeout)
    void handler(message, response, verb, peer)
  })
  server.on("clientError", (error: Error, socket: Socket) => {
    if (rescue(server, error, socket)) return
    // In the midst of another answer this one would be taken for a part of it.
    if (socket.writable && !answerUnderWay(socket)?.headersSent) {
      const body = '{"errors":["the request could not be understood"]}\n'
      socket.write(
        `HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      )
    }
    socket.destroy()
  })
  const door = options.proxyProtocol === undefined ? server : behindProxy(server, options, options.proxyProtocol)
  await bind(door, options)
  return {
    address: addressOf(door, options, tls !== undefined),
    reload: async () => {
      if (options.tls !== undefined && "setSecureContext" in server) {
        ;(server as ReturnType<typeof createHttps>).setSecureContext(await tlsContext(options.tls))
      }
    },
    close: seconds => drain(server, door, seconds),
  }
}

function secured(options: Parameters<typeof createHttps>[0], { tls }: ListenerOptions): Server {
  try {
    return createHttps(options)
  } catch (error) {
    throw badCertificate(tls?.certFile ?? "", tls?.keyFile ?? "", error)
  }
}

async function bind(server: NetServer, options: ListenerOptions): Promise<void> {
  if (options.socket !== undefined) await rm(options.socket.path, { force: true })
  const target: { host?: string; port?: number; path?: string } =
    options.socket === undefined ? { host: options.host, port: options.port } : { path: options.socket.path }
  await new Promise<void>((resolve, reject) => {
    const fail = (error: Error): void => reject(cannotListen(target.path ?? `${target.host}:${target.port}`, error))
    server.once("error", fail)
    server.listen({ ...target, backlog: 1024 }, () => {
      server.off("error", fail)
      resolve()
    })
  })
  if (options.socket === undefined) return
  if (options.socket.mode !== undefined) await chmod(options.socket.path, options.socket.mode)
  if (options.socket.uid !== undefined && options.socket.gid !== undefined) {
    await chown(options.socket.path, options.socket.uid, options.socket.gid)
  }
}

function addressOf(server: NetServer, options: ListenerOptions, secure: boolean): string {
  if (options.socket !== undefined) return `unix://${options.socket.path}`
  const { address, port, family } = server.address() as AddressInfo
  return `${secure ? "https" : "http"}://${family === "IPv6" ? `[${address}]` : address}:${port}`
}

/** How often connections that have become idle meanwhile are closed; clients may keep them open for minutes. */
const SWEEP_MILLISECONDS = 50

async function drain(server: Server, door: NetServer, seconds: number): Promise<void> {
  const closed = new Promise<void>(resolve => door.close(() => resolve()))
  const deadline = setTimeout(() => server.closeAllConnections(), seconds * 1000)
  let sweeping: NodeJS.Timeout
  const sweep = () => {
    server.closeIdleConnections()
    sweeping = setTimeout(sweep, SWEEP_MILLISECONDS)
  }
  sweep()
  await closed.finally(() => clearTimeout(sweeping))
  clearTimeout(deadline)
}

/** RFC 9112, section 3.2: a request names its host exactly once; only HTTP/1.0 may do without. */
function hasOneHost({ rawHeaders, httpVersion }: IncomingMessage): boolean {
  let hosts = 0
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? ""
    if (name.length === 4 && name.toLowerCase() === "host") hosts++
  }
  return hosts === 1 || (hosts === 0 && httpVersion === "1.0")
}

/** Where the connections of proxies come from in truth, by the proxy's own address and port. */
const origins = new Map<string, Origin>()

const peerKey = (socket: Socket): string => `${socket.remoteAddress} ${socket.remotePort}`

/** A server in front of `server` that reads the PROXY header of each connection before it passes it on. */
function behindProxy(server: Server, options: ListenerOptions, rule: ProxyProtocol): NetServer {
  const proxies = blockListOf(rule.authorized)
  const door = createDoor(socket => {
    const peer = unmapped(socket.remoteAddress ?? "")
    const authorized = rule.behavior === "use_always" || isListed(proxies, peer)
    if (!authorized && rule.behavior === "deny_unauthorized") return void socket.destroy()
    const key = peerKey(socket)
    const decide = (header: Header | undefined): boolean => {
      if (header?.origin !== undefined && authorized) origins.set(key, header.origin)
      return true
    }
    socket.on("close", () => origins.delete(key))
    readHeader(socket, options.readHeaderTimeout * 1000, decide, rest => {
      // A TLS server reads what is there when it takes a socket at rest; a plain one is given it afterwards.
      if (options.tls !== undefined) {
        socket.pause()
        if (rest.length > 0) socket.unshift(rest)
      }
      server.emit("connection", socket)
      if (options.tls === undefined) socket.unshift(rest)
      else process.nextTick(() => socket.resume())
    })
  })
  door.maxConnections = options.maxConnections
  return door
}

function refuseAtOnce(response: ServerResponse, status: number, text: string): void {
  const body = `${JSON.stringify({ errors: [text] })}\n`
  const length = Buffer.byteLength(body)
  response.writeHead(status, { "Content-Type": "application/json", "Content-Length": length, Connection: "close" })
  response.end(body)
}

/** The client's address: the socket's, or what a proxy that may say so says. A sentence when the request must be refused. */
function peerOf(message: IncomingMessage, options: ListenerOptions, forwarders: BlockList): Peer | string {
  const { socket } = message
  const origin = origins.size === 0 ? undefined : origins.get(peerKey(socket))
  const address = unmapped(origin?.address ?? socket.remoteAddress ?? "")
  const direct: Peer = { address, port: origin?.port ?? socket.remotePort ?? 0, certificate: certificateOf(socket) }
  const rule = options.forwardedFor
  if (rule === undefined) return direct
  const isForwarder = isListed(forwarders, address)
  const chain = [message.headersDistinct["x-forwarded-for"] ?? []]
    .flat()
    .flatMap(value => value.split(","))
    .map(one => one.trim())
  if (chain.length === 0) return rule.rejectNotPresent && isForwarder ? "missing x-forwarded-for header" : direct
  if (!isForwarder) return rule.rejectNotAuthorized ? "client address not authorized for x-forwarded-for" : direct
  const original = chain.at(-1 - rule.hopSkips)
  if (original === undefined) return "malformed x-forwarded-for header: fewer hops than configured"
  const [, host = original] = /^\[(.+)\](?::\d+)?$/.exec(original) ?? /^([^:]+)(?::\d+)?$/.exec(original) ?? []
  return isIP(host) === 0 ? "malformed x-forwarded-for header" : { ...direct, address: host }
}

function certificateOf(socket: Socket): Uint8Array | undefined {
  if (!("getPeerX509Certificate" in socket)) return undefined
  return (socket as TLSSocket).getPeerX509Certificate()?.raw
}
