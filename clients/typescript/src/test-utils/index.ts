export { MockHeroBrain } from './mock.js';
export type { MockOptions } from './mock.js';
export type { MockCall, MockFailure, MockResponder } from './server.js';
