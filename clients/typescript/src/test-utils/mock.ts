import { HeroBrain } from '../client.js';
import type { ClientOptions } from '../options.js';
import type { ClientOperation } from '../routes.js';
import type { DataOf } from '../types.js';
import type { MockCall, MockFailure, MockResponder } from './server.js';
import { MockServer } from './server.js';

/** The options of a mock: those of a client that have a meaning without a service. */
export type MockOptions = Omit<ClientOptions, 'fetch' | 'baseUrl'>;

/**
 * A HeroBrain whose service is this process, for unit tests of applications.
 *
 * It keeps memories and API keys. What it does not know, as the responses of webhooks, is set by `respond`. It is no test of the
 * service: it checks required fields only, and search finds the words of the query. A failed call is not repeated unless
 * `retryAttempts` is given.
 */
export class MockHeroBrain extends HeroBrain {
  readonly #server: MockServer;

  constructor(options: MockOptions = {}) {
    const server = new MockServer();
    const credential = options.apiKey === undefined && options.token === undefined ? { apiKey: 'hb_dev_mock' } : {};
    const fetch: NonNullable<ClientOptions['fetch']> = (url, init) => server.fetch(url, init);
    super({ retryAttempts: 0, ...options, ...credential, baseUrl: 'https://herobrain.invalid', fetch });
    this.#server = server;
  }

  /** The requests since the start or the last `reset`, repetitions included. */
  get calls(): readonly MockCall[] {
    return this.#server.calls;
  }

  /** Answers an operation with this `data`, or with what the function returns for a call. */
  respond<O extends ClientOperation>(operation: O, data: DataOf<O> | MockResponder<O>): this {
    this.#server.respond(operation, data as DataOf<ClientOperation> | MockResponder<ClientOperation>);
    return this;
  }

  /** Answers an operation with an error: always, or `times` times. */
  fail(operation: ClientOperation, failure: MockFailure): this {
    this.#server.fail(operation, failure);
    return this;
  }

  /** Forgets all memories, keys, calls, responses and failures. */
  reset(): void {
    this.#server.reset();
  }
}
