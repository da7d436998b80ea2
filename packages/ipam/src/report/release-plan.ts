import { IpamError } from '../errors.ts'
import type { IpamReport, LeakedHandle, ReportedAllocation } from './check.ts'

export interface CurrentCluster {
  readonly version: string
  readonly clusterGUID: string
  readonly clusterInformationRevision: string
}

export interface ReportRelease {
  readonly addresses: readonly {
    readonly address: string
    readonly handle?: string
    readonly sequenceNumber?: bigint
  }[]
  readonly handles: readonly LeakedHandle[]
}

/**
 * What `ipam release --from-report` releases: what leaked in every report, so that what was in use at the time of one of
 * them stays. Spec 03 §21.
 * @param force accept another version, and reports made while the datastore was not locked
 * @throws IpamError ipam/bad-request naming the report and why it cannot be trusted
 */
export function planReportRelease(
  reports: readonly IpamReport[],
  current: CurrentCluster,
  force: boolean,
): ReportRelease {
  const last = reports.at(-1)
  if (!last) return { addresses: [], handles: [] }
  for (const [index, report] of reports.entries()) checkReport(report, index, current, force)
  if (!reports.some((report) => report.clusterInformationRevision === current.clusterInformationRevision))
    refuse(reports.length - 1, 'was made before the cluster changed; make a new one')
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
        return ID === handle.ID && UID === handle.UID && Revision === handle.Revision
      }),
    ),
  )
  return { addresses, handles }
}

function checkReport(report: IpamReport, index: number, current: CurrentCluster, force: boolean): void {
  if (report.clusterGUID !== current.clusterGUID) refuse(index, `is of another cluster (${report.clusterGUID})`)
  if (force) return
  if (report.version !== current.version)
    refuse(index, `was made by version ${report.version}, this is ${current.version}; make a new one or use --force`)
  if (!report.datastoreLocked)
    refuse(index, 'was made while the datastore was not locked; lock it and make a new one, or use --force')
}

function refuse(index: number, why: string): never {
  throw new IpamError('ipam/bad-request', { field: 'report', value: `${index + 1}`, why })
}
