import { annotationsCheck, labelsCheck } from '../metadata/metadata.ts'
import { referenceComplaint } from '../metadata/names.ts'
import { re2Complaint } from '../scalars/re2.ts'
import { defaulted, findings, int, list, object, oneOf, optional, record, sparse, text } from '../schema/fields.ts'
import { cidrComplaint } from '../schema/formats.ts'
import type { Infer } from '../schema/infer.ts'
import { once } from '../schema/once.ts'
import { goDuration, selector } from '../schema/values.ts'
import { autoHostEndpointFindings } from './kube-controllers-configuration-checks.ts'
import type { Resource } from './resource.ts'

const mode = () => sparse(oneOf('Enabled', 'Disabled'))

/** Host endpoints that are made for every node. An empty `nodeSelector` means all nodes (spec 01 §1.16). */
const hostEndpointTemplate = once(() =>
  object({
    generateName: sparse(text(referenceComplaint, 253)),
    interfaceCIDRs: sparse(list(text((value) => cidrComplaint(value)))),
    interfacePattern: sparse(text(re2Complaint)),
    labels: sparse(record(text()).check(labelsCheck())),
    annotations: sparse(record(text()).check(annotationsCheck())),
    nodeSelector: sparse(selector()),
  }),
)

const autoHostEndpoints = once(() =>
  object({
    autoCreate: mode(),
    createDefaultHostEndpoint: mode(),
    templates: sparse(list(hostEndpointTemplate())),
  }).check(findings(autoHostEndpointFindings)),
)

const reconciled = () => ({ reconcilerPeriod: optional(goDuration()) })

const nodeController = once(() =>
  object({
    ...reconciled(),
    syncLabels: mode(),
    hostEndpoint: optional(autoHostEndpoints()),
    /** How long an address may be nobody's before it is taken back; 0: for ever. */
    leakGracePeriod: optional(goDuration()),
  }),
)

/** A controller that is absent is off. */
const controllers = once(() =>
  object({
    node: optional(nodeController()),
    policy: optional(object(reconciled())),
    workloadEndpoint: optional(object(reconciled())),
    serviceAccount: optional(object(reconciled())),
    namespace: optional(object(reconciled())),
    loadBalancer: optional(
      object({ assignIPs: defaulted(oneOf('AllServices', 'RequestedServicesOnly'), 'AllServices') }),
    ),
    migration: optional(object({ policyNameMigrator: defaulted(oneOf('Enabled', 'Disabled'), 'Enabled') })),
  }),
)

/** Of absent fields: severity Info, compaction every 10 minutes, reconciliation every 5. */
export const kubeControllersConfigurationSpec = once(() =>
  object({
    logSeverityScreen: sparse(oneOf('None', 'Debug', 'Info', 'Warning', 'Error', 'Fatal', 'Panic')),
    healthChecks: defaulted(oneOf('Enabled', 'Disabled'), 'Enabled'),
    /** 0: never. */
    etcdV3CompactionPeriod: optional(goDuration()),
    /** 0: no metrics. */
    prometheusMetricsPort: optional(int(0, 65_535)),
    controllers: controllers(),
    debugProfilePort: optional(int(0, 65_535)),
  }),
)

/** What runs: the spec, and the environment variables that overrode it. */
export const kubeControllersConfigurationStatus = once(() =>
  object({
    runningConfig: optional(kubeControllersConfigurationSpec()),
    environmentVars: sparse(record(text())),
  }),
)

export interface KubeControllersConfigurationSpec extends Infer<typeof kubeControllersConfigurationSpec> {}
export interface KubeControllersConfigurationStatus extends Infer<typeof kubeControllersConfigurationStatus> {}
export interface KubeControllersConfiguration
  extends Resource<
    'KubeControllersConfiguration',
    KubeControllersConfigurationSpec,
    KubeControllersConfigurationStatus
  > {}
