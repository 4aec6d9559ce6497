import { HeroBrainError } from '../errors.js';
import type { CallOptions, ConditionalOptions, WriteOptions } from '../options.js';
import type { Importable } from '../ndjson.js';
import { importParts, mergeImport, nextCursorOf, nothingImported } from '../ndjson.js';
import { Pages } from '../pages.js';
import type { EnvelopeMetadata, Envelope, ResponseInfo } from '../response.js';
import { emptyEnvelope, envelopeOf, linesOf, metadataOf, unmovedCursor, withInfo } from '../response.js';
import type { Transport } from '../transport.js';
import type {
  BodyOf,
  DataOf,
  EnvelopeOf,
  ImportResult,
  ListQuery,
  Memory,
  MemoryKey,
  MemoryPatch,
  MemoryQuery,
  NewMemory,
  QueryOf,
  Search,
  SearchResult,
} from '../types.js';

/** What becomes of a memory whose key another memory has. */
export interface ConflictOptions {
  onConflict?: QueryOf<'memories.create'>['onConflict'];
}

/** A page of an export. The server sends lines; this is their content in the form of the other pages. */
export interface ExportPage {
  readonly success: true;
  readonly data: { readonly memories: Memory[]; readonly nextCursor: string | null };
  readonly metadata: EnvelopeMetadata;
  readonly response: ResponseInfo;
}

/** The memories of the tenant. */
export class Memories {
  readonly #transport: Transport;

  /** @internal */
  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** Creates a memory. */
  create(memory: NewMemory, options: WriteOptions & ConflictOptions = {}): Promise<EnvelopeOf<'memories.create'>> {
    const { onConflict } = options;
    return this.#transport.call('memories.create', { body: memory, query: { onConflict } }, options);
  }

  /** Lists memories. */
  list(query: ListQuery = {}, options: CallOptions = {}): Pages<EnvelopeOf<'memories.list'>, Memory> {
    return new Pages(
      (cursor) => {
        // A cursor takes the place of the number of a page.
        const { page: _, ...conditions } = query;
        const next = cursor === undefined ? query : { ...conditions, cursor };
        return this.#transport.call('memories.list', { query: next }, options);
      },
      ({ data }) => ({ items: data.memories, next: data.pagination.nextCursor }),
    );
  }

  /** Finds memories by words and meaning. */
  search(search: Search, options: CallOptions = {}): Pages<EnvelopeOf<'memories.search'>, SearchResult> {
    return new Pages(
      (cursor) => this.#transport.call('memories.search', { body: continued(search, cursor) }, options),
      ({ data }) => ({ items: data.results, next: data.nextCursor }),
    );
  }

  /** Lists the memories that match a filter. */
  query(query: MemoryQuery = {}, options: CallOptions = {}): Pages<EnvelopeOf<'memories.query'>, Memory> {
    return new Pages(
      (cursor) => this.#transport.call('memories.query', { body: continued(query, cursor) }, options),
      ({ data }) => ({ items: data.memories, next: data.nextCursor }),
    );
  }

  /** Gets a memory. */
  get(id: string, options: CallOptions & ConditionalOptions = {}): Promise<EnvelopeOf<'memories.get'>> {
    return this.#transport.call('memories.get', { path: { id } }, options);
  }

  /** Changes the given fields of a memory. */
  update(
    id: string,
    patch: MemoryPatch,
    options: WriteOptions & ConditionalOptions = {},
  ): Promise<EnvelopeOf<'memories.update'>> {
    return this.#transport.call('memories.update', { path: { id }, body: patch }, options);
  }

  /** Replaces all fields of a memory: what is absent gets its default. */
  replace(
    id: string,
    memory: BodyOf<'memories.replace'>,
    options: WriteOptions & ConditionalOptions = {},
  ): Promise<EnvelopeOf<'memories.replace'>> {
    return this.#transport.call('memories.replace', { path: { id }, body: memory }, options);
  }

  /** Deletes a memory. If the response of a deletion is lost, its repetition may be RESOURCE_NOT_FOUND. */
  delete(id: string, options: CallOptions & ConditionalOptions = {}): Promise<EnvelopeOf<'memories.delete'>> {
    return this.#transport.call('memories.delete', { path: { id } }, options);
  }

  /** Gets the memory with a key. */
  getByKey(key: MemoryKey, options: CallOptions & ConditionalOptions = {}): Promise<EnvelopeOf<'memories.getByKey'>> {
    return this.#transport.call('memories.getByKey', { query: key }, options);
  }

  /** Creates the memory with a key, or replaces it. */
  putByKey(
    key: MemoryKey,
    memory: BodyOf<'memories.putByKey'>,
    options: WriteOptions & ConditionalOptions = {},
  ): Promise<EnvelopeOf<'memories.putByKey'>> {
    return this.#transport.call('memories.putByKey', { query: key, body: memory }, options);
  }

