import { isRetryable } from '@tortie/runtime'
import { expect, it } from 'vitest'
import { IpamError, isIpamError } from './errors.ts'

it('an error names what it is about and the cure, and tells whether to try again', () => {
  const limit = new IpamError('ipam/block-limit', { family: 4, limit: 3, host: 'node-1' })
  expect(limit.message).toBe(
    'Need to allocate an IPAM block but could not - limit of 3 blocks reached for this node (node-1, IPv4); ' +
      'raise maxBlocksPerHost of the IPAM configuration or release addresses',
  )
  expect([
    isIpamError(limit, 'ipam/block-limit'),
    isIpamError(limit, 'ipam/contention'),
    isIpamError(new Error('x'), 'ipam/contention'),
  ]).toEqual([true, false, false])
  const contention = new IpamError('ipam/contention', { what: 'block 10.0.0.0/26', tries: 100 })
  expect(contention.message).toContain('Max retries hit - excessive concurrent IPAM requests: block 10.0.0.0/26')
  expect([isRetryable(contention), isRetryable(limit)]).toEqual([true, false])
})
