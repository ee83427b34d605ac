/** A page over what a folder holds: HTTP over `app/` and `schema/`, live events, and jobs in processes of their own. */
export { openApi } from './open-api.ts';
export { type RunningServer, type ServeOptions, startServer } from './serve.ts';
