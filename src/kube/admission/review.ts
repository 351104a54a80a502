import { formatProblem, isError, type Problem } from '../../spec/index.js'
import { isMapping } from '../../spec/read.js'

/** The part of an AdmissionReview's request that is read (admission.k8s.io/v1). */
export interface ReviewRequest {
  readonly uid: string
  readonly operation: 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT'
  readonly object: Readonly<Record<string, unknown>>
  readonly oldObject: Readonly<Record<string, unknown>> | undefined
}

/** Undefined where the body is no such review. */
export function requestOf (body: unknown): ReviewRequest | undefined {
  const request = isMapping(body) && body['apiVersion'] === 'admission.k8s.io/v1' ? body['request'] : undefined
  if (!isMapping(request) || typeof request['uid'] !== 'string' || typeof request['operation'] !== 'string') return undefined
  const { uid, operation, object, oldObject } = request
  return { uid, operation: operation as ReviewRequest['operation'], object: isMapping(object) ? object : {}, oldObject: isMapping(oldObject) ? oldObject : undefined }
}

/** The answer: an error denies, in the words of `lint`; what is no error is told to whoever writes the object. */
export function answerTo (uid: string, problems: readonly Problem[]): Readonly<Record<string, unknown>> {
  const errors = problems.filter(isError)
  return {
    apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview',
    response: {
      uid, allowed: errors.length === 0, warnings: problems.filter(p => !isError(p)).map(formatProblem),
      ...(errors.length === 0 ? {} : { status: { code: 422, reason: 'Invalid', message: errors.map(formatProblem).join('\n') } }),
    },
  }
}
