// The smallest function that can be woken: answers everything with 204.
import { createServer } from 'node:http'

createServer((request, response) => {
  request.resume().on('end', () => response.writeHead(204).end())
}).listen(Number(process.env.PORT), '127.0.0.1')
