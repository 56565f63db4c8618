export { AlertDesk } from './alerting/alert-desk.js'
export {
  type Alerting,
  type AlertingParts,
  type ChannelStanding,
  openAlerting,
} from './alerting/alerting.js'
export { openChannel, placeOf } from './alerting/channel.js'
export { type AlertSend, httpSend } from './alerting/http-send.js'
export { tellByWebhook, type WebhookParts } from './calls/webhook.js'
export { type Control, type ControlSetup, openControl } from './control/control.js'
export { describeOperations } from './control/described.js'
export { describeRules } from './control/rules.js'
export { type Gateway, type GatewayOptions, GatewayStartError, startGateway } from './gateway.js'
export { CallSums } from './telemetry/call-sums.js'
export { type Metrics, openMetrics } from './telemetry/metrics.js'
export { openTelemetry, type Telemetry, TelemetryStartError } from './telemetry/telemetry.js'
