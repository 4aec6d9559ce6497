import { HeroBrain } from '@herobrain/sdk';

// The keys have the names that they have everywhere.
const configs = {
  development: {
    apiKey: process.env['HEROBRAIN_DEV_API_KEY'],
    baseUrl: 'https://api.herobrain.ai',
  },
  production: {
    apiKey: process.env['HEROBRAIN_PROD_API_KEY'],
    baseUrl: 'https://api.herobrain.ai',
  },
};

export const config = process.env['NODE_ENV'] === 'production' ? configs.production : configs.development;

export const hb = new HeroBrain(config);
