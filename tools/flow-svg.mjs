// The picture of the flow at the head of the README, drawn by code so that its words and its lines can be changed like any others.
const width = 900
const height = 300

const style = `
  text { font: 14px system-ui, -apple-system, 'Segoe UI', sans-serif; fill: #1f2937 }
  .small { font-size: 12px; fill: #5b6472 }
  .title { font-weight: 600; font-size: 15px }
  .box { fill: #ffffff; stroke: #94a3b8; stroke-width: 1.2 }
  .gate { fill: #eef6f8; stroke: #0e7490; stroke-width: 1.6 }
  .ghost { fill: none; stroke: #94a3b8; stroke-width: 1.2; stroke-dasharray: 4 4 }
  .line { fill: none; stroke: #64748b; stroke-width: 1.5 }
  .event { stroke: #0e7490; stroke-width: 2.2 }
  .head { fill: #64748b }
  .event-head { fill: #0e7490 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e5e7eb }
    .small { fill: #a3acba }
    .box { fill: #161b22; stroke: #57606c }
    .gate { fill: #0f2a33; stroke: #22b8cf }
    .ghost { stroke: #57606c }
    .line { stroke: #8b95a3 }
    .event { stroke: #22b8cf }
    .head { fill: #8b95a3 }
    .event-head { fill: #22b8cf }
  }`

const box = ({ x, y, w, h, kind = 'box' }) => `<rect class="${kind}" x="${x}" y="${y}" width="${w}" height="${h}" rx="8"/>`
const text = (x, y, words, { kind = '', anchor = 'middle' } = {}) => `<text class="${kind}" x="${x}" y="${y}" text-anchor="${anchor}">${words}</text>`

/** An arrow with its words above the middle of it. */
function arrow ({ from: [x1, y1], to: [x2, y2], words, isEvent = false }) {
  const kind = isEvent ? 'line event' : 'line'
  const head = isEvent ? 'event-head' : 'head'
  return [
    `<path class="${kind}" d="M${x1} ${y1} L${x2} ${y2}" marker-end="url(#${head})"/>`,
    ...(words === undefined ? [] : [text((x1 + x2) / 2, Math.min(y1, y2) - 8, words, { kind: 'small' })]),
  ].join('\n')
}

const marker = id => `<marker id="${id}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="11" markerHeight="11" markerUnits="userSpaceOnUse" orient="auto"><path class="${id}" d="M0 0 L8 4 L0 8 z"/></marker>`

const sources = [
  ['queues', 'Azure Storage queue'],
  ['topics', 'NATS, JetStream'],
  ['schedules', 'cron'],
]

function drawSource ([title, example], i) {
  const y = 32 + i * 74
  return [box({ x: 32, y, w: 166, h: 56 }), text(115, y + 24, title, { kind: 'title' }), text(115, y + 43, example, { kind: 'small' })].join('\n')
}

function drawGate () {
  return [
    box({ x: 320, y: 20, w: 240, h: 228, kind: 'gate' }),
    text(440, 44, 'Tidegate', { kind: 'title' }),
    box({ x: 340, y: 56, w: 200, h: 80 }),
    text(440, 80, 'scaling', { kind: 'title' }),
    text(440, 101, 'how much is waiting?', { kind: 'small' }),
    text(440, 120, 'so many replicas, and why', { kind: 'small' }),
    box({ x: 340, y: 152, w: 200, h: 80 }),
    text(440, 176, 'delivery', { kind: 'title' }),
    text(440, 197, 'one event for each free slot', { kind: 'small' }),
    text(440, 216, 'acked after the answer', { kind: 'small' }),
  ].join('\n')
}

function drawFunction () {
  const replicas = ['1', '2', 'N'].map((name, i) => {
    const x = 702 + i * 56
    return `${box({ x, y: 56, w: 46, h: 176, kind: i === 0 ? 'box' : 'ghost' })}\n${text(x + 23, 149, name)}`
  })
  return [text(781, 44, 'your worker or function', { kind: 'title' }), ...replicas].join('\n')
}

/** The whole picture, in the colours of the reader's light or dark page. */
export function flowSvg () {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="Queues, topics and schedules feed Tidegate, which scales a worker or function from zero and hands it events.">
<style>${style}
</style>
<defs>${marker('head')}${marker('event-head')}</defs>
${box({ x: 18, y: 20, w: 194, h: 228, kind: 'ghost' })}
${sources.map(drawSource).join('\n')}
${drawGate()}
${drawFunction()}
${arrow({ from: [218, 96], to: [334, 96], words: 'depth, ring' })}
${arrow({ from: [218, 192], to: [334, 192], words: 'events', isEvent: true })}
${arrow({ from: [546, 96], to: [696, 96], words: '0 → N → 0' })}
${arrow({ from: [546, 192], to: [696, 192], words: 'POST, CloudEvents', isEvent: true })}
${text(width / 2, 282, 'A worker takes its own messages and is only scaled; a function is scaled and handed its events.', { kind: 'small' })}
</svg>
`
}
