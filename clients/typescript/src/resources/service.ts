import type { CallOptions } from '../options.js';
import type { Transport } from '../transport.js';
import type { BodyOf, EnvelopeOf } from '../types.js';

/** What is used, and what is left of it. */
export class Usage {
  readonly #transport: Transport;

  /** @internal */
  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** The limits of the tenant. It is not counted, and is answered once a second. */
  rateLimit(options: CallOptions = {}): Promise<EnvelopeOf<'usage.rateLimit'>> {
    return this.#transport.call('usage.rateLimit', {}, options);
  }
}

/** Access tokens. */
export class Auth {
  readonly #transport: Transport;

  /** @internal */
  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** Exchanges the session token of this client for an access token of HeroBrain, which is valid for 15 minutes. */
  exchange(body: BodyOf<'auth.exchange'> = {}, options: CallOptions = {}): Promise<EnvelopeOf<'auth.exchange'>> {
    return this.#transport.call('auth.exchange', { body }, options);
  }

  /** The public keys that access tokens are verified with. */
  jwks(options: CallOptions = {}): Promise<EnvelopeOf<'auth.jwks'>> {
    return this.#transport.call('auth.jwks', {}, options);
  }
}

/** Whether the service is there. */
export class Health {
  readonly #transport: Transport;

  /** @internal */
  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** Answers without a credential and without reading the database. */
  check(options: CallOptions = {}): Promise<EnvelopeOf<'health.check'>> {
    return this.#transport.call('health.check', {}, options);
  }
}

/** The description of the API. */
export class OpenApi {
  readonly #transport: Transport;

  /** @internal */
  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** The OpenAPI document. */
  get(options: CallOptions = {}): Promise<EnvelopeOf<'openapi.get'>> {
    return this.#transport.call('openapi.get', {}, options);
  }
}
