/** Namespaces that go away by themselves, and real packets between them. Needs root; for tests, examples and benches. */

export type { Endpoint } from '../sockaddr.ts'
export { openFlow, type TestFlow } from './flow.ts'
export { createTestNetns, linkNetns, type TestNetns, type VethEnd } from './netns.ts'
export { openPacketSocket, type PacketSocket, type ReceivedFrame } from './packet-socket.ts'
export { type Probe, type ProbeResult, probe } from './probe.ts'
export { openResponder, type Responder, type ResponderOptions } from './responder.ts'
