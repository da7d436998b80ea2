import type { AnyResource, ResourceOf } from '@tortie/model'
import { anyResource } from '@tortie/model/testing'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { renderTemplate } from '../go-template/template.ts'
import { goResource } from './go-values.ts'

const apiVersion = 'projectcalico.org/v3'
const render = (template: string, resource: AnyResource): string =>
  renderTemplate('get', template, [goResource(resource)])

const pool: ResourceOf<'IPPool'> = {
  apiVersion,
  kind: 'IPPool',
  metadata: { name: 'p', creationTimestamp: '2026-08-10T12:00:00Z' },
  spec: { cidr: '10.0.0.0/16' },
}
const peer: ResourceOf<'BGPPeer'> = { apiVersion, kind: 'BGPPeer', metadata: { name: 'b' }, spec: {} }
const node: ResourceOf<'Node'> = { apiVersion, kind: 'Node', metadata: { name: 'n' }, spec: {} }
const felix: ResourceOf<'FelixConfiguration'> = {
  apiVersion,
  kind: 'FelixConfiguration',
  metadata: { name: 'default' },
  spec: { bpfEnabled: true, wireguardKeepAlive: '25s' },
}
const policy: ResourceOf<'GlobalNetworkPolicy'> = {
  apiVersion,
  kind: 'GlobalNetworkPolicy',
  metadata: { name: 'g' },
  spec: { order: 100.5, ingress: [{ action: 'Allow', protocol: 'TCP', destination: { ports: [80, '90:99'] } }] },
}

describe('a resource in a template', () => {
  it.each<[string, AnyResource, string]>([
    ['.ObjectMeta.Name', pool, 'p'],
    ['.Name', pool, 'p'],
    ['.metadata.name', pool, 'p'],
    ['.TypeMeta.Kind', pool, 'IPPool'],
    ['.Kind', pool, 'IPPool'],
    ['.APIVersion', pool, apiVersion],
    ['.ObjectMeta.CreationTimestamp', pool, '2026-08-10 12:00:00 +0000 UTC'],
    ['.ObjectMeta.Labels', pool, 'map[]'],
    ['.Spec.CIDR', pool, '10.0.0.0/16'],
    ['.Spec.NATOutgoing', pool, 'false'],
    ['.Spec.BlockSize', pool, '0'],
    ['.Spec.AllowedUses', pool, '[]'],
    ['.Spec.NodeSelector', pool, ''],
    ['.Spec.ASNumber', peer, '0'],
    ['.Spec.MaxRestartTime', peer, ''],
    ['.Spec.NumAllowedLocalASNumbers', peer, '<nil>'],
    ['.Spec.BGP', node, '<nil>'],
    ['.Spec.OrchRefs', node, '[]'],
    ['.Spec.BPFEnabled', felix, 'true'],
    ['.Spec.WireguardPersistentKeepAlive', felix, '25s'],
    ['.Spec.Order', policy, '100.5'],
    ['(index .Spec.Ingress 0).Destination.Ports', policy, '[80 90:99]'],
    ['(index .Spec.Ingress 0).Source.Nets', policy, '[]'],
    ['(index .Spec.Ingress 0).NotICMP', policy, '<nil>'],
  ])('has %s', (path, resource, text) => {
    expect(render(`{{range .}}{{${path}}}{{end}}`, resource)).toBe(text)
  })

  it.each([
    ['.Spec.Colour', "can't evaluate field Colour in type v3.NodeSpec"],
    ['.Colour', "can't evaluate field Colour in type v3.Node"],
    ['.Spec.BGP.ASNumber', 'nil pointer evaluating interface {}.ASNumber'],
    ['.constructor', "can't evaluate field constructor in type v3.Node"],
  ])('has no %s', (path, why) => {
    expect(() => render(`{{range .}}{{${path}}}{{end}}`, node)).toThrow(why)
  })

  it('shows every field that is set, of any kind', () => {
    fc.assert(
      fc.property(anyResource, (resource) => {
        const value = goResource(resource)
        expect(render('{{range .}}{{.}}{{end}}', resource)).toContain(resource.metadata.name)
        const spec = value.field('Spec')
        for (const name of Object.keys(resource.spec)) {
          const capital = `${name.charAt(0).toUpperCase()}${name.slice(1)}`
          expect(render(`{{range .}}{{print .Spec.${capital}}}{{end}}`, resource)).toBe(
            render(`{{range .}}{{print .spec.${name}}}{{end}}`, resource),
          )
        }
        expect(spec).toBeDefined()
      }),
    )
  })
})
