import { checkCronCase } from './cron-cases.js'
import { testVectors } from './support.js'

testVectors('derived_cron', checkCronCase)
