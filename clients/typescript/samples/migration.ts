import { getToken } from '@clerk/nextjs';
import { HeroBrain } from '@herobrain/sdk';

// Before (API Key)
export function withApiKey() {
  return new HeroBrain({
    apiKey: process.env['HEROBRAIN_API_KEY'],
    tenantId: process.env['HEROBRAIN_TENANT_ID'],
  });
}

// After (Clerk JWT): one client for all components. It gets a fresh token for each request
export const hb = new HeroBrain({ token: () => getToken() });
