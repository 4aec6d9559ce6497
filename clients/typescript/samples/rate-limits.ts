import type { NewMemory } from '@herobrain/sdk';
import { HeroBrain, HeroBrainError } from '@herobrain/sdk';

// The client waits as long as Retry-After says, and repeats the call under the same Idempotency-Key, up to three times.
export async function makeApiCall(hb: HeroBrain, memoryData: NewMemory) {
  try {
    return await hb.memories.create(memoryData);
  } catch (error) {
    if (error instanceof HeroBrainError && error.status === 429) {
      console.log(`Rate limited. Retry after ${error.retryAfter} seconds`);
    }
    throw error;
  }
}

export async function showLimits(hb: HeroBrain) {
  const { burst, month } = (await hb.usage.rateLimit()).data;
  console.log(`${burst.remaining} requests at once; ${month.remaining} until ${month.resetsAt}`);
}
