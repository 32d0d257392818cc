/** HCL1, the language of Vault's policies and configuration: read with places, decoded, formatted. Runs in a browser as well. */
export {
  attribute,
  blocks,
  checkKeys,
  type HclBlock,
  type HclPlain,
  plain,
  plainObject,
  readBool,
  readInteger,
  readString,
  readStrings,
} from "./decode.ts"
export { HclError, type Position } from "./error.ts"
export { formatHcl } from "./format.ts"
export { editDistance, nearest } from "./nearest.ts"
export { DEFAULT_LIMITS, type HclLimits, parseHcl } from "./parser.ts"
export type {
  CommentGroup,
  HclBool,
  HclFile,
  HclItem,
  HclKey,
  HclList,
  HclLiteral,
  HclNull,
  HclNumber,
  HclObject,
  HclString,
  HclValue,
} from "./tree.ts"
