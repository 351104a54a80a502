import { checkRequest, type Requested, type RequestScale } from './executor.js'
import { testVectors } from './support.js'

testVectors<RequestScale, Requested>('derived_scale_executor', ({ given, expect }) => checkRequest(given, expect))
