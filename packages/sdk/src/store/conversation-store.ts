/** Which conversations run on another model than they ask for. */

/** A conversation that was moved, as it was when its last call ended. */
export interface MovedConversation {
  /** Tells it from others, and tells nothing of it. */
  readonly name: string
  /** JSON of whoever moves conversations. */
  readonly state: string
  /** When that call began, milliseconds since the epoch. */
  readonly at: number
}

/** Conversations that were moved: whichever gateway serves their next call finds them here. */
export interface ConversationStore {
  /** Null if it was not moved, or that is forgotten. */
  findConversation(name: string): Promise<MovedConversation | null>
  /** Keeps it in place of what is older. */
  putConversation(moved: MovedConversation): Promise<void>
  /** Forgets those whose last call began before a moment, in milliseconds since the epoch. */
  forgetConversations(before: number): Promise<void>
}
