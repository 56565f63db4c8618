import type { SendToApi } from '../src/engine/api-sender.js'

/** Sends as a door does, with a credential, and reads the whole answer at once. @param urlOf the simulator of the test */
export function sendToSimulator(urlOf: () => string): SendToApi {
  return async ({ method, path, body, headers }) => {
    const init = { method, headers: { ...(headers as Record<string, string>), 'x-api-key': 'sk-ant-test' } }
    const response = await fetch(urlOf() + path, { ...init, body: body === null ? null : new Uint8Array(body) })
    const bytes = new Uint8Array(await response.arrayBuffer())
    const pieces = async function* () {
      yield bytes
    }
    return { kind: 'answer', status: response.status, headers: Object.fromEntries(response.headers), body: pieces() }
  }
}
