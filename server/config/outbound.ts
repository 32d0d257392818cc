/** The `outbound` stanza: where engines may connect to. */

import { attribute, type HclBlock, readBool, readStrings } from "@arca/hcl"
import { OUTBOUND_DEFAULTS, type OutboundRules } from "../outbound.ts"
import { checkedNetworks } from "./values.ts"

/** Reads the stanza; networks are checked here, where the file and line are known. */
export function outboundRules(body: HclBlock["body"]): OutboundRules {
  const privateNetworks = attribute(body, "private_networks")
  return {
    allow: networks(body, "allow"),
    deny: networks(body, "deny"),
    privateNetworks: privateNetworks === undefined ? OUTBOUND_DEFAULTS.privateNetworks : readBool(privateNetworks),
  }
}

function networks(body: HclBlock["body"], name: string): readonly string[] {
  const item = attribute(body, name)
  if (item === undefined) return []
  return checkedNetworks(readStrings(item), name, item.position)
}
