import type { Envelope } from './response.js';
import type { ClientOperation, OperationId } from './routes.js';
import type { components, operations } from './schema.js';

type Json<T> = T extends { content: { 'application/json': infer Body } } ? Body : never;
type Responses<O extends OperationId> = operations[O]['responses'];
type SuccessStatus<O extends OperationId> = Extract<keyof Responses<O>, 200 | 201>;
type Success<O extends OperationId> = Json<Responses<O>[SuccessStatus<O>]>;

/**
 * The whole memory of a response to a write. A caller without the scope `read:memories` gets `id`, `createdAt` and `updatedAt` of it only:
 * rare enough for the types to leave it out.
 */
type Whole<Data> = [Extract<Data, components['schemas']['Memory']>] extends [never]
  ? Data
  : Extract<Data, components['schemas']['Memory']>;

/** The `data` of the responses of an operation. */
export type DataOf<O extends OperationId> = Success<O> extends { data: infer Data } ? Whole<Data> : Success<O>;

/** The envelope of the responses of an operation. */
export type EnvelopeOf<O extends ClientOperation> = Envelope<DataOf<O>>;

/** The body of the requests of an operation. */
export type BodyOf<O extends OperationId> = Json<NonNullable<operations[O]['requestBody']>>;

/** Query parameters that are lists in a text may be given as lists. */
type Widened<Name, Value> = Name extends 'tags' | 'types' | 'scopes' | 'namespace' | 'namespacePrefix' | 'prefix'
  ? Value | string | readonly string[]
  : Value;

/** The query of the requests of an operation. The tenant is an option of the client. */
export type QueryOf<O extends OperationId> = {
  [Name in keyof Omit<NonNullable<operations[O]['parameters']['query']>, 'tenantId'>]:
    | Widened<Name, NonNullable<operations[O]['parameters']['query']>[Name]>
    | undefined;
};

/** A memory. */
export type Memory = DataOf<'memories.get'>;
/** The fields of a new memory. */
export type NewMemory = BodyOf<'memories.create'>;
/** The changes of a memory. */
export type MemoryPatch = BodyOf<'memories.update'>;
/** The conditions and the order of a list of memories. */
export type ListQuery = QueryOf<'memories.list'>;
/** A search. */
export type Search = BodyOf<'memories.search'>;
/** A memory that a search has found. */
export type SearchResult = DataOf<'memories.search'>['results'][number];
/** A query with a filter. */
export type MemoryQuery = BodyOf<'memories.query'>;
/** The name of a memory that the application has chosen, with what it is unique for. */
export type MemoryKey = QueryOf<'memories.getByKey'>;
/** The result of an import. */
export type ImportResult = DataOf<'memories.import'>;
/** What an import has done with a line. */
export type ImportedLine = ImportResult['results'][number];
/** An API key. */
export type ApiKey = DataOf<'apiKeys.get'>;
/** The fields of a new API key. */
export type NewApiKey = BodyOf<'apiKeys.create'>;
/** A webhook endpoint. */
export type Webhook = DataOf<'webhooks.get'>;
/** The fields of a new webhook endpoint. */
export type NewWebhook = BodyOf<'webhooks.create'>;
/** An attempt to deliver an event, or a delivery that waits for its first one. */
export type Delivery = DataOf<'webhooks.deliveries'>['deliveries'][number];
/** An event of the feed or of a webhook. */
export type Event = DataOf<'events.list'>['events'][number];
