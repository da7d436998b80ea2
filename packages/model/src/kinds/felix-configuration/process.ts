import { anyCaseOf, findings, int, list, object, pattern, sparse, text } from '../../schema/fields.ts'
import { netComplaint } from '../../schema/formats.ts'
import { once } from '../../schema/once.ts'
import { goDuration } from '../../schema/values.ts'
import { choice, flag, loose, number, portNumber, regexp, seconds, string } from './fields.ts'

const severity = () => loose('Trace', 'Debug', 'Info', 'Warning', 'Error', 'Fatal')

const healthTimeoutOverride = once(() =>
  object({
    name: pattern(/^[a-zA-Z0-9_ -]+$/, 'letters, digits, space, "_" and "-"'),
    timeout: goDuration(),
  }).check(
    findings(function* ({ timeout }) {
      if (timeout.startsWith('-')) yield { at: ['timeout'], reason: 'Timeout should not be negative' }
    }),
  ),
)

const metricsHost = (value: string) =>
  /^[a-zA-Z0-9:._+-]{1,64}$/.test(value) ? undefined : 'must be a host name or address of at most 64 characters'

/** Logging, health, metrics, reporting, debugging and the runtime of the agent itself. */
export const processFields = () => ({
  logFilePath: string(),
  logSeverityFile: severity(),
  logSeverityScreen: severity(),
  logSeveritySys: severity(),
  logDebugFilenameRegex: regexp(),
  logPrefix: sparse(pattern(/^[a-zA-Z0-9%: /_-]*$/, 'letters, digits, space and %:/_-')),
  logActionRateLimit: sparse(
    pattern(/^[1-9][0-9]{0,3}\/(?:second|minute|hour|day)$/, 'a count of 1 to 9999 per unit, such as 10/minute'),
  ),
  logActionRateLimitBurst: number(0, 9999),
  healthEnabled: flag(),
  healthHost: string(),
  healthPort: number(),
  healthTimeoutOverrides: sparse(list(healthTimeoutOverride())),
  prometheusMetricsEnabled: flag(),
  prometheusMetricsHost: string(metricsHost),
  prometheusMetricsPort: number(),
  prometheusGoMetricsEnabled: flag(),
  prometheusProcessMetricsEnabled: flag(),
  prometheusWireGuardMetricsEnabled: flag(),
  prometheusMetricsCAFile: string(),
  prometheusMetricsCertFile: string(),
  prometheusMetricsKeyFile: string(),
  prometheusMetricsClientAuth: choice(
    'RequireAndVerifyClientCert',
    'RequireAnyClientCert',
    'VerifyClientCertIfGiven',
    'NoClientCert',
  ),
  reportingInterval: seconds(),
  reportingTTL: seconds(),
  endpointReportingEnabled: flag(),
  endpointReportingDelay: seconds(),
  endpointStatusPathPrefix: string(),
  usageReportingEnabled: flag(),
  usageReportingInitialDelay: seconds(),
  usageReportingInterval: seconds(),
  debugMemoryProfilePath: string(),
  debugDisableLogDropping: flag(),
  debugSimulateCalcGraphHangAfter: seconds(),
  debugSimulateDataplaneHangAfter: seconds(),
  debugSimulateDataplaneApplyDelay: seconds(),
  debugHost: string(),
  debugPort: portNumber(),
  flowLogsPolicyEvaluationMode: choice('None', 'Continuous'),
  flowLogsFlushInterval: seconds(),
  flowLogsCollectorDebugTrace: flag(),
  flowLogsGoldmaneServer: string(),
  flowLogsLocalReporter: choice('Disabled', 'Enabled'),
  goGCThreshold: number(-1),
  goMemoryLimitMB: number(-1),
  goMaxProcs: number(-1),
  cgroupV2Path: string(),
})

/** One entry of the failsafe lists. Felix takes the protocol in any case, and none for TCP. */
export const protoPort = once(() =>
  object({
    protocol: sparse(anyCaseOf('TCP', 'UDP', 'SCTP')),
    port: int(0, 65_535),
    net: sparse(text((value) => netComplaint(value))),
  }),
)
