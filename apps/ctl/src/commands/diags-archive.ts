import type { Call } from '@tortie/runtime'
import type { Shell } from '../shell.ts'

/** `20260810_123456`, UTC. */
export function stampOf(date: Date): string {
  return date
    .toISOString()
    .replaceAll(/[-:]|\..*$/g, '')
    .replace('T', '_')
}

/** Makes a `.tar.gz` of a directory; says what went wrong. */
export async function pack(
  { archive, within, directory }: { readonly archive: string; readonly within: string; readonly directory: string },
  { shell, call }: { readonly shell: Shell; readonly call: Call },
): Promise<boolean> {
  const ran = await shell.host.run('tar', ['-zcf', archive, '-C', within, directory], call)
  if (ran?.code === 0) return true
  const why = ran ? ran.stderr.trim() : 'there is no tar: install it'
  shell.stdout(`Error compressing the diagnostics in ${within}: ${why}\n`)
  return false
}
