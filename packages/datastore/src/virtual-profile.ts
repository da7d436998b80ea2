import { apiVersion, type ResourceOf } from '@tortie/model'

/** Always there and never stored (spec 01 §1.8, 2.2): endpoints without another profile use it. */
export const defaultAllowProfile: ResourceOf<'Profile'> = {
  apiVersion,
  kind: 'Profile',
  metadata: { name: 'projectcalico-default-allow', resourceVersion: '1' },
  spec: { ingress: [{ action: 'Allow' }], egress: [{ action: 'Allow' }] },
}

export function isDefaultAllow({ kind, name }: { readonly kind: string; readonly name: string }): boolean {
  return kind === 'Profile' && name === defaultAllowProfile.metadata.name
}
