import { defaultAllowProfile, type Profile } from '@tortie/model'
import type { RuleSource } from '../compile/rules.ts'
import { readRules } from '../resources/shape.ts'

/** The rules of a profile; one that does not exist denies everything (spec 02 §2.3). */
export function profileRules(profile: Profile | undefined): RuleSource {
  if (profile === undefined)
    return { namespace: undefined, ingress: [{ action: 'Deny' }], egress: [{ action: 'Deny' }] }
  return { namespace: undefined, ingress: readRules(profile.spec.ingress), egress: readRules(profile.spec.egress) }
}

/** `projectcalico-default-allow` is always there, whatever is stored. */
export function findProfile(profiles: ReadonlyMap<string, Profile>, name: string): Profile | undefined {
  return name === defaultAllowProfile.metadata.name ? defaultAllowProfile : profiles.get(name)
}
