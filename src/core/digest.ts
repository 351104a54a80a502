/** A short word for a text: FNV-1a, 32 bits, base 36. The same everywhere, and for nothing that must be secret or collision-free. */
export function digest (text: string): string {
  let hash = 0x811c9dc5
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0
  return hash.toString(36)
}
