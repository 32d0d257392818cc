/** The `outbound` stanza: where engines may connect to. */

import { attribute, type HclBlock, HclError, readBool, readStrings } from "@arca/hcl"
import { networkOf, OUTBOUND_DEFAULTS, type OutboundRules } from "../outbound.ts"

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
  const given = readStrings(item)
  const wrong = given.find(text => networkOf(text) === undefined)
  if (wrong !== undefined)
    throw new HclError(`${name}: ${JSON.stringify(wrong)} is no network; write it like "10.0.0.0/8"`, item.position)
  return given
}
