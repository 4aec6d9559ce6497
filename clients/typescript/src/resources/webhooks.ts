import type { CallOptions, ConditionalOptions, WriteOptions } from '../options.js';
import { Pages } from '../pages.js';
import type { Transport } from '../transport.js';
import type { BodyOf, Delivery, EnvelopeOf, NewWebhook, QueryOf, Webhook } from '../types.js';
import { verifyWebhook } from '../verify.js';

/** The webhook endpoints of the tenant. */
export class Webhooks {
  readonly #transport: Transport;

  /** @internal */
  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** Verifies a webhook request and returns its event. A receiver that has no client uses `verifyWebhook`. */
  readonly verify: typeof verifyWebhook = verifyWebhook;

  /** Creates an endpoint. `secret` is in this response only: store it. */
  create(webhook: NewWebhook, options: WriteOptions = {}): Promise<EnvelopeOf<'webhooks.create'>> {
    return this.#transport.call('webhooks.create', { body: webhook }, options);
  }

  /** Lists the endpoints. They are all on one page. */
  list(options: CallOptions = {}): Pages<EnvelopeOf<'webhooks.list'>, Webhook> {
    return new Pages(
      () => this.#transport.call('webhooks.list', {}, options),
      ({ data }) => ({ items: data.webhooks, next: null }),
    );
  }

  /** Gets an endpoint. */
  get(id: string, options: CallOptions & ConditionalOptions = {}): Promise<EnvelopeOf<'webhooks.get'>> {
    return this.#transport.call('webhooks.get', { path: { id } }, options);
  }

  /** Changes the given fields of an endpoint. */
  update(
    id: string,
    patch: BodyOf<'webhooks.update'>,
    options: WriteOptions & ConditionalOptions = {},
  ): Promise<EnvelopeOf<'webhooks.update'>> {
    return this.#transport.call('webhooks.update', { path: { id }, body: patch }, options);
  }

  /** Deletes an endpoint. */
  delete(id: string, options: CallOptions & ConditionalOptions = {}): Promise<EnvelopeOf<'webhooks.delete'>> {
    return this.#transport.call('webhooks.delete', { path: { id } }, options);
  }

  /** Sends a sample to an endpoint and waits for its response. */
  test(id: string, options: WriteOptions = {}): Promise<EnvelopeOf<'webhooks.test'>> {
    return this.#transport.call('webhooks.test', { path: { id }, body: {} }, options);
  }

  /** Gives an endpoint a new secret, which is in this response only. */
  rotateSecret(
    id: string,
    rotation: BodyOf<'webhooks.rotateSecret'> = {},
    options: WriteOptions & ConditionalOptions = {},
  ): Promise<EnvelopeOf<'webhooks.rotateSecret'>> {
    return this.#transport.call('webhooks.rotateSecret', { path: { id }, body: rotation }, options);
  }

  /** Sends the events since a time again. */
  recover(
    id: string,
    recovery: BodyOf<'webhooks.recover'>,
    options: WriteOptions = {},
  ): Promise<EnvelopeOf<'webhooks.recover'>> {
    return this.#transport.call('webhooks.recover', { path: { id }, body: recovery }, options);
  }

  /** Lists the deliveries to an endpoint. */
  deliveries(
    id: string,
    query: QueryOf<'webhooks.deliveries'> = {},
    options: CallOptions = {},
  ): Pages<EnvelopeOf<'webhooks.deliveries'>, Delivery> {
    return new Pages(
      (cursor) => {
        const next = cursor === undefined ? query : { ...query, cursor };
        return this.#transport.call('webhooks.deliveries', { path: { id }, query: next }, options);
      },
      ({ data }) => ({ items: data.deliveries, next: data.nextCursor }),
    );
  }

  /** Sends an event again. */
  resend(id: string, eventId: string, options: WriteOptions = {}): Promise<EnvelopeOf<'webhooks.resend'>> {
    return this.#transport.call('webhooks.resend', { path: { id, eventId }, body: {} }, options);
  }
}
