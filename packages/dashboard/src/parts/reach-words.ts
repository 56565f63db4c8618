/** How soon an operator's word counts: the gateway that took it knows it, the others read it from the store. */
export const REACH_WORDS = 'This counts at once at this gateway, and within seconds at others on the same store.'
