/** Azure's national clouds, as KEDA names them. */
export interface AzureCloud {
  readonly name: string
  /** Behind `<account>.queue.`. */
  readonly storageSuffix: string
  /** Where tokens come from; ends with a slash. */
  readonly authority: string
}

const clouds: readonly (AzureCloud & { readonly alias?: string })[] = [
  { name: 'AzurePublicCloud', alias: 'AzureCloud', storageSuffix: 'core.windows.net', authority: 'https://login.microsoftonline.com/' },
  { name: 'AzureUSGovernmentCloud', alias: 'AzureUSGovernment', storageSuffix: 'core.usgovcloudapi.net', authority: 'https://login.microsoftonline.us/' },
  { name: 'AzureChinaCloud', storageSuffix: 'core.chinacloudapi.cn', authority: 'https://login.chinacloudapi.cn/' },
  { name: 'AzureGermanCloud', storageSuffix: 'core.cloudapi.de', authority: 'https://login.microsoftonline.de/' },
]
const sameWord = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase()

export const cloudNames: readonly string[] = [...clouds.map(c => c.name), 'Private']

/** The cloud of this name, case ignored; undefined for a name that is none. */
export function cloudNamed (name: string): AzureCloud | undefined {
  return clouds.find(c => sameWord(c.name, name) || (c.alias !== undefined && sameWord(c.alias, name)))
}

/** What the user says of the cloud: its name, and for `Private` the values that a known cloud would imply. */
export interface CloudChoice { readonly cloud?: string | undefined, readonly own?: string | undefined }
export type CloudValue = { readonly ok: true, readonly value: string } | { readonly ok: false, readonly problem: string }

/** A value that depends on the cloud: implied by a known one (the public one when none is named), the user's own (`ownName`) with `Private`. */
export function cloudValue ({ cloud = '', own = '' }: CloudChoice, ownName: string, implied: (cloud: AzureCloud) => string | undefined): CloudValue {
  if (sameWord(cloud, 'Private')) {
    return own === '' ? { ok: false, problem: `${ownName} is required with cloud: Private` } : { ok: true, value: own }
  }
  const known = cloudNamed(cloud === '' ? 'AzurePublicCloud' : cloud)
  const value = known === undefined ? undefined : implied(known)
  if (known === undefined) return { ok: false, problem: `"${cloud}" is no Azure cloud` }
  return value === undefined ? { ok: false, problem: `cloud ${known.name} has no ${ownName}` } : { ok: true, value }
}

/** What stands behind `<account>.` in the host name of a storage service: `queue.core.windows.net`. */
export const storageSuffix = (service: string, choice: CloudChoice): CloudValue => cloudValue(choice, 'endpointSuffix', c => `${service}.${c.storageSuffix}`)

/** Where tokens are asked for; with `Private` the user's own. */
export const activeDirectoryEndpoint = (choice: CloudChoice): CloudValue => cloudValue(choice, 'activeDirectoryEndpoint', c => c.authority)
