import picocolors from 'picocolors'
import type { EpochMs } from '../core/clock.js'
import { refKey, type ObjectStatus } from '../runtime/ports.js'
import { formatProblem, type Problem } from '../spec/problem.js'
import { backlogCell, deliveryFacts, failureFact, jobsCell, jobsFacts, objectName, replicasCell, scalingFacts, wakeFact, type Row } from './object-lines.js'
import type { EventLine } from './recent-events.js'
import { column, displayWidth, fit, oneLine, packFacts, wrap, wrapAtMost } from './text.js'
import { troublesOf } from './trouble.js'
import { counted, perSecond, timeOfDay } from './words.js'

export interface FrameOptions {
  readonly now: EpochMs
  /** Columns; no line is wider. Made for 60 to 200. */
  readonly width: number
  /** Most lines of the frame. When it is short of room details go first and what is wrong goes last. */
  readonly height: number
  readonly colors: boolean
  /** Deliveries per second, by `refKey`. */
  readonly rates?: ReadonlyMap<string, number>
  /** The latest are drawn last; as many as there is room for. */
  readonly events?: readonly EventLine[]
  /** What is wrong and belongs to no object; drawn above all. */
  readonly problems?: readonly Problem[]
  /** Where this run can be asked and looked into; one quiet line at the bottom. */
  readonly about?: readonly string[]
}

type Paint = ReturnType<typeof picocolors.createColors>
type Weight = 'row' | 'trouble' | 'detail'
interface Line { readonly weight: Weight, readonly text: string }

const indent = '  '
const replicasWidth = 10
const backlogWidth = 9
const deliveredWidth = 13
/** Lines of events that keep their place even when the objects want the whole window. */
const eventLinesKept = 3
/** Most lines of one event or problem. */
const linesOfOne = 3

/**
 * The whole picture as text, lines joined by a newline, none at the end. Pure: same arguments, same text.
 * Each object is a row of numbers, then what is wrong and what to do, then why the count is what it is.
 */
export function renderFrame (statuses: readonly ObjectStatus[], options: FrameOptions): string {
  const paint = picocolors.createColors(options.colors)
  const { width, height } = options
  const about = packFacts(options.about ?? [], width).map(line => paint.dim(line))
  const problems = problemLines(options.problems ?? [], options, paint)
  const events = (options.events ?? []).map(event => eventLines(event, width, paint))
  const eventsWanted = Math.min(eventLinesKept, events.flat().length)
  const around = problems.length + (about.length > 0 ? about.length + 1 : 0)
  const table = tableLines(statuses, options, height - around - (eventsWanted > 0 ? eventsWanted + 1 : 0), paint)
  const left = height - around - table.length - 1
  const log = left > 0 && events.length > 0 ? ['', ...lastThatFit(events, left)] : []
  const foot = about.length > 0 ? ['', ...about] : []
  return [...problems, ...table, ...log, ...foot].slice(0, Math.max(1, height)).join('\n')
}

/** Header and objects, in `room` lines; nothing at all is said in words. */
function tableLines (statuses: readonly ObjectStatus[], options: FrameOptions, room: number, paint: Paint): readonly string[] {
  const { width } = options
  if (statuses.length === 0) return wrap('No ScaledObject and no Trigger is there yet: nothing is scaled or delivered.', width)
  const ordered = [...statuses].sort((a, b) => objectName(a) < objectName(b) ? -1 : 1)
  const nameWidth = Math.max(...ordered.map(status => displayWidth(objectName(status))))
  const row = (cells: Row): string => rowText(cells, nameWidth, width)
  const header = paint.dim(row({ object: 'OBJECT', replicas: 'REPLICAS', backlog: 'BACKLOG', delivered: 'DELIVERED/S' }))
  return [header, ...fitObjects(ordered.map(status => objectLines(status, options, row, paint)), room - 1)]
}

/** At most a third of the window: the first of them, whole, and how many more there are. */
function problemLines (problems: readonly Problem[], { width, height }: FrameOptions, paint: Paint): readonly string[] {
  const room = Math.max(linesOfOne, Math.floor(height / 3))
  const lines: string[] = []
  for (const [i, problem] of problems.entries()) {
    const own = wrapAtMost(oneLine(formatProblem(problem)), width, linesOfOne)
    if (lines.length > 0 && lines.length + own.length > room) return [...lines, paint.red(fit(`${counted(problems.length - i, 'more problem')}: see tidegate lint`, width)), '']
    lines.push(...own.map(problem.severity === 'error' ? paint.red : paint.yellow))
  }
  return lines.length > 0 ? [...lines, ''] : []
}

