/** How a gateway works on calls that may wait, as its configuration says. */

import { type GatewayOptions, httpSend, tellByWebhook } from '@runguard/gateway'
import type { FileConfig } from '@runguard/sdk/core'
import { deferSettings, type EngineOptions, type Runtime } from '@runguard/sdk/engine'

/** What the parts of a gateway are told. */
export interface Deferring {
  readonly engine: Pick<EngineOptions, 'defer' | 'tellDeferred'>
  readonly gateway: Pick<GatewayOptions, 'webhookHosts'>
  close(): Promise<void>
}

/** @param config `defer:` of the configuration, if it is there */
export function openDeferring(config: FileConfig['defer'], runtime: Runtime): Deferring {
  const defer = deferSettings(config)
  const webhooks = config?.webhooks
  if (webhooks === undefined) return { engine: { defer }, gateway: {}, close: async () => {} }
  const { hosts, secret } = webhooks
  const send = httpSend(runtime)
  return {
    engine: { defer, tellDeferred: tellByWebhook({ runtime, send, hosts, secret }) },
    gateway: { webhookHosts: hosts },
    close: async () => send.close?.(),
  }
}
