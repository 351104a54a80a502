import { lookup as dnsLookup, type LookupAddress } from 'node:dns'
import type { LookupFunction } from 'node:net'
import { isRefusedAddress, refusalOf } from '../core/refused-address.js'

/** A name look-up that refuses a name as soon as one of its addresses is refused. It runs at every connect, so a name cannot change after a check. */
export function guardedLookup (lookup: LookupFunction = dnsLookup): LookupFunction {
  return (host, options, callback) => {
    lookup(host, options, (error, address: string | LookupAddress[], family) => {
      const bad = error !== null ? undefined : (typeof address === 'string' ? [address] : address.map(a => a.address)).find(isRefusedAddress)
      if (bad === undefined) callback(error, address, family)
      else callback(new Error(`${host}: ${refusalOf(bad)}`), address, family)
    })
  }
}
