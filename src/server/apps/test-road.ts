import type { AppHandler } from '../../protocol/app-call.ts';

/** How the tests of listeners reach their apps: as they are, unless a test file puts something between. */
export const road: { to(app: AppHandler): AppHandler } = { to: (app) => app };
