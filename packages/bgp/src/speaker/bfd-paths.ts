import type { Bfd } from '../bfd/bfd.ts'
import type { PathMonitor } from './ports.ts'

/** BFD as a speaker takes it (`SpeakerPorts.bfd`): a session for each path, as long as it is watched (RFC 5882 §10). */
export function bfdPaths(bfd: Pick<Bfd, 'open'>): PathMonitor {
  return {
    watch({ address, localAddress, interface: device, minTx, minRx, multiplier, multihop }, down) {
      return bfd.open({
        local: localAddress,
        remote: address,
        ...(device !== undefined && { interface: device }),
        multihop,
        minTxMs: minTx,
        minRxMs: minRx,
        detectMult: multiplier,
        onChange(status, previous) {
          // RFC 5882 §3.2: an administrative end on the other side says nothing about the path.
          if (previous === 'Up' && status.state === 'Down' && status.remoteState !== 'AdminDown') down()
        },
      })
    },
  }
}
