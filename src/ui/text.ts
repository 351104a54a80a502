import { stripVTControlCharacters } from 'node:util'

const segmenter = new Intl.Segmenter()
// East Asian wide and full-width blocks, and what is drawn as a picture: two columns each in every common terminal.
const wide = /^(?:\p{Emoji_Presentation}|[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6])/u

const columnsOf = (grapheme: string): number => wide.test(grapheme) ? 2 : 1

/** Most texts are; finding out is a hundred times cheaper than taking them apart. */
const isPlain = (text: string): boolean => /^[\x20-\x7e]*$/.test(text)

/** Columns that a text without control sequences takes in a terminal. */
export function displayWidth (text: string): number {
  if (isPlain(text)) return text.length
  let columns = 0
  for (const { segment } of segmenter.segment(text)) columns += columnsOf(segment)
  return columns
}

/**
 * One line that cannot steer the terminal: escape sequences go, other control characters become spaces.
 * Texts come from functions and brokers, so that anything may be in them.
 */
export function oneLine (text: string): string {
  return stripVTControlCharacters(text).replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ').trim()
}

/** The text, or as much of its beginning as fits, with an ellipsis. Never wider than `width`. */
export function fit (text: string, width: number): string {
  if (displayWidth(text) <= width) return text
  if (width < 1) return ''
  let kept = ''
  let columns = 0
  for (const { segment } of segmenter.segment(text)) {
    columns += columnsOf(segment)
    if (columns > width - 1) break
    kept += segment
  }
  return `${kept.trimEnd()}…`
}

/** Exactly `width` columns: cut or filled with spaces on the right (or, for numbers, on the left). */
export function column (text: string, width: number, align: 'left' | 'right' = 'left'): string {
  const cut = fit(text, width)
  const fill = ' '.repeat(Math.max(0, width - displayWidth(cut)))
  return align === 'left' ? cut + fill : fill + cut
}

/** Words over as many lines as they need; a word wider than a line is broken where the line ends. */
export function wrap (text: string, width: number): string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const joined = lines.length === 0 ? word : `${lines.at(-1)} ${word}`
    if (lines.length > 0 && displayWidth(joined) <= width) lines[lines.length - 1] = joined
    else lines.push(...broken(word, width))
  }
  return lines
}

function broken (word: string, width: number): string[] {
  if (displayWidth(word) <= width) return [word]
  const pieces: string[] = ['']
  for (const { segment } of segmenter.segment(word)) {
    const last = pieces.at(-1) ?? ''
    if (last === '' || displayWidth(last + segment) <= width) pieces[pieces.length - 1] = last + segment
    else pieces.push(segment)
  }
  return pieces
}

/** As `wrap`, but no more lines than `most`: the last of them ends in an ellipsis where text is left. */
export function wrapAtMost (text: string, width: number, most: number): string[] {
  const lines = wrap(text, width)
  return lines.length <= most ? lines : [...lines.slice(0, most - 1), fit(lines.slice(most - 1).join(' '), width)]
}

/** Facts joined with `; ` into as few lines as hold them; a fact that is wider than a line is broken between words. */
export function packFacts (facts: readonly string[], width: number): string[] {
  const lines: string[] = []
  for (const fact of facts) {
    const last = lines.at(-1)
    const joined = last === undefined ? fact : `${last}; ${fact}`
    if (last !== undefined && displayWidth(joined) <= width) lines[lines.length - 1] = joined
    else lines.push(...wrap(fact, width))
  }
  return lines
}
