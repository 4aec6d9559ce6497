import { meetsFilter } from './filter.js';
import { newId } from './ids.js';
import type { ItemResult } from './item-results.js';
import { attempt, count, summary } from './item-results.js';
import type { Fields, Item } from './matching.js';
import { applyPatch, identity, isObject, isSelected, relevanceOf, sorted } from './matching.js';
import { invalid, MockError, notFound } from './mock-error.js';
import { isVersion, limitOf, pageOf, parseLine, required } from './requests.js';
import type { Handlers, MockCall } from './server.js';
import { MockReply } from './server.js';

/** The memories of a mock. */
export class MemoryStore {
  readonly #memories = new Map<string, Item>();
  readonly #versions = new Map<string, number>();

  readonly handlers: Handlers = {
    'memories.create': (call) => this.#createOne(call),
    'memories.get': (call) => this.#read(call, this.#find(call.path['id'])),
    'memories.update': (call) => this.#versioned(this.#update(call.path['id'], call.body as object, call)),
    'memories.replace': (call) => this.#replace(this.#checked(call, this.#find(call.path['id'])), call.body as Fields),
    'memories.delete': (call) => this.#delete(this.#checked(call, this.#find(call.path['id']))),
    'memories.getByKey': (call) => this.#read(call, this.#findKey(call.query)),
    'memories.putByKey': (call) => this.#putByKey(call),
    'memories.deleteByKey': (call) => this.#delete(this.#checked(call, this.#findKey(call.query))),
    'memories.list': ({ query }) => this.#list(query),
    'memories.query': ({ body }) => this.#query(body as Fields),
    'memories.search': ({ body }) => this.#search(body as Fields),
    'memories.createBulk': (call) => this.#createBulk(call),
    'memories.updateBulk': (call) => this.#updateBulk(call),
    'memories.deleteBulk': ({ body }) => this.#deleteBulk(body as Fields),
    'memories.batchGet': ({ body }) => ({ memories: this.#batch(body as Fields), nextCursor: null }),
    'memories.export': ({ query }) => this.#export(query),
    'memories.import': (call) => this.#import(call),
    'namespaces.list': () => ({ namespaces: this.#namespaces(), nextCursor: null }),
  };

  #find(id: unknown): Item {
    const memory = this.#memories.get(String(id));
    if (memory === undefined) throw notFound();
    return memory;
  }

  #findKey(query: Fields): Item {
    const memory = this.#withKey(query);
    if (memory === undefined) throw notFound();
    return memory;
  }

  #withKey(fields: Fields): Item | undefined {
    if (fields['key'] == null) return undefined;
    return [...this.#memories.values()].find((other) => other['key'] !== undefined && identity(other) === identity(fields));
  }

  #etag(memory: Item | undefined): string | undefined {
    return memory && `"${this.#versions.get(memory.id)}"`;
  }

  #versioned(memory: Item, status = 200): MockReply {
    return new MockReply(memory, { status, headers: { ETag: String(this.#etag(memory)) } });
  }

  #read(call: MockCall, memory: Item): MockReply {
    const known = call.headers.get('If-None-Match');
    return known !== null && isVersion(known, this.#etag(memory)) ? new MockReply('', { status: 304 }) : this.#versioned(memory);
  }

  /** The memory to change, if the conditions of the call are met. */
  #checked<T extends Item | undefined>({ headers }: MockCall, memory: T): T {
    const [wanted, unwanted] = [headers.get('If-Match'), headers.get('If-None-Match')];
    const etag = this.#etag(memory);
    if ((wanted === null || isVersion(wanted, etag)) && (unwanted === null || !isVersion(unwanted, etag))) return memory;
    throw new MockError({ status: 412, code: 'PRECONDITION_FAILED', message: 'The memory has changed' });
  }

  #store(fields: Fields, previous?: Item): Item {
    if (!fields['content']) throw invalid('content');
    if (!fields['type']) throw invalid('type');
    const now = new Date().toISOString();
    const { ttlSeconds, ...given } = fields;
    const memory: Item = {
      importance: 0.5,
      tags: [],
      metadata: {},
      ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== null)),
      ...(ttlSeconds ? { expiresAt: new Date(Date.now() + Number(ttlSeconds) * 1000).toISOString() } : {}),
      id: previous?.id ?? (given['id'] as string | undefined) ?? newId('mem', 22),
      createdAt: previous?.['createdAt'] ?? given['createdAt'] ?? now,
      updatedAt: now,
    };
    delete memory['tenantId'];
    this.#memories.set(memory.id, memory);
    this.#versions.set(memory.id, (this.#versions.get(memory.id) ?? 0) + 1);
    return memory;
  }

  /** Creates a memory, unless another one has its key: then `onConflict` decides. */
  #create(fields: Fields, onConflict: string): { memory: Item; outcome: 'created' | 'exists' | 'replaced' } {
    const other = this.#memories.get(String(fields['id'])) ?? this.#withKey(fields);
    if (other === undefined) return { memory: this.#store(fields), outcome: 'created' };
    if (onConflict === 'keep') return { memory: other, outcome: 'exists' };
    if (onConflict === 'replace') return { memory: this.#store(fields, other), outcome: 'replaced' };
    throw new MockError({ status: 409, code: 'DUPLICATE_RESOURCE', message: 'Another memory has this key' });
  }

  #createOne({ body, query }: MockCall): MockReply {
    const { memory, outcome } = this.#create(body as Fields, query['onConflict'] ?? 'fail');
    return this.#versioned(memory, outcome === 'created' ? 201 : 200);
  }

