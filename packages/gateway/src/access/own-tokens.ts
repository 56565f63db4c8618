/** Tokens of ours, wherever somebody has put them: none of them is for the API. */

import { sessionCookieName } from './cookies.js'

/** A whole one; some tools write headers in capitals. */
const TOKEN = /rg[kua]_[a-z2-7]{50}/i
const BASIC = /^basic +([\w+/=-]+)/i

/**
 * True if a token of ours, or the session of a browser, is anywhere in a header or an address.
 *
 * @param adminToken the configured one, which nothing in it shows to be ours
 */
export function holdsOwnToken(text: string, adminToken: string | null): boolean {
  const [, encoded] = BASIC.exec(text) ?? []
  const readings = [text, ...(encoded === undefined ? [] : [Buffer.from(encoded, 'base64').toString('latin1')])]
  if (text.includes('%')) readings.push(decoded(text))
  return readings.some((each) => isOurs(each, adminToken))
}

function isOurs(text: string, adminToken: string | null): boolean {
  if (TOKEN.test(text) || text.includes(`${sessionCookieName}=`)) return true
  return adminToken !== null && text.includes(adminToken)
}

/** As far as it can be decoded. */
function decoded(text: string): string {
  return text.replace(/(?:%[0-9a-f]{2})+/gi, (escapes) => Buffer.from(escapes.replaceAll('%', ''), 'hex').toString())
}
