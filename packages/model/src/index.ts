/** Every projectcalico.org/v3 kind from one schema: type, validation, defaults, JSON Schema; selectors; 64-bit-safe JSON. */
export type { Resource } from './kinds/resource.ts'
export type { Metadata } from './metadata/metadata.ts'

import type { Resource } from './kinds/resource.ts'

// Replaced by the schemas' own types.
export type Kind = 'IPPool' | 'NetworkPolicy'
export type ResourceOf<K extends Kind> = Resource<K>
