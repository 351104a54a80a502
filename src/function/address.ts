import { lookup as dnsLookup, type LookupAddress } from 'node:dns'
import { BlockList, isIP, type LookupFunction } from 'node:net'

/** Where clouds keep the credentials of their machines. Nothing that a Trigger names has a reason to live there. */
const refused = new BlockList()
refused.addSubnet('169.254.0.0', 16, 'ipv4') // link-local: AWS, Azure, GCP and others answer on 169.254.169.254
refused.addAddress('100.100.100.200', 'ipv4') // Alibaba Cloud
refused.addSubnet('fe80::', 10, 'ipv6')
refused.addAddress('fd00:ec2::254', 'ipv6') // AWS on IPv6
refused.addSubnet('64:ff9b::a9fe:0', 112, 'ipv6') // 169.254.0.0/16 behind NAT64

/** Whether an IP address (either family, mapped IPv4 and a zone included) is link-local or of a metadata service. */
export function isRefusedAddress (address: string): boolean {
  const plain = address.split('%', 1)[0] ?? address
  const family = isIP(plain)
  return family !== 0 && refused.check(plain, family === 6 ? 'ipv6' : 'ipv4')
}

/** Why a host written as an address is not connected to; undefined for a name or an allowed address. */
export function refusedHost (host: string): string | undefined {
  const bare = host.replace(/^\[|\]$/g, '')
  return isRefusedAddress(bare) ? refusal(bare) : undefined
}

const refusal = (address: string): string => `address ${address} is link-local or of a metadata service and is never called`

/** A name look-up that refuses a name as soon as one of its addresses is refused. It runs at every connect, so a name cannot change after a check. */
export function guardedLookup (lookup: LookupFunction = dnsLookup): LookupFunction {
  return (host, options, callback) => {
    lookup(host, options, (error, address: string | LookupAddress[], family) => {
      const bad = error !== null ? undefined : (typeof address === 'string' ? [address] : address.map(a => a.address)).find(isRefusedAddress)
      if (bad === undefined) callback(error, address, family)
      else callback(new Error(`${host}: ${refusal(bad)}`), address, family)
    })
  }
}
