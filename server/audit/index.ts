/** The audit: records of every request and response, in Vault's form, chained and signed. */

export {
  type AuditBroker,
  AuditFailed,
  type AuditMetrics,
  auditBroker,
  type BrokerOptions,
  type EnableOptions,
} from "./broker.ts"
export type { StoreSeen } from "./checkpoint.ts"
export type {
  AuditContext,
  AuditDevice,
  AuditedHeaders,
  ChainState,
  Checkpoint,
  CloseReason,
  DeviceEvent,
  DeviceOptions,
} from "./device.ts"
export { Invalid } from "./devices/options.ts"
export { openDevice } from "./open.ts"
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
export {
  type Finding,
  type FindingKind,
  type Progress,
  type Verification,
  type VerifiedChain,
  type VerifyOptions,
  verifyAudit,
  type Witness,
} from "./verify.ts"
