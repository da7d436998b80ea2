import { CtlError } from '../errors.ts'
import type { CommandContext, ExitCode } from './command.ts'

/** `release --ip`: whatever holds it. */
export async function releaseAddress(
  ip: string | undefined,
  { connection, shell, call }: CommandContext,
): Promise<ExitCode> {
  if (ip === undefined) throw new CtlError('nothing to release: use --ip ADDRESS or --from-report FILE')
  const { unallocated, failures } = await connection.ipam.releaseIps([{ address: ip }], call)
  const [failure] = failures
  if (failure) throw failure.error
  if (unallocated.length > 0) throw new CtlError(`IP address ${ip} is not assigned`)
  shell.stdout(`Successfully released IP address ${ip}\n`)
  return 0
}
