import { readFile } from 'node:fs/promises'
import { errorMessage, TidegateError, type Identity, type WorkloadIdentity } from '../plugin/index.js'

/** What the Azure SDK asks tokens of. */
export interface TokenSource { getToken(scopes: string | string[], options?: { abortSignal?: unknown }): Promise<{ token: string, expiresOnTimestamp: number }> }

/**
 * Exchanges the pod's federated token for one of Microsoft Entra (OAuth 2.0 client credentials with a client assertion). The
 * TriggerAuthentication's identity overrides what the platform set. The SDK keeps tokens and asks again before they expire; the
 * federated token is read from its file each time, because the kubelet replaces it.
 */
export function workloadToken (identity: Identity, platform: WorkloadIdentity | undefined, defaultAuthority: string, now: () => number): TokenSource {
  const clientId = identity.identityId ?? platform?.clientId
  const tenantId = identity.identityTenantId ?? platform?.tenantId
  const authority = identity.identityAuthorityHost ?? platform?.authorityHost ?? defaultAuthority
  const tokenFile = platform?.tokenFile
  return {
    async getToken (scopes) {
      if (clientId === undefined || tenantId === undefined || tokenFile === undefined) {
        throw new TidegateError('TG_SOURCE_REFUSED', 'azure-workload: this process has no federated identity',
          { hint: 'label the pod azure.workload.identity/use: "true" and annotate its ServiceAccount, so that AZURE_CLIENT_ID, AZURE_TENANT_ID and AZURE_FEDERATED_TOKEN_FILE are set' })
      }
      const url = new URL(`${tenantId}/oauth2/v2.0/token`, authority.endsWith('/') ? authority : `${authority}/`)
      const assertion = await federatedToken(tokenFile)
      return await exchange(url, {
        grant_type: 'client_credentials', client_id: clientId, scope: Array.isArray(scopes) ? scopes.join(' ') : scopes,
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer', client_assertion: assertion,
      }, now)
    },
  }
}

async function federatedToken (file: string): Promise<string> {
  try {
    return (await readFile(file, 'utf8')).trim()
  } catch (error) {
    throw new TidegateError('TG_SOURCE_REFUSED', `azure-workload: could not read the federated token: ${errorMessage(error)}`, { cause: error })
  }
}

async function exchange (url: URL, form: Record<string, string>, now: () => number): Promise<{ token: string, expiresOnTimestamp: number }> {
  const answer = await fetch(url, { method: 'POST', body: new URLSearchParams(form), redirect: 'error', signal: AbortSignal.timeout(10_000) })
    .catch((error: unknown) => { throw new TidegateError('TG_SOURCE_UNREACHABLE', `azure-workload: no answer from ${url.host}: ${errorMessage(error)}`, { cause: error }) })
  const said = await answer.json().catch(() => ({})) as { access_token?: unknown, expires_in?: unknown, error?: unknown, error_description?: unknown }
  if (typeof said.access_token !== 'string' || typeof said.expires_in !== 'number') {
    const why = [said.error, said.error_description].filter(text => typeof text === 'string').join(': ')
    throw new TidegateError(answer.status >= 500 ? 'TG_SOURCE_UNREACHABLE' : 'TG_SOURCE_REFUSED', `azure-workload: ${url.host} gave no token: ${answer.status} ${why}`.trim())
  }
  return { token: said.access_token, expiresOnTimestamp: now() + said.expires_in * 1000 }
}
