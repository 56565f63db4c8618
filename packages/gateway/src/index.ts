export {
  type Alerting,
  type AlertingParts,
  type ChannelStanding,
  openAlerting,
} from './alerting/alerting.js'
export { openChannel, placeOf } from './alerting/channel.js'
export { type AlertSend, httpSend } from './alerting/http-send.js'
export { type Gateway, type GatewayOptions, GatewayStartError, startGateway } from './gateway.js'
