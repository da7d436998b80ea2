import { openNetlink } from '@tortie/linux'
import { NftablesError, readGeneration } from '@tortie/nftables'
import type { Call } from '@tortie/runtime'

const NETLINK_NETFILTER = 12

/** What can never work is said once, before anything is written. @throws Error with the cure */
export async function checkKernel(call: Call): Promise<void> {
  if (process.platform !== 'linux') throw new Error('the agent needs Linux: it enforces policy in its kernel')
  using transport = openNetlink({ protocol: NETLINK_NETFILTER })
  try {
    await readGeneration(transport, call)
  } catch (cause) {
    if (cause instanceof NftablesError && cause.code === 'nftables/not-permitted')
      throw new Error('the agent may not change the firewall: run it as root, or with CAP_NET_ADMIN', { cause })
    throw new Error(
      'this kernel has no nf_tables: load it with `modprobe nf_tables`, or use a kernel with CONFIG_NF_TABLES',
      { cause },
    )
  }
}
