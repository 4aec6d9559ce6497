import { AbortError, TimeoutError } from './errors.js';

/** Throws if the signal is aborted. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new AbortError(signal.reason);
}

/** Waits for a number of milliseconds, or until the signal is aborted. */
export function wait(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  throwIfAborted(signal);
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer);
      reject(new AbortError(signal?.reason));
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, milliseconds);
    signal?.addEventListener('abort', stop, { once: true });
  });
}

/** Runs something that has to end within a time and when the signal is aborted, even if it ignores its own signal. */
export function withDeadline<T>(
  milliseconds: number,
  signal: AbortSignal | undefined,
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  throwIfAborted(signal);
  const controller = new AbortController();
  return new Promise<T>((resolve, reject) => {
    const release = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
    };
    const stop = (error: Error): void => {
      // What runs may never end.
      release();
      reject(error);
      controller.abort(error);
    };
    const timer = setTimeout(() => stop(new TimeoutError(milliseconds)), milliseconds);
    const abort = (): void => stop(new AbortError(signal?.reason));
    signal?.addEventListener('abort', abort, { once: true });
    run(controller.signal).then(resolve, reject).finally(release);
  });
}
