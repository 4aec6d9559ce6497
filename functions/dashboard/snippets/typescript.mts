import { HeroBrain } from '@herobrain/sdk';

const hb = new HeroBrain({
  apiKey: process.env.HEROBRAIN_API_KEY,
  baseUrl: 'BASE_URL',
});

await hb.memories.create({ content: 'Prefers the window seat', type: 'semantic', userId: 'ada' });
const found = await hb.memories.search({ query: 'window seat', userId: 'ada' });
for (const result of found.data.results) console.log(result.relevance, result.content);
