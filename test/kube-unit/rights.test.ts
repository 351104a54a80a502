import { expect, test } from 'vitest'
import { operatorRights } from '../../src/kube/rights.js'
import { nameOf, permissionsIn } from '../kube/rbac/rights.js'

test('doctor asks for what the shipped roles grant, and for nothing else; Secrets it asks for by their names', () => {
  const shipped = permissionsIn('deploy/manifests').map(nameOf).filter(name => name !== 'core/secrets get')
  expect([...new Set(operatorRights.map(nameOf))].sort()).toEqual([...new Set(shipped)].sort())
})
