import { ConfigurationError, ConnectionError, HeroBrainError } from './errors.js';
import type { Pass } from './gate.js';
import { RateLimitGate } from './gate.js';
import type { AttemptLog } from './log.js';
import { attemptLog } from './log.js';
import type { ConditionalOptions, Credential, OutgoingRequest, Settings, WriteOptions } from './options.js';
import { attempts, milliseconds } from './options.js';
import type { CallInput, PreparedRequest } from './request.js';
import { prepare } from './request.js';
import type { Answer } from './response.js';
import { envelopeOf, readAnswer } from './response.js';
import { backoff, isRetryable } from './retry.js';
import type { ClientOperation } from './routes.js';
import { ROUTES } from './routes.js';
import type { EnvelopeOf } from './types.js';
import { wait, withDeadline } from './wait.js';

/** What every credential is made of. Any other character would be quoted in an error of the Fetch API. */
const CREDENTIAL = /^[\x21-\x7e]+$/;

/** Sends the calls of a client: with its credential, its time limits and its repetitions. */
export class Transport {
  // Private fields are shown neither by inspection nor by JSON.
  readonly #settings: Settings;
  readonly #gate = new RateLimitGate();

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  /** Makes a call that is answered by an envelope. */
  async call<O extends ClientOperation>(
    operation: O,
    input: CallInput = {},
    options: WriteOptions & ConditionalOptions = {},
  ): Promise<EnvelopeOf<O>> {
    return envelopeOf(await this.send(operation, input, options), ROUTES[operation].isPublic) as EnvelopeOf<O>;
  }

  /** Makes a call, repeats it if it fails, and returns the response. */
  async send(
    operation: ClientOperation,
    input: CallInput,
    options: WriteOptions & ConditionalOptions = {},
  ): Promise<Answer> {
    const { signal } = options;
    const timeout = milliseconds('timeout', options.timeout, this.#settings.timeout, 1);
    const retries = attempts(options.retryAttempts, this.#settings.retryAttempts);
    const request = prepare(operation, input, options, this.#settings);
    // The bucket of a tenant limits neither public documents nor the standing, which is limited by itself, once a second.
    const isUnlimited = request.isPublic || operation === 'usage.rateLimit';
    // Who does not repeat does not wait for others either.
    const gate = isUnlimited || retries === 0 ? undefined : this.#gate;
    const ticket = this.#gate.ticket();
    for (let attempt = 1; ; attempt++) {
      const pass = await gate?.enter(ticket, signal);
      const log = attemptLog(this.#settings.logger, request, attempt);
      try {
        return await withDeadline(timeout, signal, (attemptSignal) => this.#attempt(request, attempt, attemptSignal, log));
      } catch (error) {
        const delay = attempt <= retries ? this.#delayAfter(error, attempt) : undefined;
        log.failed(error, delay);
        const isRefused = error instanceof HeroBrainError && error.status === 429;
        if (isRefused && gate !== undefined) {
          closeGate(pass, error, this.#settings.maxRetryWait, delay);
          if (delay !== undefined) continue;
        }
        if (delay === undefined) throw error;
        pass?.done();
        await wait(delay, signal);
      } finally {
        pass?.done();
      }
    }
  }

  /** The milliseconds until the next attempt; undefined if there is none. */
  #delayAfter(error: unknown, attempt: number): number | undefined {
    if (!isRetryable(error)) return undefined;
    const requested = (error.retryAfter ?? 0) * 1000;
    if (requested > this.#settings.maxRetryWait) return undefined;
    return Math.max(requested, backoff(attempt, this.#settings.retryDelay));
  }

  async #attempt(request: PreparedRequest, attempt: number, signal: AbortSignal, log: AttemptLog): Promise<Answer> {
    const { fetch, requestInterceptors, responseInterceptors } = this.#settings;
    const headers = new Headers(request.headers);
    if (!request.isPublic) headers.set('Authorization', `Bearer ${await resolve(this.#settings.credential)}`);
    const { operation, method, body } = request;
    const outgoing: OutgoingRequest = { operation, method, attempt, url: new URL(request.url), headers, body };
    for (const intercept of requestInterceptors) await intercept(outgoing);
    // It may have been aborted meanwhile: nothing is sent after that.
    signal.throwIfAborted();
    log.sent();
    let response: Response;
    try {
      response = await fetch(outgoing.url.href, {
        method,
        headers: outgoing.headers,
        signal,
        redirect: 'manual',
        ...(outgoing.body === undefined ? {} : { body: outgoing.body }),
      });
    } catch (error) {
      throw new ConnectionError(error);
    }
    for (const intercept of responseInterceptors) response = (await intercept(response, outgoing)) ?? response;
    log.received(response);
    const answer = await readAnswer(response);
    log.succeeded();
    return answer;
  }
}

/** Holds back the calls of this client for as long as the server asks for; not if that is longer than any call waits. */
function closeGate(pass: Pass | undefined, error: HeroBrainError, maximum: number, delay: number | undefined): void {
  const requested = (error.retryAfter ?? 0) * 1000;
  if (requested <= maximum) pass?.refused(delay ?? requested);
}

async function resolve(credential: Credential): Promise<string> {
  const value = typeof credential === 'function' ? await credential() : credential;
  if (value === null || value === undefined || value === '') {
    throw new HeroBrainError('There is no credential: the function that was given for it returned none', {
      code: 'NO_CREDENTIAL',
    });
  }
  if (!CREDENTIAL.test(value)) {
    throw new ConfigurationError('The credential contains characters that no credential has, as a space or a line break');
  }
  return value;
}
