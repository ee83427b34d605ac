/** What a folder is made for. */
export const requestFile = 'request.json';

/** JSON that says what a folder is for, or what it has cost, and is no result. */
export const besides: readonly string[] = [requestFile, 'config.json', 'spent-time.json'];
