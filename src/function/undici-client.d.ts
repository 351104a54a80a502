// The client alone: the whole of undici (fetch, cache, WebSocket …) takes three times as long to load, and the first call may be a wake.
declare module 'undici/lib/dispatcher/client.js' {
  import { Client } from 'undici'
  export default Client
}