  /** Deletes the memory with a key. */
  deleteByKey(
    key: MemoryKey,
    options: CallOptions & ConditionalOptions = {},
  ): Promise<EnvelopeOf<'memories.deleteByKey'>> {
    return this.#transport.call('memories.deleteByKey', { query: key }, options);
  }

  /** Creates up to 100 memories. Each has a result of its own: look at `failed`. */
  createBulk(
    bulk: BodyOf<'memories.createBulk'>,
    options: WriteOptions & ConflictOptions = {},
  ): Promise<EnvelopeOf<'memories.createBulk'>> {
    const { onConflict } = options;
    return this.#transport.call('memories.createBulk', { body: bulk, query: { onConflict } }, options);
  }

  /** Changes up to 100 memories. Each item has a result of its own: look at `failed`. */
  updateBulk(
    bulk: BodyOf<'memories.updateBulk'>,
    options: WriteOptions = {},
  ): Promise<EnvelopeOf<'memories.updateBulk'>> {
    return this.#transport.call('memories.updateBulk', { body: bulk }, options);
  }

  /**
   * Deletes up to 100 memories by `ids`, or begins to delete all that match a `filter`. With a filter it has to be repeated with
   * `nextCursor` as `cursor` until that is null, which `deleteAll` does.
   */
  deleteBulk(
    bulk: BodyOf<'memories.deleteBulk'>,
    options: WriteOptions = {},
  ): Promise<EnvelopeOf<'memories.deleteBulk'>> {
    return this.#transport.call('memories.deleteBulk', { body: bulk }, options);
  }

  /** Deletes all memories that match a filter, and returns their number. */
  async deleteAll(
    bulk: BodyOf<'memories.deleteBulk'>,
    options: CallOptions = {},
  ): Promise<EnvelopeOf<'memories.deleteBulk'>> {
    let deleted = 0;
    let cursor: string | undefined;
    for (;;) {
      const envelope = await this.deleteBulk(continued(bulk, cursor), options);
      deleted += envelope.data.deleted;
      const next = envelope.data.nextCursor ?? undefined;
      if (next === undefined) return withInfo({ ...envelope, data: { ...envelope.data, deleted } }, envelope.response);
      if (next === cursor) throw unmovedCursor(envelope.response);
      cursor = next;
    }
  }

  /** Gets up to 100 memories by their ids, in their order; null for an id that does not exist. */
  batchGet(
    batch: BodyOf<'memories.batchGet'>,
    options: CallOptions = {},
  ): Pages<EnvelopeOf<'memories.batchGet'>, DataOf<'memories.batchGet'>['memories'][number]> {
    return new Pages(
      (cursor) => this.#transport.call('memories.batchGet', { body: continued(batch, cursor) }, options),
      ({ data }) => ({ items: data.memories, next: data.nextCursor }),
    );
  }

  /** Reads all memories, the oldest first. */
  export(query: QueryOf<'memories.export'> = {}, options: CallOptions = {}): Pages<ExportPage, Memory> {
    return new Pages(
      async (cursor) => {
        const answer = await this.#transport.send('memories.export', { query: continued(query, cursor) }, options);
        const { info } = answer;
        const data = { memories: linesOf(answer) as unknown as Memory[], nextCursor: nextCursorOf(info.headers.get('Link')) };
        return withInfo({ success: true as const, data, metadata: metadataOf(info.headers) }, info);
      },
      ({ data }) => ({ items: data.memories, next: data.nextCursor }),
    );
  }

  /**
   * Imports memories, lines of NDJSON, or a text of NDJSON, in as many requests as it takes. The result counts all of them, and its
   * lines are numbered from 1 in the whole input. Without lines nothing is requested. If a request fails, those before it have taken
   * effect, with their results in `imported` of the error; an import that is repeated with the `idempotencyKey` of the first one
   * continues it.
   */
  async import(
    input: Importable,
    options: WriteOptions & ConflictOptions = {},
  ): Promise<Envelope<ImportResult>> {
    const { onConflict, idempotencyKey } = options;
    let [result, last] = [nothingImported(), emptyEnvelope()];
    try {
      for await (const { text, offset } of importParts(input)) {
        const key = idempotencyKey === undefined || offset === 0 ? idempotencyKey : `${idempotencyKey}-${offset}`;
        const call = { lines: text, query: { onConflict } };
        last = envelopeOf(await this.#transport.send('memories.import', call, { ...options, idempotencyKey: key }));
        result = mergeImport(result, last.data as ImportResult, offset);
      }
    } catch (error) {
      if (error instanceof HeroBrainError) error.imported = result;
      throw error;
    }
    return withInfo({ ...last, data: result }, last.response);
  }
}

/** The same request for the page that begins at a cursor. */
function continued<T extends object>(request: T, cursor: string | undefined): T {
  return cursor === undefined ? request : { ...request, cursor };
}
