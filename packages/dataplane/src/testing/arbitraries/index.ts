/** fast-check arbitraries of programs and flows over one small universe. */
export { arbitraryFlow } from './flow.ts'
export { arbitraryProgram, arbitraryRule } from './program.ts'
export { type LocalParty, localParties, type Party, remoteParties } from './universe.ts'
