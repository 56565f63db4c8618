/** The table of conversations that were moved to another model. */
export const CONVERSATION_TABLES: readonly string[] = [
  'CREATE TABLE moved_conversations (name TEXT PRIMARY KEY, state TEXT NOT NULL, served_at BIGINT NOT NULL)',
  'CREATE INDEX moved_conversations_served_at ON moved_conversations (served_at)',
]
