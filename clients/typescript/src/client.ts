import type { ClientOptions } from './options.js';
import { settings } from './options.js';
import { ApiKeys } from './resources/api-keys.js';
import { Events } from './resources/events.js';
import { Memories } from './resources/memories.js';
import { Namespaces } from './resources/namespaces.js';
import { Auth, Health, OpenApi, Usage } from './resources/service.js';
import { Webhooks } from './resources/webhooks.js';
import { Transport } from './transport.js';

/**
 * A client of the HeroBrain API.
 *
 * Each call resolves to the envelope of the response, whose content is `data`, or throws a HeroBrainError. Use one client for all
 * calls with a credential: after a 429 its calls wait for each other.
 */
export class HeroBrain {
  readonly memories: Memories;
  readonly namespaces: Namespaces;
  readonly apiKeys: ApiKeys;
  readonly webhooks: Webhooks;
  readonly events: Events;
  readonly usage: Usage;
  readonly auth: Auth;
  readonly health: Health;
  readonly openapi: OpenApi;

  constructor(options: ClientOptions) {
    const transport = new Transport(settings(options));
    this.memories = new Memories(transport);
    this.namespaces = new Namespaces(transport);
    this.apiKeys = new ApiKeys(transport);
    this.webhooks = new Webhooks(transport);
    this.events = new Events(transport);
    this.usage = new Usage(transport);
    this.auth = new Auth(transport);
    this.health = new Health(transport);
    this.openapi = new OpenApi(transport);
  }
}
