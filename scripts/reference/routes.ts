/** The page of the API of the control plane, from the operations that the gateway registers. */

import { describeOperations } from '@runguard/gateway'
import { PERMISSIONS } from '@runguard/gateway/access'
import { code, GENERATED, page, table } from './markdown.js'

type Described = ReturnType<typeof describeOperations>[number]

/** What the first word of an id stands for. */
const SUBJECTS: Readonly<Record<string, string>> = {
  session: 'Who you are',
  oidc: 'Who you are',
  overview: 'Spending and calls',
  spend: 'Spending and calls',
  calls: 'Spending and calls',
  sessions: 'Sessions',
  cache: 'Caching and routing',
  routes: 'Caching and routing',
  feedback: 'Caching and routing',
  budgets: 'Budgets',
  loops: 'Loops, breakers, batches',
  breakers: 'Loops, breakers, batches',
  batches: 'Loops, breakers, batches',
  alerts: 'Alerts',
  keys: 'Keys and users',
  users: 'Keys and users',
  'spend-limits': 'Spend limits, in the shape of the Admin API',
}
const OTHERS = 'The gateway itself'

/** The page. */
export function writeRoutes(): string {
  const operations = describeOperations()
  const subjects = [...new Set(operations.map(subjectOf))].sort((a, b) => Number(a === OTHERS) - Number(b === OTHERS))
  return page(
    '# The API of the gateway',
    GENERATED,
    'What the dashboard reads and changes, programs can as well. `GET /runguard/api/openapi.json` has every field of every request and answer; this page says what there is, and who may.',
    ...RULES,
    ...subjects.flatMap((subject) => [
      `## ${subject}`,
      describe(operations.filter((each) => subjectOf(each) === subject)),
    ]),
  )
}

const RULES = [
  '**Who asks.** On a loopback address without sign-in everybody on the machine is an admin. Elsewhere show a token: `authorization: Bearer rga_…`, or sign in (`POST /runguard/api/login`) and send the cookie. A change that is made with a cookie, or without a token, needs the header `x-runguard-csrf` with the `csrfToken` of `GET /runguard/api/session`. An operator may do what a viewer may, an admin everything; `public` needs no sign-in. What is audited is noted before it is done, and stands in the audit log before it is answered.',
  '**Where.** Every path may have `/p/<project>` in front, as calls to the model have; those of spend limits may also be written without `/v1`. Who may do what is the same under each of them.',
  '**Values.** Money is whole nano-dollars (`…Nano`), times are milliseconds since the epoch (`…At`, `since`, `until`; `since` is in the period, `until` is not). Ids in paths are percent-encoded: `/runguard/api/sessions/a%2Fb`. A query that has an unknown parameter is refused, as is a body with an unknown field.',
  '**Lists** are `{ items, next }`. `next` is null on the last page, and what `cursor` takes for the page after it everywhere else. Pages neither repeat nor leave out a call while newer ones come in.',
  '**Sums** are kept by half hours of UTC: a period that begins or ends inside of one has all of it, and so has a day of the few time zones that are a quarter of an hour beside. Steps of a minute, which reach over six hours at most, are read from the calls and are exact. Sums follow the calls within a second or two; while more calls wait to be added up than that, answers say `isBehind: true`, and are too low until it is false. What they say is never more than what happened.',
  '**Cost of asking.** In a SQLite file a question is answered on the thread that serves calls, which wait for it: usually some milliseconds, and up to some tenths of a second for a month that is filtered by a name which most calls have, with a million calls in it. With PostgreSQL calls do not wait.',
  '**Errors** are `{ error: { code, message, problems } }`; `problems` has everything that is wrong, each with its place. Below `/v1` they have the shape of the Admin API. Every answer is `cache-control: no-store`.',
]

function subjectOf({ id }: Described): string {
  return SUBJECTS[id.split('.')[0] ?? ''] ?? OTHERS
}

function describe(operations: readonly Described[]): string {
  return table(
    ['request', 'role', 'audited', 'what it does'],
    operations.map(({ id, method, path, summary, isAudited }) => [
      code(`${method.toUpperCase()} ${path}`),
      PERMISSIONS[id],
      isAudited === true ? 'yes' : '',
      summary,
    ]),
  )
}
