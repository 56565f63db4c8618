/**
 * The tables and the test vectors that the Python package shares with the library, written from the library's source.
 *
 *   node scripts/dist/vectors.js            writes them
 *   node scripts/dist/vectors.js --check    names those that differ from what the source gives now, and fails
 */
import { differingFiles, writeFiles } from './vectors/files.js'

const isCheck = process.argv.includes('--check')
const differing = isCheck ? differingFiles() : writeFiles()
const advice = 'run `node scripts/dist/vectors.js` and commit what it writes'
if (differing.length === 0) console.log('The tables and vectors are what the source gives.')
else if (isCheck) console.error(`${differing.join('\n')}\nThese differ from the source: ${advice}.`)
else console.log(`written: ${differing.join(', ')}`)
if (isCheck && differing.length > 0) process.exitCode = 1
