import { environmentContainer, triggerKey, type Scaled } from '../../api/index.js'
import { scalerConfig, type ConfigParts } from '../configs.js'
import { contextKit, type Context } from '../context.js'
import { withFields } from '../kit.js'
import type { ObjectRef } from '../ports.js'
import { SourceReader } from './source-reader.js'

/** The readers of one object's triggers. An edit keeps those whose trigger did not change, with their clients. */
export class SourceReaders {
  readonly #context: Context
  readonly #config: ConfigParts
  readonly #readers = new Map<string, SourceReader>()
  #object: Scaled | undefined

  /** `config`: where credentials come from; the system's unless given. */
  constructor (context: Context, config: ConfigParts = context.config) {
    this.#context = context
    this.#config = config
  }

  get all (): readonly SourceReader[] { return [...this.#readers.values()] }

  /** `target`: whose containers `…FromEnv` is read from. */
  update (object: Scaled, target: ObjectRef): void {
    this.#object = object
    const wanted = new Map(object.spec.triggers.map((_, index) => [fingerprint(object, index, target), index]))
    for (const [key, reader] of this.#readers) {
      if (wanted.has(key)) continue
      this.#readers.delete(key)
      void reader.close()
    }
    const readers = [...wanted].map(([key, index]) => [key, this.#readers.get(key) ?? this.#reader(object, index, target)] as const)
    this.#readers.clear()
    for (const [key, reader] of readers) this.#readers.set(key, reader)
  }

  async close (): Promise<void> { await Promise.all(this.all.map(reader => reader.close())) }

  /** The object is gone: so are its series. */
  removeSeries ({ namespace, name }: ObjectRef): void {
    for (const metric of ['scaler_reads_total', 'scale_trigger_value'] as const) this.#context.telemetry.remove(metric, { namespace, scaled_object: name })
  }

  #reader (made: Scaled, index: number, target: ObjectRef): SourceReader {
    const context = this.#context
    const trigger = made.spec.triggers[index]
    const definition = context.registry.scaler(trigger?.type ?? '')
    if (trigger === undefined || definition === undefined) throw new RangeError(`no scaler for trigger ${index} of ${made.metadata.name}`)
    const { kind, metadata: { namespace, name, uid = `${namespace}/${name}` } } = made
    const key = triggerKey(trigger, index)
    const labels = { namespace, scaled_object: name, trigger: key, type: trigger.type }
    const reads = (outcome: string) => context.telemetry.counter('scaler_reads_total', { ...labels, outcome })
    return new SourceReader({
      trigger: key, definition, metricType: trigger.metricType === 'Value' ? 'Value' : 'AverageValue', clock: context.clock,
      resolve: maxAgeMs => scalerConfig(this.#object ?? made, index, definition, target, this.#config, maxAgeMs),
      kit: contextKit(context, { kind, namespace, name, uid }, trigger.type),
      log: withFields(context.log, { scaledObject: `${namespace}/${name}`, trigger: key, type: trigger.type }),
      metrics: {
        measured: reads('measured'), absent: reads('absent'), failed: reads('failed'),
        duration: context.telemetry.histogram('scaler_read_duration_seconds', { type: trigger.type }),
        value: context.telemetry.gauge('scale_trigger_value', labels),
      },
    })
  }
}

const fingerprint = (object: Scaled, index: number, target: ObjectRef): string =>
  JSON.stringify([index, object.spec.triggers[index], target, environmentContainer(object), object.apiVersion])
