/** struct sock_filter of classic BPF: linux/filter.h. */
export interface BpfInstruction {
  readonly code: number
  /** Instructions to skip when a comparison holds, and when not. */
  readonly jt?: number
  readonly jf?: number
  readonly k: number
}

/** For SO_ATTACH_FILTER: 8 bytes an instruction, in the byte order of the host. */
export function encodeBpf(program: readonly BpfInstruction[]): Uint8Array {
  const bytes = new Uint8Array(program.length * 8)
  for (const [i, { code, jt = 0, jf = 0, k }] of program.entries()) {
    new Uint16Array(bytes.buffer, i * 8, 1)[0] = code
    bytes.set([jt, jf], i * 8 + 2)
    new Uint32Array(bytes.buffer, i * 8 + 4, 1)[0] = k
  }
  return bytes
}
