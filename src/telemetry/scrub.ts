/**
 * Where credentials turn up in text: keys of connection strings and URLs, signatures, authorization headers, the user part of a URL.
 * Written for plain text and for text inside JSON alike: a value ends where its quote, its separator or the word ends,
 * and an escaped character (`\"`) belongs to it.
 */
const value = String.raw`(?:\\.|[^"'\\;&\s,])+`
const keys = 'AccountKey|SharedAccessKey|SharedAccessSignature|password|passwd|pwd|secret|client_?secret|api_?key|access_?key|access_?token|token|sig'
const patterns: readonly [RegExp, string][] = [
  // SharedAccessSignature=sv=…&sig=…: a whole query is the value
  [/(SharedAccessSignature\s*=\s*)(?:\\.|[^"'\\;\s])+/gi, '$1***'],
  [new RegExp(`\\b((?:${keys})=)${value}`, 'gi'), '$1***'],
  [new RegExp(`("(?:${keys}|connectionString|authorization)"\\s*:\\s*")(?:\\\\.|[^"\\\\])+`, 'gi'), '$1***'],
  [/\b(Bearer|Basic|SharedKey)\s+(?:\\.|[^"'\\\s,])+/g, '$1 ***'],
  [/(\b[a-z][a-z0-9+.-]*:\/\/)[^\s/?#"'@]*@/gi, '$1***@'],
]

/** `text` without what looks like a credential. JSON stays JSON. */
export function scrub (text: string): string {
  let out = text
  for (const [pattern, clean] of patterns) out = out.replace(pattern, clean)
  return out
}
