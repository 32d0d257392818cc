import { lookup } from "node:dns/promises"
import { BlockList, isIP } from "node:net"

// Special-purpose addresses (RFC 6890 and its registries): a name that leads to one is no public issuer.
const special = new BlockList()
for (const [net, prefix] of [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 4],
  ["240.0.0.0", 4],
] as const)
  special.addSubnet(net, prefix, "ipv4")
for (const [net, prefix] of [
  ["::", 127],
  ["64:ff9b:1::", 48],
  ["100::", 64],
  ["2001::", 23],
  ["2001:db8::", 32],
  ["fc00::", 7],
  ["fe80::", 10],
  ["ff00::", 8],
] as const)
  special.addSubnet(net, prefix, "ipv6")

/** Whether an address is not one of the public internet. IPv4 within IPv6 counts as what it holds. */
export function isSpecial(address: string): boolean {
  const family = isIP(address)
  if (family === 4) return special.check(address, "ipv4")
  const mapped = /^(?:::ffff:|64:ff9b::)(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1]
  return mapped === undefined ? family === 0 || special.check(address, "ipv6") : isSpecial(mapped)
}

/** All addresses of a name (or the address itself). */
export async function addressesOf(host: string): Promise<{ address: string; family: number }[]> {
  const bare = host.replace(/^\[|\]$/g, "")
  const family = isIP(bare)
  return family === 0 ? await lookup(bare, { all: true }) : [{ address: bare, family }]
}
