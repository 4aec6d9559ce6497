import { AbortError } from './errors.js';
import { throwIfAborted } from './wait.js';

/** Permission for one attempt. Its holder reports how the attempt ended, in every case. */
export interface Pass {
  /** The attempt was refused by the rate limit: no other one is let through for this time. */
  refused(milliseconds: number): void;
  /** The attempt ended in any other way. */
  done(): void;
}

interface Waiting {
  readonly ticket: number;
  readonly admit: (pass: Pass) => void;
}

/** How many attempts in a row have to pass the rate limit before one more is let through at the same time. */
const ATTEMPTS_PER_LANE = 8;

/**
 * Lets the calls of a client through one by one after the server has refused one of them by the rate limit.
 *
 * Without it, calls that wait for the same token of the server's bucket would use up their attempts against each other.
 * Waiting here uses no attempt. Calls are let through in the order in which they began: one as soon as the server's time has
 * passed, and the next at once if that one was not refused. While none is refused, more and more are let through at the same time:
 * a busy client would otherwise never reach the end of its queue.
 */
export class RateLimitGate {
  #tickets = 0;
  #isLimited = false;
  #opensAt = 0;
  /** The attempts that were let through and have not ended. */
  #running = 0;
  /** The attempts that have ended since the last one that was refused. */
  #passed = 0;
  #waiting: Waiting[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** The place of a call in the queue, which it keeps for all its attempts. */
  ticket(): number {
    return this.#tickets++;
  }

  /** Waits until the call may make an attempt. */
  async enter(ticket: number, signal: AbortSignal | undefined): Promise<Pass> {
    throwIfAborted(signal);
    if (this.#isLimited && this.#running === 0 && this.#waiting.length === 0 && performance.now() >= this.#opensAt) {
      this.#isLimited = false;
    }
    if (!this.#isLimited) return this.#pass(false);
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.#waiting = this.#waiting.filter((other) => other !== waiting);
        // Nothing has to wake up for an empty queue.
        this.#admitNext();
        reject(new AbortError(signal?.reason));
      };
      const admit = (pass: Pass): void => {
        signal?.removeEventListener('abort', leave);
        resolve(pass);
      };
      const waiting = { ticket, admit };
      signal?.addEventListener('abort', leave, { once: true });
      const later = this.#waiting.findIndex((other) => other.ticket > ticket);
      this.#waiting.splice(later < 0 ? this.#waiting.length : later, 0, waiting);
      this.#admitNext();
    });
  }

  #pass(isTrial: boolean): Pass {
    const end = (): void => {
      // The holder may report twice; only the first report counts.
      if (isTrial) this.#running -= 1;
      isTrial = false;
      this.#admitNext();
    };
    return {
      refused: (milliseconds) => {
        this.#isLimited = true;
        this.#passed = 0;
        this.#opensAt = Math.max(this.#opensAt, performance.now() + milliseconds);
        end();
      },
      done: () => {
        if (isTrial) this.#passed += 1;
        end();
      },
    };
  }

  #admitNext(): void {
    clearTimeout(this.#timer);
    if (!this.#isLimited || this.#waiting.length === 0) return;
    const delay = this.#opensAt - performance.now();
    if (delay > 0) {
      this.#timer = setTimeout(() => this.#admitNext(), Math.ceil(delay));
      return;
    }
    const lanes = 1 + Math.floor(this.#passed / ATTEMPTS_PER_LANE);
    while (this.#running < lanes && this.#waiting.length > 0) {
      this.#running += 1;
      this.#waiting.shift()?.admit(this.#pass(true));
    }
  }
}
