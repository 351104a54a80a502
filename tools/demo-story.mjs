import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** What has to happen, in order of its telling, not of its happening. */
const chapters = [
  { name: 'uploaded', happened: f => f.pictures >= 60, tell: f => `${f.pictures} pictures uploaded` },
  { name: 'woken', happened: f => f.replicas > 0, tell: f => `thumbnailer woken: 0 → ${f.wanted}` },
  { name: 'past one replica', happened: f => f.replicas > 1, tell: f => `${f.replicas} replicas at work` },
  { name: 'a thumbnail for every picture', happened: f => f.pictures >= 60 && f.thumbnails === f.pictures, tell: f => `a thumbnail for every picture: ${f.thumbnails} of ${f.pictures}` },
  { name: 'repeats counted', happened: f => f.repeats > 0, tell: f => `${count(f.repeats, 'message')} came twice, as the uploader does on purpose: the worker found the work done` },
  { name: 'back at zero', happened: (f, seen) => seen.has('a thumbnail for every picture') && f.replicas === 0 && f.wanted === 0, tell: () => 'back at zero replicas' },
  { name: 'report woken by its schedule', happened: f => f.wake !== undefined, tell: f => `report woken by its schedule: ${split(f.wake)}` },
]

const count = (n, what) => `${n} ${what}${n === 1 ? '' : 's'}`

/**
 * The story of the demo, told by what is seen of it: the status list of the run and the files that the workers leave.
 * `look` gives a line for each thing that has happened since the last look; `isTold` says whether all of it has.
 */
export class Story {
  #folder
  #began = performance.now()
  #lines = new Map()
  #toldAt
  #peak = 0

  constructor (folder) { this.#folder = folder }

  get isTold () { return chapters.every(({ name }) => this.#lines.has(name)) }

  look (statuses) {
    const facts = { ...replicasOf(statuses), ...workIn(this.#folder), wake: wakeOf(statuses) }
    this.#peak = Math.max(this.#peak, facts.replicas)
    const before = this.#lines.size
    for (const { name, happened, tell } of chapters) {
      if (!this.#lines.has(name) && happened(facts, this.#lines)) this.#lines.set(name, `${this.#clock()}  ${tell(facts)}`)
    }
    if (this.isTold) this.#toldAt ??= this.#clock()
    return [...this.#lines.values()].slice(before)
  }

  /** All that was seen, and what was not. */
  get lines () { return [...this.#lines.values()] }

  /** How far it is, in one line. */
  get progress () {
    return this.isTold ? `the story is over: ${this.#whole}; Ctrl-C ends the demo`
      : `${this.#lines.size} of ${chapters.length} parts of the story seen after ${this.#clock().trim()}; next: ${this.#unseen[0]}; Ctrl-C ends the demo`
  }

  outcome ({ isInterrupted }) {
    if (this.isTold) return this.#whole
    return `${isInterrupted ? 'ended by hand after' : 'not all of it happened within'} ${this.#clock().trim()}; not seen: ${this.#unseen.join(', ')}`
  }

  get #whole () { return `0 → ${this.#peak} → 0 replicas, the whole story in ${this.#toldAt.trim()}` }
  get #unseen () { return chapters.map(({ name }) => name).filter(name => !this.#lines.has(name)) }

  #clock () { return `${((performance.now() - this.#began) / 1000).toFixed(1).padStart(6)} s` }
}

function replicasOf (statuses) {
  const scaling = statuses.find(({ ref }) => ref.kind === 'ScaledObject' && ref.name === 'thumbnails')?.scaling
  return { replicas: scaling?.current.status ?? 0, wanted: scaling?.current.spec ?? 0 }
}

const wakeOf = statuses => statuses.find(({ ref }) => ref.kind === 'Trigger' && ref.name === 'report')?.delivery?.lastWake

function split ({ noticeMs, decideMs, startMs, readyMs, deliverMs, totalMs }) {
  const ms = n => `${Math.round(n)} ms`
  return `notice ${ms(noticeMs)}, decide ${ms(decideMs)}, start ${ms(startMs)}, ready ${ms(readyMs)}, deliver ${ms(deliverMs)}, total ${ms(totalMs)}`
}

function workIn (folder) {
  const log = read(() => readFileSync(join(folder, 'work.log'), 'utf8').split('\n').slice(0, -1).map(line => JSON.parse(line)))
  return {
    pictures: read(() => readdirSync(join(folder, 'pictures'))).length,
    thumbnails: read(() => readdirSync(join(folder, 'thumbnails'))).filter(name => name.endsWith('-160.webp')).length,
    repeats: log.filter(entry => entry.repeat).length,
  }
}

/** Nothing yet where the file or folder is not there yet. */
function read (from) {
  try {
    return from()
  } catch (error) {
    if (error.code === 'ENOENT') return []
    throw error
  }
}
