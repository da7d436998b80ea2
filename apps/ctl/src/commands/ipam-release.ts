import { type IpamReport, isIpamError, planReportRelease, type ReportRelease } from '@tortie/ipam'
import { calicoVersion, parseJson } from '@tortie/model'
import { CtlError, messageOf, oneLine } from '../errors.ts'
import { readText } from '../input/files.ts'
import type { CommandContext, ExitCode } from '../shell.ts'
import { readAddress } from './ipam-show.ts'

/** `release --ip`: whatever holds it. Spec 06 §11.2. */
export async function releaseAddress(ip: string, { connection, shell, call }: CommandContext): Promise<ExitCode> {
  const address = readAddress(ip)
  const { unallocated, failures } = await connection.ipam.releaseIps([{ address }], call)
  const [failure] = failures
  if (failure) throw new CtlError(`error: ${messageOf(failure.error)}`, { cause: failure.error })
  if (unallocated.length > 0) throw new CtlError(`IP address ${address} is not assigned`)
  shell.stdout(`Successfully released IP address ${address}\n`)
  return 0
}

/** `release --from-report`: what leaked in every one of the reports. */
export async function releaseReported(
  files: readonly string[],
  force: boolean,
  context: CommandContext,
): Promise<ExitCode> {
  const { connection, shell, call } = context
  const reports = files.map(readReport)
  const { metadata, spec } = await connection.datastore.get({ kind: 'ClusterInformation', name: 'default' }, call)
  const current = {
    version: calicoVersion,
    clusterGUID: spec.clusterGUID ?? '',
    clusterInformationRevision: metadata.resourceVersion ?? '',
    datastoreLocked: spec.datastoreReady === false,
  }
  const plan = planned(() => planReportRelease(reports, current, force), files)
  for (const warning of plan.warnings)
    shell.stdout(`WARNING: ${withFile(warning, files)}. Ignoring due to --force option\n`)
  await releaseAddresses(plan, context)
  await deleteHandles(plan, context)
  shell.stdout('You may now unlock the data store.\n')
  return 0
}

/** @throws CtlError naming the file */
function readReport(file: string): IpamReport {
  const text = readText(file)
  let report: Partial<IpamReport> | null
  try {
    report = parseJson(text) as unknown as typeof report
  } catch (cause) {
    throw new CtlError(`the report ${file} cannot be read: ${oneLine(messageOf(cause))}`, { cause })
  }
  if (typeof report?.clusterGUID === 'string' && typeof report.allocations === 'object' && report.allocations !== null)
    return report as IpamReport
  throw new CtlError(`${file} is no report of ipam check: write one with tortiectl ipam check -o ${file}`)
}

function planned(work: () => ReportRelease, files: readonly string[]): ReportRelease {
  try {
    return work()
  } catch (error) {
    if (!isIpamError(error, 'ipam/bad-request')) throw error
    throw new CtlError(`${withFile(error.message, files)}. Refusing to release`, { cause: error })
  }
}

/** `report "2" …` with the second file's name. */
function withFile(text: string, files: readonly string[]): string {
  return text.replace(/^report "(\d+)"/, (whole, number) => {
    const file = files[Number(number) - 1]
    return file === undefined ? whole : `the report ${file}`
  })
}

async function releaseAddresses(
  { addresses }: ReportRelease,
  { connection, shell, call }: CommandContext,
): Promise<void> {
  if (addresses.length === 0) {
    shell.stdout("Report didn't contain any leaked IPs to clean up.\n")
    return
  }
  shell.stdout(`Releasing ${addresses.length} old IPs...\n`)
  const { released, unallocated, failures } = await connection.ipam.releaseIps(addresses, call)
  for (const { block, error } of failures)
    shell.stdout(
      `An error occurred while releasing some IPs: ${messageOf(error)} (block ${block}).  ` +
        'Problems are often caused by an out-of-date IPAM report.  Try regenerating the IPAM report and retry.\n',
    )
  shell.stdout(`Released ${released.length} IPs successfully\n`)
  if (unallocated.length > 0)
    shell.stdout(`${unallocated.length} addresses marked as leaked in the report had already been cleaned up.\n`)
}

async function deleteHandles({ handles }: ReportRelease, { connection, shell, call }: CommandContext): Promise<void> {
  if (handles.length === 0) {
    shell.stdout("Report didn't contain any handles to clean up.\n")
    return
  }
  shell.stdout(`Deleting ${handles.length} handles...\nKey: '.' = Deleted OK; 'x' = skip, handle missing/changed.\n`)
  const { forgotten, skipped } = await connection.ipam.forgetHandles(handles, call)
  shell.stdout(`${'.'.repeat(forgotten.length)}${'x'.repeat(skipped.length)}\n`)
  shell.stdout(`Released ${forgotten.length} handles; ${skipped.length} skipped; 0 errors.\n`)
}
