/** The audit: records of every request and response, in Vault's form, chained and signed. */

export { type AuditBroker, AuditFailed } from "./broker.ts"
export type {
  AuditContext,
  AuditDevice,
  AuditedHeaders,
  ChainState,
  Checkpoint,
  DeviceEvent,
  DeviceOptions,
} from "./device.ts"
export type {
  AuditAuth,
  AuditData,
  AuditedRequest,
  AuditedResponse,
  AuditHeaders,
  AuditMount,
  AuditPolicy,
  AuditPolicyResults,
  AuditRequest,
  AuditResponse,
  AuditWrapInfo,
  PlainKeys,
} from "./record.ts"
