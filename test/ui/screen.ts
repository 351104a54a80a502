import { EventEmitter } from 'node:events'
import type { ViewTerminal } from '../../src/ui/live-view.js'

/** A small terminal: the few control sequences that the view uses, and a count of writes. Anything else fails the test. */
export class Screen extends EventEmitter {
  columns: number
  rows: number
  writes = 0
  #lines: string[]
  #row = 0
  #column = 0

  constructor (columns: number, rows: number, before: readonly string[] = []) {
    super()
    this.columns = columns
    this.rows = rows
    this.#lines = [...before, '']
    this.#row = before.length
  }

  asTerminal (): ViewTerminal { return this as unknown as ViewTerminal }
  get text (): string { return this.#lines.join('\n') }

  resize (columns: number, rows: number): void {
    this.columns = columns
    this.rows = rows
    this.#lines = this.#lines.flatMap(line => line.match(new RegExp(`.{1,${columns}}`, 'g')) ?? [''])
    this.#row = this.#lines.length - 1
    this.emit('resize')
  }

  write (data: string): boolean {
    this.writes++
    for (const [, up, letter, plain] of data.matchAll(/\x1b\[(\d*)([A-Z])|([\s\S])/g)) {
      if (plain !== undefined) this.#put(plain)
      else this.#control(letter ?? '', Number(up))
    }
    return true
  }

  #put (character: string): void {
    if (character === '\r') this.#column = 0
    else if (character === '\n') {
      this.#row++
      this.#column = 0
      this.#lines[this.#row] ??= ''
    } else {
      const line = (this.#lines[this.#row] ?? '').padEnd(this.#column)
      this.#lines[this.#row] = line.slice(0, this.#column) + character + line.slice(this.#column + 1)
      this.#column++
      if (this.#column > this.columns) throw new Error(`line ${this.#row} is wider than ${this.columns}`)
    }
  }

  #control (letter: string, amount: number): void {
    switch (letter) {
      case 'A': this.#row -= amount; break
      case 'K': this.#eraseRestOfLine(); break
      case 'H': this.#row = 0; this.#column = 0; break
      case 'J':
        if (amount === 2) this.#lines = ['']
        else {
          this.#lines.length = this.#row + 1
          this.#eraseRestOfLine()
        }
        break
      default: throw new Error(`sequence ${letter} is not known`)
    }
  }

  #eraseRestOfLine (): void { this.#lines[this.#row] = (this.#lines[this.#row] ?? '').slice(0, this.#column) }
}
