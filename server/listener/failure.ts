/** Why a listener could not be opened, in words for the operator. */

export class ListenerFailed extends Error {
  override readonly name = "ListenerFailed"
}

const ADVICE: Readonly<Record<string, string>> = {
  EADDRINUSE:
    "something listens there already, perhaps another server. Stop it, or choose another address (`address` of the listener; -dev-listen-address with -dev)",
  EADDRNOTAVAIL: "no network interface of this machine has this address",
  EACCES:
    "this user may not. A port below 1024 takes root or CAP_NET_BIND_SERVICE, a socket a directory that can be written to",
  ENOENT: "its directory does not exist",
  ENOTFOUND: "the name has no address",
}

/** The system does not give us `address`. */
export const cannotListen = (address: string, cause: NodeJS.ErrnoException): ListenerFailed =>
  new ListenerFailed(`cannot listen on ${address}: ${ADVICE[cause.code ?? ""] ?? cause.message}`, { cause })

export const unreadableFile = (key: string, path: string, cause: unknown): ListenerFailed =>
  new ListenerFailed(`cannot read ${key} ${JSON.stringify(path)}: ${textOf(cause)}`, { cause })

/** What OpenSSL says of a certificate and its key: that one is none, or that they do not belong together. */
export const badCertificate = (certFile: string, keyFile: string, cause: unknown): ListenerFailed =>
  new ListenerFailed(
    `the certificate ${JSON.stringify(certFile)} cannot be used with the key ${JSON.stringify(keyFile)}: ${textOf(cause)}. ` +
      "Both must be in PEM, the certificate first in its file, and the key must be the certificate's own",
    { cause },
  )

const textOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause))