  #update(id: unknown, patch: object, call?: MockCall): Item {
    const memory = this.#find(id);
    if (call !== undefined) this.#checked(call, memory);
    return this.#store(applyPatch(memory, patch as Fields), memory);
  }

  #replace(memory: Item, fields: Fields): MockReply {
    return this.#versioned(this.#store(fields, memory));
  }

  #putByKey(call: MockCall): MockReply {
    const { query, body } = call;
    this.#checked(call, this.#withKey(query));
    const { tenantId: _, namespace, ...owner } = query;
    const segments = namespace === undefined ? {} : { namespace: namespace.split('/') };
    const { memory, outcome } = this.#create({ ...(body as Fields), ...owner, ...segments }, 'replace');
    return this.#versioned(memory, outcome === 'created' ? 201 : 200);
  }

  #delete(memory: Item): object {
    this.#memories.delete(memory.id);
    return { deleted: true, id: memory.id };
  }

  #select({ filter, ...conditions }: Fields): Item[] {
    const memories = [...this.#memories.values()].filter((memory) => isSelected(memory, conditions));
    return sorted(filter === undefined ? memories : memories.filter((memory) => meetsFilter(memory, filter)), conditions);
  }

  #query(body: Fields): object {
    const { items: memories, nextCursor } = pageOf(this.#select(body), body, 50);
    return { memories, nextCursor };
  }

  #list(query: Fields): object {
    const [limit, page] = [limitOf(query, 50), Number(query['page'] ?? 1)];
    const start = query['cursor'] === undefined ? (page - 1) * limit : Number(query['cursor']);
    const all = this.#select(query);
    const next = start + limit < all.length ? String(start + limit) : null;
    const pagination = {
      page: Math.floor(start / limit) + 1,
      limit,
      total: all.length,
      pages: Math.ceil(all.length / limit),
      hasNext: next !== null,
      hasPrevious: start > 0,
      nextCursor: next,
    };
    return { memories: all.slice(start, start + limit), pagination };
  }

  #search(body: Fields): object {
    const found = this.#select(body)
      .map((memory) => ({ ...memory, relevance: relevanceOf(memory, String(body['query'] ?? '')) }))
      .filter((result) => result.relevance === null || result.relevance > Number(body['minRelevance'] ?? 0))
      .sort((a, b) => (b.relevance ?? 0) - (a.relevance ?? 0));
    const { items: results, nextCursor } = pageOf(found, body, 20);
    return { results, query: body['query'] ?? '', latency: 0, nextCursor };
  }

  #createBulk({ body, query }: MockCall): object {
    const memories = required(body, 'memories') as Fields[];
    const results = memories.map((fields, index) => this.#item({ index }, () => fields, query['onConflict'] ?? 'fail'));
    return { created: count(results, 'created'), ...summary(results) };
  }

  #import({ body, query }: MockCall): object {
    const results = String(body ?? '')
      .split('\n')
      .map((text, index) => ({ text, line: index + 1 }))
      .filter(({ text }) => text.trim() !== '')
      .map(({ text, line }) => this.#item({ line }, () => parseLine(text), query['onConflict'] ?? 'keep'));
    return { imported: count(results, 'created'), ...summary(results) };
  }

  #item(place: object, fields: () => Fields, onConflict: string): ItemResult {
    return attempt(place, () => {
      const { memory, outcome } = this.#create(fields(), onConflict);
      return { outcome, view: { id: memory.id, ...(outcome === 'created' ? {} : { [outcome]: true }) } };
    });
  }

  #updateBulk({ body }: MockCall): object {
    const items = required(body, 'items') as { id: string; patch: object }[];
    const results = items.map(({ id, patch }, index) =>
      attempt({ index }, () => {
        const { createdAt, updatedAt } = this.#update(id, patch);
        return { outcome: 'updated', view: { id, createdAt, updatedAt } };
      }),
    );
    return { updated: count(results, 'updated'), failed: count(results, 'failed'), results: results.map(({ view }) => view) };
  }

  #deleteBulk(body: Fields): object {
    const chosen = Array.isArray(body['ids']) ? body['ids'].map(String) : this.#matching(required(body, 'filter') as Fields);
    return { deleted: chosen.filter((id) => this.#memories.delete(id)).length, nextCursor: null };
  }

  /** The ids of what a deletion means: its filter has operators, or simple conditions. */
  #matching(filter: Fields): string[] {
    const hasOperators = Object.entries(filter).some(([name, value]) => ['and', 'or'].includes(name) || isObject(value));
    return this.#select(hasOperators ? { filter } : filter).map(({ id }) => id);
  }

  #batch(body: Fields): (Item | null)[] {
    return (required(body, 'ids') as string[]).map((id) => this.#memories.get(id) ?? null);
  }

  #export(query: Fields): MockReply {
    const lines = this.#select({ ...query, order: 'asc' }).map((memory) => `${JSON.stringify(memory)}\n`);
    return new MockReply(lines.join(''), { status: 200, headers: { 'Content-Type': 'application/x-ndjson' } });
  }

  #namespaces(): unknown[] {
    const texts = [...this.#memories.values()].flatMap(({ namespace }) => (namespace ? [JSON.stringify(namespace)] : []));
    return [...new Set(texts)].sort().map((text) => JSON.parse(text) as unknown);
  }
}
