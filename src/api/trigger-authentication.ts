import { names } from '../core/names.js'
import { any, list, map, object, oneOf, string, type Field, type ValuesOf, type Violation } from '../spec/index.js'
import type { Kind, KindDeclaration } from './kind.js'

const parameter = string({ summary: 'Parameter of the scaler that gets the value.', minLength: 1, example: 'connection' })
const text = (summary: string) => string({ summary, optional: true })
const required = (summary: string) => string({ summary, minLength: 1 })

const keyRefs = (kind: string) => list(object({
  parameter,
  name: required(`Name of the ${kind}.`),
  key: required(`Key in the ${kind}.`),
}, { summary: `One value of a ${kind}.` }), { summary: `Values from ${kind}s.`, default: [] })

const podIdentityField = object({
  provider: oneOf(['none', 'azure-workload', 'gcp', 'aws', 'aws-eks'], { summary: 'Who vouches for the pod.' }),
  identityId: text('Client id that stands in for the one of the service account.'),
  identityTenantId: text('Tenant of that client.'),
  identityAuthorityHost: text('Authority of that tenant.'),
  roleArn: text('AWS role to take.'),
  externalID: text('External id for that role.'),
  identityOwner: oneOf(['keda', 'workload'], { summary: 'Whose identity it is.', optional: true }),
}, { summary: 'Identity instead of a secret.', optional: true, checks: [azureRules, awsRules] })

/** A source of secrets that is read and kept, and refused when it is to be used. */
const vault = (summary: string): Field<unknown> => any({ summary, optional: true })

const fields = {
  podIdentity: podIdentityField,
  env: list(object({
    parameter,
    name: required('Variable of the target\'s container.'),
    containerName: text('Container; the first unless given.'),
  }, { summary: 'One variable.' }), { summary: 'Values from the environment of the target\'s container.', default: [] }),
  secretTargetRef: keyRefs('Secret'),
  configMapTargetRef: keyRefs('ConfigMap'),
  filePath: text('JSON file below the operator\'s root for such files; ClusterTriggerAuthentication only.'),
  hashiCorpVault: vault('HashiCorp Vault.'),
  azureKeyVault: vault('Azure Key Vault.'),
  gcpSecretManager: vault('Google Secret Manager.'),
  awsSecretManager: vault('AWS Secrets Manager.'),
  boundServiceAccountToken: list(object({ parameter, serviceAccountName: required('Service account.') }, { summary: 'One token.' }), { summary: 'Tokens of service accounts.', optional: true }),
  oauth2: object({
    type: oneOf(['clientCredentials'], { summary: 'Grant.', default: 'clientCredentials' }),
    clientId: required('Client id.'),
    clientSecret: any({ summary: 'Where the secret is.', optional: true }),
    tokenUrl: string({ summary: 'Where tokens are given.', pattern: /^https?:\/\/[^/\s]+/, mustBe: 'must be an http or https URL with a host' }),
    scopes: list(string({ summary: 'Scope.' }), { summary: 'Scopes.', optional: true }),
    tokenUrlParams: map(string({ summary: 'Value.' }), { summary: 'Parameters of the token request.', optional: true }),
  }, { summary: 'OAuth 2 client credentials.', optional: true }),
}

const specField = object(fields, { summary: 'Where the parameters of a scaler come from.' })
const namespacedField = object(fields, { summary: 'Where the parameters of a scaler come from.', checks: [filePathRule] })

export type TriggerAuthenticationSpec = ValuesOf<typeof fields>
export type TriggerAuthentication = Kind<'TriggerAuthentication', TriggerAuthenticationSpec>
export type ClusterTriggerAuthentication = Kind<'ClusterTriggerAuthentication', TriggerAuthenticationSpec>

/** Parts of a TriggerAuthentication that are read and not built. */
export const vaultFields = ['hashiCorpVault', 'azureKeyVault', 'gcpSecretManager', 'awsSecretManager', 'oauth2'] as const
/** Identities that are read and not built. */
export const identitiesNotBuilt: readonly string[] = ['gcp', 'aws', 'aws-eks']

export const triggerAuthenticationKind: KindDeclaration<'TriggerAuthentication', TriggerAuthenticationSpec, TriggerAuthenticationSpec> = {
  kind: 'TriggerAuthentication', plural: 'triggerauthentications', shortNames: ['ta', 'triggerauth'],
  apiVersions: [names.kedaApiVersion, names.apiVersion], scope: 'Namespaced',
  summary: 'Credentials for triggers of its namespace.',
  spec: namespacedField, notRun: vaultFields, toSpec: spec => spec,
}

export const clusterTriggerAuthenticationKind: KindDeclaration<'ClusterTriggerAuthentication', TriggerAuthenticationSpec, TriggerAuthenticationSpec> = {
  kind: 'ClusterTriggerAuthentication', plural: 'clustertriggerauthentications', shortNames: ['cta', 'clustertriggerauth'],
  apiVersions: [names.kedaApiVersion, names.apiVersion], scope: 'Cluster',
  summary: 'Credentials for triggers of every namespace.',
  spec: specField, notRun: vaultFields, toSpec: spec => spec,
}

interface WrittenIdentity {
  readonly provider: string
  readonly identityId: string | undefined
  readonly identityTenantId: string | undefined
  readonly identityAuthorityHost: string | undefined
  readonly roleArn: string | undefined
  readonly externalID: string | undefined
  readonly identityOwner: string | undefined
}

function azureRules (identity: WrittenIdentity): Violation[] {
  if (identity.provider !== 'azure-workload') return []
  const { identityId, identityTenantId, identityAuthorityHost } = identity
  return [
    ...(identityId === '' ? [{ field: 'identityId', message: 'identityId of PodIdentity should not be empty. If it\'s set, identityId has to be different than ""', hint: 'remove it or name a client id' }] : []),
    ...((identityAuthorityHost ?? '') !== '' && (identityTenantId ?? '') === ''
      ? [{ field: 'identityTenantId', message: 'identityTenantID of PodIdentity should not be nil or empty when identityAuthorityHost of PodIdentity is set' }]
      : identityTenantId === '' ? [{ field: 'identityTenantId', message: 'identityTenantId of PodIdentity should not be empty', hint: 'remove it or name a tenant' }] : []),
  ]
}

function awsRules ({ provider, roleArn, externalID, identityOwner }: WrittenIdentity): Violation[] {
  if (provider !== 'aws') return []
  return [
    ...((roleArn ?? '') !== '' && identityOwner === 'workload' ? [{ field: 'roleArn', message: 'roleArn of PodIdentity can\'t be set if KEDA isn\'t identityOwner' }] : []),
    ...((externalID ?? '') !== '' && (roleArn ?? '') === '' ? [{ field: 'externalID', message: 'externalID of PodIdentity requires roleArn to be set' }] : []),
  ]
}

function filePathRule ({ filePath }: { readonly filePath: string | undefined }): Violation[] {
  return filePath === undefined ? [] : [{ field: 'filePath', message: 'is read only from a ClusterTriggerAuthentication', hint: 'use secretTargetRef, or a ClusterTriggerAuthentication' }]
}
