/** The SQL of conversations that were moved. One statement does one change, so that it needs no lock. */

import type { ConversationStore } from './conversation-store.js'
import type { RunStatement } from './sessions-sql.js'
import { cleanText } from './summary.js'

const PUT = `INSERT INTO moved_conversations (name, state, served_at) VALUES (?, ?, ?)
  ON CONFLICT (name) DO UPDATE SET state = excluded.state, served_at = excluded.served_at
    WHERE excluded.served_at >= moved_conversations.served_at
  RETURNING name`

/**
 * Moved conversations over a database.
 *
 * @param change the same for a statement that changes something; a database may ask to try it again
 */
export function sqlConversations(fetchRows: RunStatement, change: RunStatement): ConversationStore {
  return {
    async findConversation(name) {
      const text = 'SELECT name, state, served_at FROM moved_conversations WHERE name = ?'
      const [row] = await fetchRows({ text, values: [cleanText(name)] })
      return row === undefined ? null : { name: String(row.name), state: String(row.state), at: Number(row.served_at) }
    },
    async putConversation({ name, state, at }) {
      await change({ text: PUT, values: [cleanText(name), cleanText(state), at] })
    },
    async forgetConversations(before) {
      await change({ text: 'DELETE FROM moved_conversations WHERE served_at < ?', values: [before] })
    },
  }
}
