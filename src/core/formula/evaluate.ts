import { closureFunctions } from './closures.js'
import { FormulaError } from './error.js'
import { BadArgument, functions } from './functions.js'
import type { Node } from './node.js'
import { combine, negate } from './operators.js'
import { isList, typeOf, type Value } from './value.js'

/** Steps of one evaluation: a node is one, an element of a list that comes about another. */
const mostSteps = 100_000

type Variables = ReadonlyMap<string, Value>
type Of<K extends Node['kind']> = Extract<Node, { kind: K }>

/**
 * Works a formula out. Throws FormulaError. `explores`: the sides that are not needed are worked out too, so that what is wrong in them
 * with any values is found; what is wrong with these values only is not.
 */
export function evaluate (node: Node, variables: Variables, explores = false): Value {
  return new Evaluation(explores).value(node, { variables, env: variables, pointers: noPointers })
}

interface Scope { readonly variables: Variables, readonly env: Variables, readonly pointers: Variables }

const noPointers: Variables = new Map()

class Evaluation {
  #steps = 0
  readonly #explores: boolean

  constructor (explores: boolean) { this.#explores = explores }

  value (node: Node, scope: Scope): Value {
    const value = this.#of(node, scope)
    this.#spend(1 + (isList(value) ? value.length : typeof value === 'string' ? value.length : 0), node.at)
    return value
  }

  #spend (steps: number, at: number): void {
    this.#steps += steps
    if (this.#steps > mostSteps) throw new FormulaError('steps', at, `more than ${mostSteps} steps`)
  }

  #of (node: Node, scope: Scope): Value {
    switch (node.kind) {
      case 'literal': return node.value
      case 'name': return this.#variable(node, scope)
      case 'pointer': return scope.pointers.get(node.name) ?? null
      case 'unary': return negate(node.operator, this.value(node.operand, scope), node.at)
      case 'binary': return this.#binary(node, scope)
      case 'choice': return this.#choice(node, scope)
      case 'list': return node.items.map(item => this.value(item, scope))
      case 'element': return this.#element(node, scope)
      case 'slice': return this.#slice(node, scope)
      case 'let': return this.value(node.body, { ...scope, variables: new Map([...scope.variables, [node.name, this.value(node.value, scope)]]) })
      case 'call': return this.#call(node, scope)
    }
  }

  #variable ({ name, at }: Of<'name'>, { variables, env }: Scope): Value {
    if (name === '$env') return env
    const value = variables.get(name)
    if (value === undefined) throw new FormulaError('syntax', at, `nothing is named ${name}`)
    return value
  }

  #binary ({ operator, left, right, at }: Of<'binary'>, scope: Scope): Value {
    const first = this.value(left, scope)
    switch (operator) {
      case '??':
        if (first === null) return this.value(right, scope)
        this.#explore(right, scope)
        return first
      case 'and':
      case '&&': return this.#logical(first, first === false, right, scope, { operator, at })
      case 'or':
      case '||': return this.#logical(first, first === true, right, scope, { operator, at })
      default: return combine(operator, first, this.value(right, scope), at)
    }
  }

  #logical (first: Value, isDecided: boolean, right: Node, scope: Scope, { operator, at }: { readonly operator: string, readonly at: number }): boolean {
    const truth = (value: Value): boolean => {
      if (typeof value !== 'boolean') throw new FormulaError(value === null ? 'value' : 'type', at, `${operator} takes true and false, not ${typeOf(value)}`)
      return value
    }
    const isFirst = truth(first)
    if (!isDecided) return truth(this.value(right, scope))
    const second = this.#explore(right, scope)
    if (second !== undefined) truth(second)
    return isFirst
  }

  #choice ({ condition, yes, no, at }: Of<'choice'>, scope: Scope): Value {
    const decided = this.value(condition, scope)
    if (typeof decided !== 'boolean') throw new FormulaError(decided === null ? 'value' : 'type', at, `? takes true or false before it, not ${typeOf(decided)}`)
    this.#explore(decided ? no : yes, scope)
    return this.value(decided ? yes : no, scope)
  }

  /** The value of a side that is not needed, while exploring and where it has one. */
  #explore (node: Node, scope: Scope): Value | undefined {
    if (!this.#explores) return undefined
    try {
      return this.value(node, scope)
    } catch (error) {
      if (error instanceof FormulaError && error.fault === 'value') return undefined
      throw error
    }
  }

  #element ({ of, key, at }: Of<'element'>, scope: Scope): Value {
    const whole = this.value(of, scope)
    const wanted = this.value(key, scope)
    if (isList(whole) && typeof wanted === 'bigint') {
      const element = whole.at(Number(wanted))
      if (element === undefined) throw new FormulaError('value', at, `there is no element ${wanted} among ${whole.length}`)
      return element
    }
    if (whole instanceof Map && typeof wanted === 'string') return (whole as Variables).get(wanted) ?? null
    throw new FormulaError(whole === null || wanted === null ? 'value' : 'type', at, `${typeOf(whole)} has no element by ${typeOf(wanted)}`)
  }

  #slice ({ of, from, to, at }: Of<'slice'>, scope: Scope): Value {
    const whole = this.value(of, scope)
    const end = (node: Node | undefined): number | undefined => {
      const value = node === undefined ? undefined : this.value(node, scope)
      if (value !== undefined && typeof value !== 'bigint') throw new FormulaError('type', at, `a slice is bounded by whole numbers, not ${typeOf(value)}`)
      return value === undefined ? undefined : Number(value)
    }
    if (!isList(whole)) throw new FormulaError(whole === null ? 'value' : 'type', at, `a slice is of an array, not of ${typeOf(whole)}`)
    return whole.slice(end(from), end(to))
  }

  #call (node: Of<'call'>, scope: Scope): Value {
    const { name, args, at } = node
    const values = args.map(arg => this.value(arg, scope))
    try {
      return Object.hasOwn(closureFunctions, name) ? this.#withClosure(node, values, scope) : plainCall(name, values, at)
    } catch (error) {
      if (error instanceof BadArgument) throw new FormulaError(error.fault, at, `${name} ${error.message}`)
      throw error
    }
  }

  #withClosure ({ name, closure, at }: Of<'call'>, [list = null, ...more]: readonly Value[], scope: Scope): Value {
    const declared = closureFunctions[name]
    if (declared === undefined || (closure === undefined && declared.isOptional !== true)) throw new FormulaError('syntax', at, `${name} needs an array and a closure: ${name}([a, b], # > 1)`)
    if (more.length > (declared.more ?? 0)) throw new FormulaError('syntax', at, `${name} takes fewer arguments`)
    if (!isList(list)) throw new BadArgument(list)
    return declared.apply(list, (item, index, acc) => {
      if (closure === undefined) return item
      const pointers = new Map<string, Value>([['', item], ['index', BigInt(index)], ...(acc === undefined ? [] : [['acc', acc] as const])])
      return this.value(closure, { ...scope, pointers })
    }, more, at)
  }
}

function plainCall (name: string, values: readonly Value[], at: number): Value {
  const declared = Object.hasOwn(functions, name) ? functions[name] : undefined
  if (declared === undefined) throw new FormulaError('syntax', at, `there is no function ${name}`)
  const { least, most, apply } = declared
  if (values.length < least || values.length > most) {
    throw new FormulaError('syntax', at, `${name} takes ${least === most ? least : most === Infinity ? `at least ${least}` : `${least} to ${most}`} ${most === 1 ? 'argument' : 'arguments'}, not ${values.length}`)
  }
  return apply(...values)
}
