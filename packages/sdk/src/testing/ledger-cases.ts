/** The named cases of the ledger, as tables for `playLedger`. */

import type { LedgerCase } from './ledger-table.js'

/** Each starts with an empty ledger. */
export const ledgerCases: readonly LedgerCase[] = [
  {
    name: 'sets aside, posts the true cost, gives back the rest',
    table: `
      limit   day 100
      hold    a 60 day   -> held
      balance day 0 60
      settle  a 50       -> settled
      balance day 50 0
    `,
  },
  {
    name: 'fills a budget to its last unit and not one further',
    table: `
      limit   day 100
      hold    a 100 day  -> held
      hold    b 1 day    -> exceeds-limit day 0
      settle  a 99       -> settled
      hold    b 2 day    -> exceeds-limit day 1
      hold    b 1 day    -> held
      settle  b 1        -> settled
      balance day 100 0
    `,
  },
  {
    name: 'holds on every budget or on none, and names the one with the least left',
    table: `
      limit   day 100
      limit   session 30
      limit   user 20
      hold    a 25 day+session+user  -> exceeds-limit user 20
      hold    b 25 day+session       -> held
      hold    c 10 day+session+user  -> exceeds-limit session 5
      balance day 0 25
      balance session 0 25
    `,
  },
  {
    name: 'counts an observed budget without ever refusing, and says when it would have',
    table: `
      observe team 10
      limit   day 100
      hold    a 8 team+day   -> held
      hold    b 8 team+day   -> held team+6
      settle  b 1            -> settled
      balance team 1 8
      hold    c 95 team+day  -> exceeds-limit day 91
    `,
  },
  {
    name: 'raises a hold to a total, once, and never lowers it',
    table: `
      limit   day 100
      hold    a 10 day   -> held
      extend  a 40       -> extended
      extend  a 40       -> already-extended
      extend  a 30       -> already-extended
      balance day 0 40
      hold    b 50 day   -> held
      extend  a 60       -> exceeds-limit day 10
      extend  a 50       -> extended
      settle  a 45       -> settled
      extend  a 55       -> already-settled
      balance day 45 50
    `,
  },
  {
    name: 'renews the deadline of a hold without moving money',
    table: `
      limit   day 100
      hold    a 10 day   -> held
      clock   900
      extend  a 10       -> extended
      clock   1000
      expire  a          -> not-due
      clock   1900
      expire  a          -> expired
      balance day 10 0
    `,
  },
  {
    name: 'posts a cost above its hold, because it was spent, and says by how much it passed the limit',
    table: `
      limit   day 100
      hold    a 90 day   -> held
      settle  a 105      -> settled day+5
      balance day 105 0
      hold    b 0 day    -> exceeds-limit day -5
      hold    c 1 day    -> exceeds-limit day -5
    `,
  },
  {
    name: 'answers repeats with what happened the first time',
    table: `
      limit   day 100
      limit   user 100
      hold    a 10 day        -> held
      hold    a 10 day        -> exists
      hold    a 11 day        -> differs
      hold    a 10 day+user   -> differs
      release a               -> released
      hold    a 10 day        -> exists
      release a               -> already-released
      settle  a 5             -> already-released
      hold    b 10 day        -> held
      settle  b 7             -> settled
      settle  b 7             -> already-settled
      settle  b 9             -> already-settled
      estimate b 9            -> already-settled
      release b               -> already-settled
      clock   5000
      expire  b               -> already-settled
      void    b               -> already-settled
      balance day 7 0
    `,
  },
  {
    name: 'knows no hold that was refused or never asked for',
    table: `
      limit   day 5
      hold    a 6 day    -> exceeds-limit day 5
      settle  a 6        -> unknown-hold
      extend  a 6        -> unknown-hold
      release a          -> unknown-hold
      expire  a          -> unknown-hold
      void    a          -> unknown-hold
      hold    a 5 day    -> held
    `,
  },
  {
    name: 'posts what a dead owner held, and corrects it when the truth arrives',
    table: `
      limit   day 100
      hold    a 60 day   -> held
      expire  a          -> not-due
      clock   1000
      expire  a          -> expired
      balance day 60 0
      expire  a          -> already-expired
      settle  a 20       -> adjusted
      balance day 20 0
      settle  a 20       -> already-settled
    `,
  },
  {
    name: 'gives back what expired when its slow owner says that nothing was billed',
    table: `
      limit   day 100
      hold    a 60 day   -> held
      clock   1000
      expire  a          -> expired
      release a          -> adjusted
      balance day 0 0
      release a          -> already-released
    `,
  },
  {
    name: 'lets an estimate raise what was posted and never lower it; the truth does both',
    table: `
      limit    day 100
      hold     a 60 day   -> held
      estimate a 50       -> settled
      estimate a 40       -> already-settled
      estimate a 55       -> adjusted
      balance  day 55 0
      release  a          -> already-settled
      settle   a 30       -> adjusted
      estimate a 90       -> already-settled
      balance  day 30 0
      hold     b 20 day   -> held
      estimate b 20       -> settled
      settle   b 80       -> adjusted day+10
      balance  day 110 0
    `,
  },
  {
    name: 'lets an operator take back estimates, and nothing else',
    table: `
      limit    day 100
      hold     a 60 day   -> held
      void     a          -> still-open
      clock    1000
      expire   a          -> expired
      void     a          -> voided
      void     a          -> already-voided
      balance  day 0 0
      estimate a 30       -> already-voided
      release  a          -> already-voided
      settle   a 25       -> adjusted
      void     a          -> already-settled
      balance  day 25 0
      hold     b 10 day   -> held
      estimate b 9        -> settled
      void     b          -> voided
      balance  day 25 0
    `,
  },
  {
    name: 'goes by the limit of the moment, lowered, raised or set to observe',
    table: `
      limit   day 100
      hold    a 80 day   -> held
      limit   day 50
      hold    b 1 day    -> exceeds-limit day -30
      settle  a 70       -> settled
      limit   day 71
      hold    b 1 day    -> held
      extend  b 2        -> exceeds-limit day 0
      observe day 71
      extend  b 2        -> extended day+1
      balance day 70 2
    `,
  },
  {
    name: 'refuses what it could not count exactly',
    table: `
      observe all 9007199254740991
      hold    a 9007199254740991 all  -> held
      hold    b 1 all                 -> overflows all
      settle  a 9007199254740990      -> settled
      hold    b 1 all                 -> held
      settle  b 2                     -> overflows all
      settle  b 1                     -> settled
      balance all 9007199254740991 0
    `,
  },
]
