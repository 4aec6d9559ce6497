const config = {
  development: {
    apiKey: process.env['HEROBRAIN_DEV_API_KEY'],
    baseUrl: 'https://api.herobrain.ai',
  },
  production: {
    apiKey: process.env['HEROBRAIN_PROD_API_KEY'],
    baseUrl: 'https://api.herobrain.ai',
  },
};

// NODE_ENV has other values, too, as `test`.
export const currentConfig = process.env['NODE_ENV'] === 'production' ? config.production : config.development;
