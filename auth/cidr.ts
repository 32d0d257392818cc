/** Addresses and networks, read and compared in one place: bound CIDRs, proxies that are trusted, where engines may connect to. */

import { BlockList, isIP } from "node:net"

export interface Network {
  readonly address: string
  readonly family: "ipv4" | "ipv6"
  readonly bits: number
}

/** Reads a network in CIDR form, or a single address; undefined when it is neither. */
export function networkOf(text: string): Network | undefined {
  const [address = "", bits, ...more] = text.split("/")
  const version = isIP(address)
  const most = version === 6 ? 128 : 32
  if (version === 0 || more.length > 0 || (bits !== undefined && !/^\d{1,3}$/.test(bits))) return undefined
  const length = bits === undefined ? most : Number(bits)
  return length > most ? undefined : { address, bits: length, family: version === 6 ? "ipv6" : "ipv4" }
}

/** Networks to look addresses up in. Throws for what is no network: whoever reads them says so first. */
export function blockListOf(networks: readonly string[]): BlockList {
  const list = new BlockList()
  for (const text of networks) {
    const network = networkOf(text)
    if (network === undefined) throw new Error(`${JSON.stringify(text)} is no network`)
    list.addSubnet(network.address, network.bits, network.family)
  }
  return list
}

/** Whether an address lies in a list; an unreadable one lies nowhere. */
export const isListed = (list: BlockList, address: string): boolean =>
  isIP(address) !== 0 && list.check(address, isIP(address) === 6 ? "ipv6" : "ipv4")

/** An IPv4 address that a socket for both families shows as an IPv6 one (`::ffff:192.0.2.1`), as IPv4. */
export const unmapped = (address: string): string => address.replace(/^::ffff:(?=\d+\.)/, "")

function holds(network: Network, inner: string): boolean {
  const list = new BlockList()
  list.addSubnet(network.address, network.bits, network.family)
  return isListed(list, inner)
}

/** Whether an address lies in one of the networks; no networks is no bound, an unreadable address lies nowhere. */
export function isWithinCidrs(cidrs: readonly string[], address: string): boolean {
  if (cidrs.length === 0) return true
  const plain = unmapped(address)
  return cidrs.some(cidr => {
    const network = networkOf(cidr)
    return network !== undefined && holds(network, plain)
  })
}

/** Whether a network lies as a whole in one of the others. */
export function isNetworkWithin(outer: readonly string[], inner: string): boolean {
  const network = networkOf(inner)
  if (network === undefined) return false
  return outer.some(cidr => {
    const other = networkOf(cidr)
    return other?.family === network.family && other.bits <= network.bits && holds(other, network.address)
  })
}