/** The last of the events, each whole; of the very last as much as there is room for. */
function lastThatFit (events: readonly (readonly string[])[], room: number): readonly string[] {
  const shown: string[] = []
  for (const lines of events.toReversed()) {
    if (shown.length + lines.length > room) return shown.length > 0 ? shown : lines.slice(0, room)
    shown.unshift(...lines)
  }
  return shown
}

/** The name takes what it needs and no more than the numbers leave, so that rows stay together in a wide window. */
function rowText (row: Row, nameWidth: number, width: number): string {
  const free = width - 2 - replicasWidth - backlogWidth - deliveredWidth
  const name = column(row.object, Math.max(8, Math.min(nameWidth, free)))
  const numbers = column(row.backlog, backlogWidth, 'right') + column(row.delivered, deliveredWidth, 'right')
  return fit(`${name}  ${column(row.replicas, replicasWidth)}${numbers}`, width)
}

function objectLines (status: ObjectStatus, { now, rates, width }: FrameOptions, rowOf: (cells: Row) => string, paint: Paint): readonly Line[] {
  const { scaling, jobs, delivery } = status
  const rate = rates?.get(refKey(status.ref))
  const troubles = troublesOf(status)
  const row = rowOf({
    object: oneLine(objectName(status)),
    replicas: jobs === undefined ? replicasCell(scaling) : jobsCell(jobs),
    backlog: backlogCell(scaling ?? jobs),
    delivered: delivery === undefined || rate === undefined ? '-' : perSecond(rate),
  })
  const block = (weight: Weight, facts: readonly string[], tint: (text: string) => string): Line[] =>
    packFacts(facts, width - indent.length).map(text => ({ weight, text: indent + tint(text) }))
  return [
    { weight: 'row', text: troubles.some(trouble => trouble.severity === 'error') ? paint.red(row) : paint.bold(row) },
    ...troubles.flatMap(({ severity, what, next }) => [
      ...block('trouble', [oneLine(what)], severity === 'error' ? paint.red : paint.yellow),
      ...block('trouble', next === undefined ? [] : [`→ ${next}`], paint.yellow),
    ]),
    ...block('detail', scaling === undefined ? [] : scalingFacts(scaling, now), paint.dim),
    ...block('detail', jobs === undefined ? [] : jobsFacts(jobs), paint.dim),
    ...block('detail', delivery === undefined ? [] : deliveryFacts(delivery, now), paint.dim),
    ...block('detail', delivery?.lastWake === undefined ? [] : [wakeFact(delivery.lastWake)], paint.dim),
    ...block('detail', delivery?.lastFailure === undefined ? [] : [failureFact(delivery.lastFailure)], paint.yellow),
  ]
}

/** All lines if there is room; else without details; else as many rows as fit and how many are left out. */
function fitObjects (objects: readonly (readonly Line[])[], room: number): readonly string[] {
  const texts = (lines: readonly Line[]): readonly string[] => lines.map(line => line.text)
  const all = objects.flat()
  if (all.length <= room) return texts(all)
  const brief = all.filter(line => line.weight !== 'detail')
  if (brief.length <= room) return withSomeDetails(objects, room - brief.length)
  const worstFirst = [...objects].sort((a, b) => Number(hasTrouble(b)) - Number(hasTrouble(a)))
  const kept = worstFirst.flatMap(lines => lines.filter(line => line.weight !== 'detail')).slice(0, Math.max(0, room - 1))
  const missing = objects.length - kept.filter(line => line.weight === 'row').length
  return [...texts(kept), `${indent}${counted(missing, 'more object')}: make the window higher, or see /status`]
}

const hasTrouble = (lines: readonly Line[]): boolean => lines.some(line => line.weight === 'trouble')

/** Details from the top for as many objects as the spare lines hold whole. */
function withSomeDetails (objects: readonly (readonly Line[])[], spare: number): readonly string[] {
  let left = spare
  return objects.flatMap(lines => {
    const details = lines.filter(line => line.weight === 'detail').length
    const whole = details <= left
    if (whole) left -= details
    return lines.filter(line => whole || line.weight !== 'detail').map(line => line.text)
  })
}

/** As many lines as it needs, at most three, behind its time. */
function eventLines ({ at, type, text }: EventLine, width: number, paint: Paint): readonly string[] {
  const time = timeOfDay(at)
  const lines = wrapAtMost(oneLine(text), Math.max(1, width - time.length - 1), linesOfOne).map(line => type === 'Warning' ? paint.yellow(line) : line)
  return lines.map((line, i) => `${i === 0 ? paint.dim(time) : ' '.repeat(time.length)} ${line}`)
}
