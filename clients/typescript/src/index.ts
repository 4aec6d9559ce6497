export { HeroBrain } from './client.js';
export {
  AbortError,
  ConfigurationError,
  ConnectionError,
  HeroBrainError,
  TimeoutError,
  WebhookVerificationError,
} from './errors.js';
export type { ErrorDetail } from './errors.js';
export type { EventFeed, FollowOptions } from './follow.js';
export type { Importable } from './ndjson.js';
export type {
  CallOptions,
  ClientOptions,
  ConditionalOptions,
  Credential,
  CredentialResult,
  Fetch,
  FetchInit,
  LogFields,
  Logger,
  OutgoingRequest,
  RequestInterceptor,
  ResponseInterceptor,
  WriteOptions,
} from './options.js';
export type { Pages } from './pages.js';
export type { ConflictOptions, ExportPage } from './resources/memories.js';
export type { Envelope, EnvelopeMetadata, ResponseInfo } from './response.js';
export type { ClientOperation } from './routes.js';
export type {
  ApiKey,
  BodyOf,
  DataOf,
  Delivery,
  EnvelopeOf,
  Event,
  ImportedLine,
  ImportResult,
  ListQuery,
  Memory,
  MemoryKey,
  MemoryPatch,
  MemoryQuery,
  NewApiKey,
  NewMemory,
  NewWebhook,
  QueryOf,
  Search,
  SearchResult,
  Webhook,
} from './types.js';
export { verifyWebhook } from './verify.js';
export type { HeadersLike, VerifyOptions } from './verify.js';
export { VERSION } from './version.js';
