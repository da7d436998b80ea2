import { readFileSync, writeFileSync } from 'node:fs'
import { type LinuxError, syscallError } from './errors.ts'
import { inNetns, type Netns } from './netns.ts'

/** Kernel settings of one network namespace. Keys are paths below /proc/sys: `net/ipv4/conf/cali1/proxy_arp`. */
export interface Sysctl {
  /** The value without its line end. @throws LinuxError `linux/missing`, `linux/not-permitted` */
  read(key: string): string
  /** @throws LinuxError `linux/missing` (no such interface, family or module), `linux/not-permitted` */
  write(key: string, value: string): void
}

/** Settings of `netns`; without it, of the namespace of the process. */
export function createSysctl(netns?: Netns): Sysctl {
  return {
    read: (key) => inNetns(netns, () => attempt('read', key, () => readFileSync(pathOf(key), 'utf8').trimEnd())),
    write: (key, value) =>
      inNetns(netns, () => attempt('write', key, () => writeFileSync(pathOf(key), value, { flag: 'r+' }))),
  }
}

function pathOf(key: string): string {
  return `/proc/sys/${key}`
}

function attempt<T>(syscall: string, key: string, fn: () => T): T {
  try {
    return fn()
  } catch (error) {
    throw asLinuxError(error, syscall, key)
  }
}

function asLinuxError(error: unknown, syscall: string, key: string): LinuxError | unknown {
  const { errno } = error as NodeJS.ErrnoException
  return errno === undefined ? error : syscallError(syscall, `sysctl ${key}`, Math.abs(errno))
}
