interface Element { readonly name: string, readonly children: Map<string, unknown[]>, text: string }

const token = /<!--[\s\S]*?-->|<\?[\s\S]*?\?>|<!\[CDATA\[([\s\S]*?)\]\]>|<!DOCTYPE[^>[]*>|<\/([^\s>]+)\s*>|<([^\s/>!?][^\s/>]*)((?:\s+[^\s=/>]+\s*=\s*(?:"[^"]*"|'[^']*'))*)\s*(\/?)>|([^<]+)|</g

/**
 * Elements of an XML document as mappings of their names; one that comes twice as a list, one without children as its text. Attributes are left out.
 * Throws a SyntaxError. No library of ours reads XML, and a number in a page needs no more: a document type that declares entities is refused.
 */
export function parseXml (text: string): unknown {
  const root: Element = { name: '', children: new Map(), text: '' }
  const open = [root]
  for (const { 0: whole, 1: cdata, 2: closing, 3: opening, 5: isEmpty, 6: plain, index } of text.matchAll(token)) {
    const inner = open.at(-1) ?? root
    if (whole === '<') throw new SyntaxError(`a sign < that begins nothing, at ${index}`)
    if (cdata !== undefined) inner.text += cdata
    else if (plain !== undefined) inner.text += decoded(plain)
    else if (opening !== undefined) open.push({ name: opening, children: new Map(), text: '' })
    if (closing !== undefined && closing !== inner.name) throw new SyntaxError(`</${closing}> closes nothing, at ${index}`)
    if (closing !== undefined || isEmpty === '/') close(open)
  }
  if (open.length !== 1 || root.children.size !== 1) throw new SyntaxError(open.length > 1 ? `<${open.at(-1)?.name ?? ''}> is not closed` : 'there is not exactly one root element')
  return valueOf(root)
}

function close (open: Element[]): void {
  const done = open.pop()
  const parent = open.at(-1)
  if (done === undefined || parent === undefined) throw new SyntaxError('an element closes that was not open')
  const alike = parent.children.get(done.name)
  if (alike === undefined) parent.children.set(done.name, [valueOf(done)])
  else alike.push(valueOf(done))
}

const valueOf = ({ children, text }: Element): unknown => children.size === 0 ? text.trim()
  : Object.fromEntries([...children].map(([name, values]) => [name, values.length === 1 ? values[0] : values]))

const entities: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" }

const decoded = (text: string): string => text.replace(/&(?:#(\d+)|#x([0-9a-f]+)|(\w+));/gi, (whole, decimal?: string, hex?: string, word?: string) => {
  if (word !== undefined) return entities[word] ?? whole
  const code = decimal === undefined ? Number.parseInt(hex ?? '', 16) : Number(decimal)
  return code <= 0x10ffff ? String.fromCodePoint(code) : whole
})
