import type { LocalWorkload, RoutingProgram } from '@tortie/dataplane'
import type { Log } from '@tortie/runtime'
import type { HostnetConfig } from './config.ts'
import { defaultRpFilterKey, hostSettings, interfaceSettings, type Setting } from './plan/sysctls.ts'
import type { LinkView } from './plan/view.ts'
import type { Sysctl } from './ports.ts'

export interface SettingsReport {
  /** Keys written. */
  readonly changed: number
  /** Those of them that had been right before. */
  readonly drifted: readonly string[]
  /** Interfaces whose settings could not be written; tried again in the next round. */
  readonly failed: ReadonlySet<string>
}

interface SettingsPorts {
  readonly sysctl: Sysctl
  readonly log: Log
}

/** The sysctls of the namespace and of the workloads' interfaces. */
export interface Settings {
  /** @param again whether interfaces that were configured before are checked once more */
  apply(program: RoutingProgram, view: LinkView, again: boolean): SettingsReport
}

export function createSettings(ports: SettingsPorts, config: HostnetConfig): Settings {
  /** What each device was last configured as, by ifindex; gone when it goes down. */
  const configured = new Map<number, string>()
  let defaultRpFilter: string | undefined
  let hostDone = false

  return {
    apply({ workloads }, { byName, byIndex }, again) {
      const written: string[] = []
      const drifted: string[] = []
      const failed = new Set<string>()
      const doAll = (settings: readonly Setting[], before: boolean): boolean => {
        const result = writeAll(settings, ports)
        written.push(...result.written)
        if (before) drifted.push(...result.written)
        return result.complete
      }
      defaultRpFilter ??= readDefault(ports)
      if (!hostDone || again) hostDone = doAll(hostSettings(config), hostDone)
      for (const index of configured.keys()) if (!byIndex.get(index)?.running) configured.delete(index)
      for (const workload of byInterface(workloads)) {
        const link = byName.get(workload.interface)
        if (!link?.running) continue
        const wanted = workload.spoofablePrefixes.length > 0 ? 'spoofs' : 'strict'
        const same = configured.get(link.index) === wanted
        if (same && !again) continue
        configured.delete(link.index)
        if (doAll(interfaceSettings(workload, defaultRpFilter, config), same)) configured.set(link.index, wanted)
        else failed.add(workload.interface)
      }
      return { changed: written.length, drifted, failed }
    },
  }
}

/** One workload for each interface: with spoofable prefixes if any of them has. */
function byInterface(workloads: ReadonlyMap<string, LocalWorkload>): Iterable<LocalWorkload> {
  const found = new Map<string, LocalWorkload>()
  for (const workload of workloads.values()) {
    const before = found.get(workload.interface)
    if (!before || before.spoofablePrefixes.length === 0) found.set(workload.interface, workload)
  }
  return found.values()
}

interface Written {
  readonly written: readonly string[]
  /** Whether all that matter are as they should be now. */
  readonly complete: boolean
}

function writeAll(settings: readonly Setting[], ports: SettingsPorts): Written {
  const results = settings.map((setting) => ({ key: setting.key, result: write(setting, ports) }))
  return {
    written: results.filter(({ result }) => result === 'changed').map(({ key }) => key),
    complete: results.every(({ result }) => result !== 'failed'),
  }
}

function write({ key, value, optional }: Setting, { sysctl, log }: SettingsPorts): 'changed' | 'same' | 'failed' {
  try {
    if (sysctl.read(key) === value) return 'same'
    sysctl.write(key, value)
    return 'changed'
  } catch (error) {
    // Without the key there is no such interface, module or family: not an error (spec 02 §5.2).
    if ((error as { code?: unknown }).code === 'linux/missing') return 'same'
    log.warn('hostnet.sysctl.failed', { key, value, error })
    return optional ? 'same' : 'failed'
  }
}

function readDefault({ sysctl, log }: SettingsPorts): string {
  try {
    return sysctl.read(defaultRpFilterKey)
  } catch (error) {
    log.warn('hostnet.sysctl.failed', { key: defaultRpFilterKey, error })
    return '0'
  }
}
