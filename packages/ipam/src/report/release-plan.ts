import { IpamError } from '../errors.ts'
import type { IpamReport, LeakedHandle, ReportedAllocation } from './check.ts'

export interface CurrentCluster {
  readonly version: string
  readonly clusterGUID: string
  readonly clusterInformationRevision: string
  readonly datastoreLocked: boolean
}

export interface ReportRelease {
  readonly addresses: readonly {
    readonly address: string
    readonly handle?: string
    readonly sequenceNumber?: bigint
  }[]
  readonly handles: readonly LeakedHandle[]
  /** What would have been refused without force. */
  readonly warnings: readonly string[]
}

/**
 * What `ipam release --from-report` releases: what leaked in every report, so that what was in use at the time of one of
 * them stays. One report has to be of the cluster as it is, others may be older, and older than the lock. Spec 03 §21.
 * @param force accept reports of another version, and a datastore that is not locked
 * @throws IpamError ipam/bad-request naming the report and why it cannot be trusted
 */
export function planReportRelease(
  reports: readonly IpamReport[],
  current: CurrentCluster,
  force: boolean,
): ReportRelease {
  const last = reports.at(-1)
  if (!last) return { addresses: [], handles: [], warnings: [] }
  const warnings = checkReports(reports, current, force)
  const leakedIn = (report: IpamReport, address: string): ReportedAllocation | undefined => {
    const all = report.allocations[address]
    return all && !all.some(({ inUse, coolingDown }) => inUse || coolingDown) ? all.at(-1) : undefined
  }
  const addresses = Object.keys(last.allocations)
    .filter((address) => reports.every((report) => leakedIn(report, address)))
    .map((address) => {
      const { handle, sequenceNumber } = leakedIn(last, address) ?? {}
      return {
        address,
        ...(handle !== undefined && { handle }),
        ...(sequenceNumber !== undefined && { sequenceNumber: BigInt(sequenceNumber) }),
      }
    })
  const handles = (last.leakedHandles ?? []).filter((handle) =>
    reports.every((report) =>
      report.leakedHandles?.some(({ ID, UID, Revision }) => {
        return ID === handle.ID && (UID || null) === (handle.UID || null) && Revision === handle.Revision
      }),
    ),
  )
  return { addresses, handles, warnings }
}

/** What is accepted only by force. @throws IpamError ipam/bad-request */
function checkReports(reports: readonly IpamReport[], current: CurrentCluster, force: boolean): string[] {
  const warnings: string[] = []
  const object = (index: number, why: string, cure: string): void => {
    if (!force) refuse(index, `${why}; ${cure}, or use --force`)
    warnings.push(`report "${index + 1}" ${why}`)
  }
  for (const [index, { clusterGUID, version }] of reports.entries()) {
    if (clusterGUID !== current.clusterGUID) refuse(index, `is of another cluster (${clusterGUID})`)
    if (version !== current.version)
      object(index, `was made by version ${version}, this is ${current.version}`, 'make a new one')
  }
  const last = reports.length - 1
  const isCurrent = (report: IpamReport): boolean =>
    report.clusterInformationRevision === current.clusterInformationRevision
  if (!reports.some(isCurrent)) refuse(last, 'was made before the cluster changed; make a new one')
  if (!current.datastoreLocked)
    object(last, 'may be out of date: the datastore is not locked', 'lock it and make a new one')
  return warnings
}

function refuse(index: number, why: string): never {
  throw new IpamError('ipam/bad-request', { field: 'report', value: `${index + 1}`, why })
}
