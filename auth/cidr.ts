import { BlockList, isIP } from "node:net"

/** Whether an address lies in one of the networks; no networks is no bound, an unreadable address lies nowhere. */
export function isWithinCidrs(cidrs: readonly string[], address: string): boolean {
  if (cidrs.length === 0) return true
  const plain = address.replace(/^::ffff:(?=\d+\.)/, "")
  if (isIP(plain) === 0) return false
  const networks = new BlockList()
  for (const cidr of cidrs) {
    const [network = "", bits] = cidr.split("/")
    const family = isIP(network) === 6 ? "ipv6" : "ipv4"
    networks.addSubnet(network, bits === undefined ? (family === "ipv6" ? 128 : 32) : Number(bits), family)
  }
  return networks.check(plain, isIP(plain) === 6 ? "ipv6" : "ipv4")
}
