export { type LogLine, type ManualRuntime, manualRuntime } from './manual-runtime.js'
export { sampleRecord } from './sample-record.js'
export { type StoreCheck, storeSuite } from './store-suite.js'
export { sampleStreams } from './streams.js'
