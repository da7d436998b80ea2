/** For tests and simulations: a network in memory, on virtual time. */
export { createLab, type Lab, type LabOptions, type Node } from './lab.ts'
export type { MemoryConnection } from './memory-connection.ts'
export { createMemoryNetwork, type MemoryNetwork } from './memory-network.ts'
