/** The commands of `ballast queue`, each in a line: shown before any of them is loaded. */
export const queueSummaries = {
  status: 'How a study is handed out: its workers, what they are at, what waits, and the trials that are parked',
  drain: 'Give out nothing more of a study, or go on with it: workers end what they have',
  retry: 'Queue trials again that failed',
  cancel: 'Take all trials of a study back: workers are told, and what was measured stays',
} as const;
