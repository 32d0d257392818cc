import { BlockList, isIP } from "node:net"

interface Network {
  readonly address: string
  readonly family: "ipv4" | "ipv6"
  readonly bits: number
}

/** Undefined for what is no network. */
function networkOf(cidr: string): Network | undefined {
  const [address = "", text] = cidr.split("/")
  const version = isIP(address)
  const most = version === 6 ? 128 : 32
  const bits = text === undefined ? most : Number(text)
  if (version === 0 || !Number.isInteger(bits) || bits < 0 || bits > most) return undefined
  return { address, family: version === 6 ? "ipv6" : "ipv4", bits }
}

function holds({ address, family, bits }: Network, inner: string): boolean {
  const list = new BlockList()
  list.addSubnet(address, bits, family)
  return list.check(inner, isIP(inner) === 6 ? "ipv6" : "ipv4")
}

/** Whether an address lies in one of the networks; no networks is no bound, an unreadable address lies nowhere. */
export function isWithinCidrs(cidrs: readonly string[], address: string): boolean {
  if (cidrs.length === 0) return true
  const plain = address.replace(/^::ffff:(?=\d+\.)/, "")
  if (isIP(plain) === 0) return false
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
