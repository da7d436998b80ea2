/** The routing program in the kernel: routes, neighbours, tunnel devices and sysctls of one network namespace. */
export { defaultHostnetConfig, type HostnetConfig } from './config.ts'
export { HostnetError, type HostnetErrorCode } from './errors.ts'
export { createHostnet } from './hostnet.ts'
export type { HostnetPorts, Sysctl } from './ports.ts'
