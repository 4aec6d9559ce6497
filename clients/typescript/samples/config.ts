// A key that is not set is refused by the client: "Give apiKey, or token".
export const config = {
  herobrain: {
    apiKey: process.env['HEROBRAIN_API_KEY'],
    tenantId: process.env['HEROBRAIN_TENANT_ID'],
    baseUrl: 'https://api.herobrain.ai',
  },
};
