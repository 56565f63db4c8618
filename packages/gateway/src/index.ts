export { type Gateway, type GatewayOptions, GatewayStartError, startGateway } from './gateway.js'
