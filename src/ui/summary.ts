import type { ObjectStatus } from '../runtime/ports.js'
import { objectName, wakeFact } from './object-lines.js'
import { troublesOf } from './trouble.js'
import { count, counted } from './words.js'

/** What a run came to, one line an object: for the end of a run, with or without a terminal. Empty when nothing ran. */
export function plainSummary (statuses: readonly ObjectStatus[]): string {
  return statuses.map(status => {
    const { scaling, jobs, delivery } = status
    const facts: string[] = []
    if (delivery !== undefined) {
      facts.push(`${count(delivery.delivered)} delivered, ${count(delivery.failed)} failed, ${counted(delivery.deadLettered, 'dead letter')}`)
      if (delivery.inFlight > 0) facts.push(`${count(delivery.inFlight)} given back to ${delivery.source}`)
      if (delivery.lastWake !== undefined) facts.push(wakeFact(delivery.lastWake))
    }
    if (scaling !== undefined) facts.push(`${counted(scaling.current.status, 'replica')}, ${scaling.decision.reason}`)
    if (jobs?.counts !== undefined) facts.push(`${counted(jobs.counts.running, 'job')}, ${jobs.decision.reason}`)
    const [trouble] = troublesOf(status)
    if (trouble !== undefined) facts.push(trouble.what)
    return `${objectName(status)}: ${facts.join('; ')}`
  }).join('\n')
}
