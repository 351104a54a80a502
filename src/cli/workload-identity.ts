import type { WorkloadIdentity } from '../plugin/kit.js'

/** What the platform gave this process to act as, where it gave something. */
export function workloadIdentity (env: Readonly<Record<string, string | undefined>>): { workloadIdentity?: WorkloadIdentity } {
  const named = { clientId: env['AZURE_CLIENT_ID'], tenantId: env['AZURE_TENANT_ID'], tokenFile: env['AZURE_FEDERATED_TOKEN_FILE'], authorityHost: env['AZURE_AUTHORITY_HOST'] }
  const given = Object.fromEntries(Object.entries(named).filter(([, value]) => value !== undefined))
  return Object.keys(given).length === 0 ? {} : { workloadIdentity: given }
}
