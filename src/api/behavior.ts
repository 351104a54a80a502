import { integer, list, object, oneOf, quantity, type ValueOf } from '../spec/index.js'

const policyField = object({
  type: oneOf(['Pods', 'Percent'], { summary: 'What `value` counts.' }),
  value: integer({ summary: 'Most change within the period.', min: 1 }),
  periodSeconds: integer({ summary: 'Length of the period.', min: 1, max: 1800 }),
}, { summary: 'One rate limit.' })

const rulesField = (direction: string) => object({
  stabilizationWindowSeconds: integer({ summary: 'How long earlier recommendations bind.', optional: true, min: 0, max: 3600 }),
  selectPolicy: oneOf(['Max', 'Min', 'Disabled'], { summary: 'Which of the policies binds; Disabled forbids the direction.', optional: true }),
  policies: list(policyField, { summary: 'Rate limits.', optional: true }),
  tolerance: quantity({ summary: 'Change of the ratio that is ignored; 0.1 unless given.', optional: true, min: 0 }),
}, { summary: `How the count may go ${direction}.`, optional: true })

/** `behavior` of autoscaling/v2. */
export const behaviorField = object({ scaleUp: rulesField('up'), scaleDown: rulesField('down') },
  { summary: 'Rates and windows, as in a HorizontalPodAutoscaler.', optional: true })

export type Behavior = NonNullable<ValueOf<typeof behaviorField>>
export type WrittenRules = NonNullable<Behavior['scaleUp']>
