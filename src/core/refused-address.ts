/** Where clouds keep the credentials of their machines. Nothing that YAML names has a reason to live there. */
const refusedV4 = (address: string): boolean =>
  address.startsWith('169.254.') || // link-local: AWS, Azure, GCP and others answer on 169.254.169.254
  address === '100.100.100.200' // Alibaba Cloud

/** Whether an IP address (either family, mapped IPv4 and a zone included) is link-local or of a metadata service. What is no address is not. */
export function isRefusedAddress (address: string): boolean {
  const plain = address.split('%', 1)[0] ?? address
  if (isV4(plain)) return refusedV4(plain)
  const groups = v6Groups(plain)
  if (groups === undefined) return false
  const [first = 0, second = 0, ...rest] = groups
  if ((first & 0xffc0) === 0xfe80) return true // link-local
  if (first === 0xfd00 && second === 0x0ec2 && rest.slice(0, 5).every(g => g === 0) && rest[5] === 0x254) return true // AWS on IPv6
  const isMapped = groups.slice(0, 5).every(g => g === 0) && groups[5] === 0xffff
  const isNat64 = first === 0x64 && second === 0xff9b && rest.slice(0, 4).every(g => g === 0)
  return (isMapped || isNat64) && refusedV4(v4Of(groups[6] ?? 0, groups[7] ?? 0))
}

/** Why an address is not connected to, for people. */
export const refusalOf = (address: string): string => `address ${address} is link-local or of a metadata service and is never called`

/** Why a host written as an address is not connected to; undefined for a name or an allowed address. */
export function refusedHost (host: string): string | undefined {
  const bare = host.replace(/^\[|\]$/g, '')
  return isRefusedAddress(bare) ? refusalOf(bare) : undefined
}

const isV4 = (text: string): boolean => /^\d{1,3}(\.\d{1,3}){3}$/.test(text)
const v4Of = (high: number, low: number): string => [high >> 8, high & 255, low >> 8, low & 255].join('.')

/** The eight groups of an IPv6 address; undefined for any other text. */
function v6Groups (text: string): readonly number[] | undefined {
  if (!/^[0-9a-f:.]*:[0-9a-f:.]*$/i.test(text)) return undefined
  const [head = '', tail, ...more] = text.split('::')
  if (more.length > 0) return undefined
  const before = groupsOf(head)
  const after = tail === undefined ? [] : groupsOf(tail)
  const missing = 8 - before.length - after.length
  if (tail === undefined ? missing !== 0 : missing < 0) return undefined
  return [...before, ...Array<number>(missing).fill(0), ...after]
}

const groupsOf = (text: string): readonly number[] => text === '' ? [] : text.split(':').flatMap(group => {
  if (!isV4(group)) return [Number.parseInt(group, 16)]
  const [a = 0, b = 0, c = 0, d = 0] = group.split('.').map(Number)
  return [a << 8 | b, c << 8 | d]
})
