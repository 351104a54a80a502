import { cloudEvent } from '@google-cloud/functions-framework'

cloudEvent('audit', ({ id, time, data }) => {
  console.log(`${time} ${id} ${JSON.stringify(data)}`)
})
