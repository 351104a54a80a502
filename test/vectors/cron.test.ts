import { checkCronCase } from './cron-cases.js'
import { testVectors } from './support.js'

testVectors('cron', checkCronCase)
